import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const FIXTURE = path.join(__dirname, 'fixtures', 'runner.ts');

/** Runs the fixture's runner for real, as `npm test -- ARGS` does. */
async function run(args: string[], onOutput: (text: string, kill: () => void) => void = () => undefined) {
  const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, ...args], {
    cwd: ROOT,
    env: { ...process.env, CI: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      onOutput(output, () => child.kill('SIGINT'));
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const logs = /^logs: (.*)$/m.exec(output)?.[1];
  if (logs !== undefined) folders.push(path.join(ROOT, logs));
  const lines = output.trimEnd().split('\n');
  return { code, output, last: lines.at(-1), logs: path.join(ROOT, logs ?? '') };
}
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

jest.setTimeout(30_000);

test('all good: exit code 0, the last line counts every single test', async () => {
  const { code, last, output } = await run(['--only', 'good,many']);
  expect(last).toBe('6 passed, 0 failed, 1 skipped');
  expect(code).toBe(0);
  expect(output).toContain('skipped: many: one of six\n  because: needs a moon');
});

test('what passed only in a second run is named under its part and in the summary', async () => {
  const { code, last, output } = await run(['--only', 'unsteady']);
  expect(last).toBe('1 passed, 0 failed, 0 skipped');
  expect(code).toBe(0);
  const line = /^( *)passed only alone: a\.test\.ts › is fast \(first run: Error: slow\)$/gm;
  expect([...output.matchAll(line)].map(([, indent]) => indent)).toEqual(['    ', '']);
});

test('a failing part: exit code 1, its output is shown, the parts after it still run', async () => {
  const { code, last, output, logs } = await run(['--only', 'bad,throws,many']);
  expect(code).toBe(1);
  expect(last).toBe('5 passed, 2 failed, 1 skipped');
  expect(output).toContain('    the reason');
  expect(output).toContain('    it fell over');
  expect(output).toMatch(/^failed: bad \(.*bad\/output\.log\)$/m);
  expect(readFileSync(path.join(logs, 'bad', 'output.log'), 'utf8')).toContain('the reason\n');
});

test('a part that ran no test, and a program that does not exist, are failures', async () => {
  const { code, last, output } = await run(['--only', 'empty,absent']);
  expect(code).toBe(1);
  expect(last).toBe('0 passed, 2 failed, 0 skipped');
  expect(output).toContain('it ran no test at all');
});

test('what cannot run is skipped by name with the reason, and skips alone are no success', async () => {
  const { code, last, output } = await run(['--only', 'elsewhere,toolless', '--no-install']);
  expect(code).toBe(1);
  expect(last).toBe('0 passed, 0 failed, 2 skipped');
  expect(output).toContain('skipped: elsewhere\n  because: needs another planet');
  expect(output).toMatch(/skipped: toolless\n {2}because: no-such-tool missing: .*apt-get install .*no-such-package/);
});

test('a part over its time is ended with all its processes', async () => {
  const { code, last, output } = await run(['--only', 'slow']);
  expect(code).toBe(1);
  expect(last).toBe('0 passed, 1 failed, 0 skipped');
  expect(output).toContain('ended after its limit of 0.02 minutes');
  const pid = /sleeping in (\d+)/.exec(output)?.[1];
  expect(pid).toBeDefined();
  // A zombie that waits for its new parent has ended too.
  const status = `/proc/${pid}/status`;
  expect(existsSync(status) && !/State:\s+Z/.test(readFileSync(status, 'utf8'))).toBe(false);
});

test('Ctrl-C ends what runs, starts nothing more, and still gives the closing line', async () => {
  let killed = false;
  const { code, last, output } = await run(['--only', 'waits,many', '--skip', 'empty'], (text, kill) => {
    if (!killed && text.includes('now waiting')) {
      killed = true;
      kill();
    }
  });
  expect(code).toBe(1);
  expect(output).toContain('ended by SIGINT');
  // `many` comes before `waits` in the list, and had ended by then.
  expect(last).toBe('5 passed, 1 failed, 1 skipped');
});

test('--list names parts and groups; an unknown name is refused with those there are', async () => {
  const list = await run(['--list']);
  expect(list.code).toBe(0);
  expect(list.output).toMatch(/^good +the part good \[quick\]$/m);
  const wrong = await run(['--only', 'nonsense']);
  expect(wrong.code).toBe(2);
  expect(wrong.output).toMatch(/must name parts \(good, quick, many.*got: nonsense/);
});
