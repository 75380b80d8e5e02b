import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { pictures } from '../../scripts/pictures/pictures';
import { parts } from '../run/parts';
import { withoutAws } from '../run/parts/cdk';
import { codeBlocks, ROOT, readPage } from './pages';

// Each command synthesizes an app, which takes seconds on a busy machine.
jest.setTimeout(120_000);

const README = readPage('README.md');

/** README's commands, of its blocks and of its table of claims, without remarks. */
const commands = [
  ...codeBlocks('README.md').flatMap(({ language, text }) => (language === '' ? text.split('\n') : [])),
  ...[...README.matchAll(/^\| .* \| `([^`]+)` +\|$/gm)].map((match) => match[1] ?? ''),
].map((line) => line.replace(/ +#.*/, ''));

/** Runs the real command line, with the words behind `npx portway`. */
function portway(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, ...withoutAws(process.env, ROOT) };
  return new Promise((resolve) => {
    execFile(process.execPath, ['bin/portway.js', ...args], { cwd: ROOT, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('has at most 1,200 words', () => {
  expect(README.split(/\s+/).length).toBeLessThanOrEqual(1200);
});

test('shows the example that is in examples/first', () => {
  const [example] = codeBlocks('README.md').filter(({ language }) => language === 'ts');
  expect(example?.text.trimEnd()).toBe(readFileSync(join(ROOT, 'examples', 'first', 'app.ts'), 'utf8').trimEnd());
});

test('its pictures are what the commands print (npm run docs draws them)', async () => {
  const drawn = await pictures();
  const found = Object.fromEntries(
    Object.keys(drawn).map((file) => [file, readFileSync(join(ROOT, 'docs', 'pictures', file), 'utf8')]),
  );
  expect(found).toEqual(drawn);
  const shown = [...README.matchAll(/(?:srcset|src)="docs\/pictures\/([^"]+)"/g)].map((match) => match[1]);
  expect(shown.toSorted()).toEqual(Object.keys(drawn).toSorted());
});

test('each portway plan that needs no AWS prints a plan', async () => {
  const plans = new Set(commands.filter((line) => /^npx portway plan/.test(line) && !line.includes('deployed')));
  expect(plans.size).toBeGreaterThan(0);
  for (const line of plans) {
    const { code, stdout, stderr } = await portway(...line.split(' ').slice(2));
    expect([line, code, stderr]).toEqual([line, 0, '']);
    expect(stdout).toMatch(/^Stack Portway\n[\s\S]*^web +http 80 +8080 on the gateway/m);
  }
});

test('names cases of the rehearsal, parts of npm test, scripts and commands that exist', async () => {
  const cases = commands.flatMap((line) => / --case (.*)/.exec(line)?.[1]?.split(' ') ?? []);
  expect(cases.length).toBeGreaterThan(2);
  const folders = readdirSync(join(ROOT, 'rehearsal', 'cases'));
  expect(folders).toEqual(expect.arrayContaining(cases));
  const wanted = commands.flatMap((line) => /npm test -- --only (\S+)/.exec(line)?.[1]?.split(',') ?? []);
  expect(wanted.length).toBeGreaterThan(0);
  expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted));
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const run = commands.flatMap((line) => /npm (?:run (\S+)|(start|test))/.exec(line)?.slice(1).filter(Boolean) ?? []);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
  const { stdout } = await portway('--help');
  const named = commands.flatMap((line) => /npx portway (\w+)/.exec(line)?.[1] ?? []);
  for (const name of new Set(named)) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
});

test('names files of host tests that exist, and commands of the host', () => {
  const wanted = commands.flatMap((line) => /jest .*--testPathPatterns (.*)/.exec(line)?.[1]?.split(' ') ?? []);
  expect(wanted).toContain('host/top');
  for (const name of wanted)
    if (name.startsWith('host/')) expect(existsSync(join(ROOT, 'test', `${name}.test.ts`))).toBe(true);
  const named = commands.flatMap((line) => /^sudo portway (\w+)/.exec(line)?.[1] ?? []);
  expect(named).toEqual(['status', 'top', 'explain']);
  const programs = join(ROOT, 'assets', 'usr', 'local', 'lib', 'portway', 'portway');
  for (const name of named) expect(readFileSync(join(programs, `${name}.py`), 'utf8')).toMatch(/^def main\(/m);
});

test('its new app is made as it says', async () => {
  const [words = ''] = [...README.matchAll(/`npx portway (init [^`]+)`/g)].map((match) => match[1]);
  const [, folder = ''] = words.split(' ');
  const place = mkdtempSync(join(tmpdir(), 'portway-readme-'));
  const { code, stderr } = await portway('init', join(place, folder), '--admin-cidr', '203.0.113.7/32');
  expect([code, stderr]).toEqual([0, '']);
  expect(readdirSync(join(place, folder))).toContain('app.ts');
  rmSync(place, { recursive: true });
});

test('quotes the message for a misspelt prop', () => {
  const game = { listen: 27015, to: '10.0.0.20:27015', allowfrom: ['198.51.100.0/24'] };
  const props = { adminCidr: '203.0.113.7/32', forwards: { game: Forward.udp(game as never) } };
  let message = '';
  try {
    checkStack(props);
  } catch (error) {
    message = (error as Error).message;
  }
  const quoted =
    codeBlocks('README.md')
      .find(({ text }) => text.includes('did you mean'))
      ?.text.trim() ?? 'none';
  expect(message).toContain(quoted);
});
