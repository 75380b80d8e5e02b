import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Plan } from '../../lib/plan/plan';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

/** The real command on the shipped app, without anything of AWS in the environment. */
async function plan(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  try {
    const done = await run(process.execPath, ['--import', 'tsx', 'bin/portway.ts', 'plan', ...args], {
      cwd: ROOT,
      env,
    });
    return { code: 0, ...done };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('shows forwards, security group and rules of the shipped stack', async () => {
  const { stdout, stderr, code } = await plan('-c', 'adminCidr=203.0.113.7/32', '-c', 'engine=iptables');
  expect({ stderr, code }).toEqual({ stderr: expect.not.stringMatching(/error/i), code: 0 });
  expect(stdout).toMatch(/^web +tcp 80 +8080 on the gateway +iptables +everyone$/m);
  expect(stdout).toMatch(/^in +tcp +22 +203\.0\.113\.7\/32 +SSH of the admin$/m);
  expect(stdout).toContain(
    '-A PORTWAY-DNAT -p tcp --dport 80 -m comment --comment "portway:web" -j REDIRECT --to-ports 8080',
  );
  expect(stdout).toMatch(/^User-data: \d+ of 16384 bytes, 900 of them/m);
}, 60_000);

test('--json is the plan by stack', async () => {
  const { stdout } = await plan('--json', '-c', 'adminCidr=203.0.113.7/32');
  const { Portway } = JSON.parse(stdout) as Record<string, Plan>;
  expect(Portway?.forwards.map((f) => [f.name, f.kind, f.listen, f.to, f.engine])).toEqual([
    ['web', 'http', '80', ['8080'], 'nginx'],
    ['secure', 'https', '443', ['8080'], 'nginx'],
  ]);
  expect(Portway?.files.map((f) => f.path)).toEqual(['/etc/nginx/nginx.conf']);
  expect(Portway?.userData).toMatchObject({ limit: 16_384, reserve: 900, compressed: false });
}, 60_000);

test('without adminCidr: one line that shows the flag', async () => {
  const { stderr, stdout, code } = await plan();
  expect({ stderr, stdout, code }).toEqual({
    stderr: 'adminCidr is required: the address that may reach port 22, such as -c adminCidr=203.0.113.7/32\n',
    stdout: '',
    code: 1,
  });
}, 60_000);

test('a stack that is not there is named, with those that are', async () => {
  const { stderr } = await plan('Other', '-c', 'adminCidr=203.0.113.7/32');
  expect(stderr).toBe('stack must be a PortwayStack of the app (Portway), got: Other\n');
}, 60_000);

test('several problems come at once, without a stack trace', async () => {
  const { stderr, code } = await plan('-c', 'adminCidr=0.0.0.0/0', '-c', 'os=windows', '-c', 'diskGiB=2');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^3 problems:\n( {2}- .+\n){3}$/);
}, 60_000);
