import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaErrors } from '../support/json-schema';

const ROOT = join(__dirname, '..', '..');
const BIN = [join(ROOT, 'bin', 'portway.js')];

jest.setTimeout(60_000);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function portway(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...BIN, ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test.each(['--version', '-V'])('%s prints the version of package.json', async (flag) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(await portway(flag)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test.each([[['help']], [['--help']], [['-h']]])('%s lists the commands', async (args) => {
  const { code, stdout, stderr } = await portway(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of [
    'plan',
    'preflight',
    'verify',
    'logs',
    'hosts',
    'rehearse',
    'import',
    'init',
    'completion',
    'help',
  ])
    expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
});

test('help of a command is that of its --help', async () => {
  const { stdout } = await portway('help', 'verify');
  expect(stdout).toMatch(/^Usage: portway verify /);
  expect((await portway('verify', '--help')).stdout).toBe(stdout);
});

/** Wrong usage, and the one line that says so. */
const WRONG: readonly (readonly [args: readonly string[], line: string])[] = [
  [['pln'], "error: unknown command 'pln' (Did you mean plan?)"],
  [['plan', '--jsn'], "error: unknown option '--jsn' (Did you mean --json?)"],
  [
    ['plan', '-c', 'adminCidr'],
    "error: option '-c, --context <key=value>' argument 'adminCidr' is invalid. must be key=value",
  ],
  [['plan', 'A', 'B'], "error: too many arguments for 'plan'. Expected 1 argument but got 2."],
  [
    ['rehearse', '--engine', 'haproxy'],
    "error: option '--engine <engine>' argument 'haproxy' is invalid. Allowed choices are iptables, nginx.",
  ],
  [
    ['hosts', 'top', 'Fleet', '--seconds', '0'],
    "error: option '--seconds <seconds>' argument '0' is invalid. must be a whole number from 1 to 600",
  ],
  [
    ['completion', 'tcsh'],
    "error: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.",
  ],
  [
    ['import', 'x', '--from', 'haproxy'],
    "error: option '--from <kind>' argument 'haproxy' is invalid. Allowed choices are nginx, iptables, nft.",
  ],
  [['import', '/nowhere/nginx.conf'], '/nowhere/nginx.conf: there is no such file'],
  [
    ['init', '--import', 'x', '--target', '80'],
    "error: option '--import <file>' cannot be used with option '--target <target>'",
  ],
  [['import', 'test'], 'test: is a folder'],
  [['import', 'package.json'], 'package.json:1: a block has no name in front of {'],
  [['completion'], "error: missing required argument 'shell'"],
  [['logs', '--follow', '--json'], "error: option '--follow' cannot be used with option '--json'"],
];

test.each(WRONG)('%j: one line, and exit code 2', async (args, line) => {
  expect(await portway(...args)).toEqual({ code: 2, stdout: '', stderr: `${line}\n` });
});

test.each(['plan', 'verify', 'logs'])('%s of an app that fails: its words alone, and exit code 2', async (command) => {
  const app = 'echo "no such table" >&2; exit 3';
  expect(await portway(command, '--json', '--app', app)).toEqual({ code: 2, stdout: '', stderr: 'no such table\n' });
});

test('rehearse --list --json is the list by case', async () => {
  const { code, stdout } = await portway('rehearse', '--list', '--json');
  expect(code).toBe(0);
  expect(schemaErrors('rehearse-list', stdout)).toEqual([]);
  const list: Record<string, string> = JSON.parse(stdout);
  const table = (await portway('rehearse', '--list')).stdout.split('\n').slice(2);
  expect(Object.keys(list).length).toBeGreaterThan(10);
  expect(Object.keys(list)).toEqual(table.filter((line) => line !== '').map((line) => line.split(' ')[0]));
});

test('prints no colours on a terminal with NO_COLOR, and none in plans anyway', () => {
  // `script` gives the command a terminal.
  const on = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    execFileSync('script', ['-qec', [process.execPath, ...BIN, ...args].join(' '), '/dev/null'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: undefined, NO_COLOR: undefined, ...env },
    });
  const plan = on({}, 'plan', '-c', 'adminCidr=203.0.113.7/32');
  expect(plan).toContain('Stack Portway');
  expect(plan).not.toContain('\u001b[');
  expect(on({ NO_COLOR: '1' }, 'rehearse', '--list')).not.toContain('\u001b[');
});

test('import prints a file of TypeScript, and ends with 1 where something has no counterpart', async () => {
  const spring = await portway('import', 'test/import/corpus/nginx/spring.conf');
  expect({ code: spring.code, stderr: spring.stderr }).toEqual({ code: 0, stderr: '' });
  expect(spring.stdout).toContain("import { Forward, type PortwayStackProps } from 'portway';");
  const wordpress = await portway('import', 'test/import/corpus/nginx/wordpress.conf');
  expect(wordpress.code).toBe(1);
  expect(wordpress.stdout).toMatch(
    /\/\/ {3}test\/import\/corpus\/nginx\/wordpress\.conf:10 location ~ \\\.php\$: fastcgi_pass/,
  );
});

test('import reads standard input', () => {
  const input = readFileSync(join(ROOT, 'test/import/corpus/iptables/oneliners.sh'));
  const stdout = execFileSync(process.execPath, [...BIN, 'import', '-'], { cwd: ROOT, encoding: 'utf8', input });
  expect(stdout).toContain("tcp443: Forward.tcp({ listen: 443, to: '10.0.1.20:8443' })");
});

test('import --json prints an object', async () => {
  const { code, stdout } = await portway(
    'import',
    '--json',
    '--from',
    'iptables',
    'test/import/corpus/iptables/ufw.rules',
  );
  expect(code).toBe(0);
  expect(schemaErrors('import', stdout)).toEqual([]);
  expect(JSON.parse(stdout)).toMatchObject({
    from: 'iptables',
    gateway: { engine: 'iptables', adminCidr: '203.0.113.7/32' },
    forwards: { tcp2022: { kind: 'tcp', props: { listen: 2022, to: 2222 } } },
  });
});
