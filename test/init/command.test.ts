import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { answerer, forwardAnswers, type InitFlags, stackAnswers } from '../../lib/init/answers';
import { initCommand } from '../../lib/init/command';
import { compile } from '../docs/compile';

const ROOT = join(__dirname, '..', '..');
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZUoNO6kTbWcKOLcpKOSEPNV0VXDjzOZRHGrLRaMEvE admin';

jest.setTimeout(120_000);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let app: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portway-init-'));
  app = join(folder, 'app');
  writeFileSync(join(folder, 'key.pub'), `${KEY}\n`);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** The command, where nobody can be asked. */
async function init(flags: InitFlags): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += text;
      return true;
    });
  const key = flags.sshKey === undefined ? {} : { sshKey: join(folder, flags.sshKey) };
  const code = await initCommand({ folder: app, ...flags, ...key });
  jest.restoreAllMocks();
  return { code, ...written };
}

/** The CDK's app, as `portway plan` sees it. */
function plan(): Promise<Ran> {
  const command = [join(ROOT, 'bin', 'portway.js'), 'plan'];
  const env = { ...process.env, HOME: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: app, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Gives the app the packages that npm would install. */
function install(): void {
  for (const name of ['aws-cdk-lib', 'constructs', 'tsx', '@types/node']) {
    mkdirSync(dirname(join(app, 'node_modules', name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(app, 'node_modules', name));
  }
  mkdirSync(join(app, 'node_modules', 'portway'));
  writeFileSync(
    join(app, 'node_modules', 'portway', 'index.js'),
    `module.exports = require('${ROOT}/lib/index.ts');\n`,
  );
}

const ADMIN = { adminCidr: '203.0.113.7/32' };

/** Each kind of app: its flags, and what its plan says. */
const APPS: readonly (readonly [name: string, flags: InitFlags, plan: readonly RegExp[]])[] = [
  ['nginx', ADMIN, [/^web +http 80 +8080 on the gateway +nginx/m, /^secure +https 443 +8080 on the gateway/m]],
  [
    'an import',
    { import: join(ROOT, 'test/import/corpus/iptables/ufw.rules') },
    [/^tcp2022 +tcp 2022 +2222 on the gateway +iptables/m, /203\.0\.113\.7\/32/],
  ],
];

test.each(APPS)('makes an app with %s that plan reads', async (_, flags, lines) => {
  expect(await init(flags)).toMatchObject({ code: 0, stderr: '' });
  install();
  const planned = await plan();
  expect({ code: planned.code, stderr: planned.stderr }).toEqual({ code: 0, stderr: '' });
  for (const line of lines) expect(planned.stdout).toMatch(line);
});

test('its files compile', async () => {
  const texts: string[] = [];
  const kinds: readonly InitFlags[] = [
    ADMIN,
    { ...ADMIN, engine: 'iptables', target: '10.0.0.20:8080' },
    { ...ADMIN, domain: ['www.example.com', 'example.com'], instanceType: 't4g.small', sshKey: 'key.pub' },
  ];
  for (const flags of kinds) {
    expect((await init(flags)).code).toBe(0);
    texts.push(readFileSync(join(app, 'app.ts'), 'utf8'));
    rmSync(app, { recursive: true });
  }
  expect(compile(texts.map((text, line) => ({ page: 'app.ts', line, language: 'ts', text })))).toEqual([]);
  expect(texts[1]).toContain("web: Forward.tcp({ listen: 80, to: '10.0.0.20:8080' })");
  expect(texts[2]).toContain("email: 'admin@example.com'");
  expect(texts[2]).toContain(`sshPublicKey: '${KEY}'`);
});

test('says what to install and where, and keeps a .gitignore', async () => {
  mkdirSync(app);
  writeFileSync(join(app, '.gitignore'), 'mine\n');
  const { stdout } = await init(ADMIN);
  expect(stdout).toBe(`Made app.ts, cdk.json, tsconfig.json. Next:

  npm pack --pack-destination ${app}
  cd ${app}
  npm install ./portway-*.tgz aws-cdk-lib constructs
  npm install --save-dev aws-cdk tsx typescript @types/node
  npx portway plan
  npx cdk bootstrap   # once per account and region
  npx cdk deploy
`);
  expect(readFileSync(join(app, '.gitignore'), 'utf8')).toBe('mine\n');
  // So that npm installs here, and not into a folder above.
  expect(JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'))).toEqual({ private: true });
});

test('keeps a package.json', async () => {
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "mine" }');
  expect((await init(ADMIN)).code).toBe(0);
  expect(readFileSync(join(app, 'package.json'), 'utf8')).toBe('{ "name": "mine" }');
});

test.each<[InitFlags, RegExp]>([
  [{}, /^--admin-cidr is required: the network that may log in by SSH, such as 203\.0\.113\.7\/32\n$/],
  [
    { adminCidr: '0.0.0.0/0', target: 'x', instanceType: 'huge' },
    /^4 problems:\n {2}- adminCidr must not be everyone.*\n {2}- forwards\.web\.to must be a port.*\n.*\n {2}- instanceType must be/,
  ],
  [{ ...ADMIN, sshKey: 'none.pub' }, /^--ssh-key must be a file that can be read, got: .*none\.pub\n$/],
  [{ ...ADMIN, engine: 'iptables', domain: ['a.example'] }, /^--domain must be left out on iptables/],
  [{ import: 'none' }, /^--import must be a file, got: none\n$/],
  [{ import: __filename }, /test\.ts:\d+: /],
])('%j: in words, and nothing is made', async (flags, words) => {
  const { code, stdout, stderr } = await init(flags);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(words);
  expect(existsSync(app)).toBe(false);
});

test('overwrites nothing', async () => {
  mkdirSync(app);
  writeFileSync(join(app, 'cdk.json'), '{}');
  const { code, stderr } = await init(ADMIN);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `${app} must not have an app yet: cdk.json would be overwritten\n`,
  });
  expect(readFileSync(join(app, 'cdk.json'), 'utf8')).toBe('{}');
});

test('asks for what no flag says, and offers what is usual', async () => {
  const asked: string[] = [];
  const answer = answerer(async (question, offered) => {
    asked.push(`${question} [${offered}]`);
    return question.startsWith('Which network')
      ? '203.0.113.9/32'
      : question.startsWith('Domains')
        ? 'a.example, b.example'
        : '';
  });
  expect(await forwardAnswers({ target: '3000' }, answer)).toEqual({
    engine: 'nginx',
    target: '3000',
    domains: ['a.example', 'b.example'],
    email: 'admin@a.example',
  });
  expect(await stackAnswers({}, answer, { key: join(folder, 'key.pub') })).toEqual({
    adminCidr: '203.0.113.9/32',
    sshPublicKey: KEY,
  });
  expect(asked).toEqual([
    'Engine: nginx (HTTP, HTTPS) or iptables (TCP, UDP) [nginx]',
    "Domains for a certificate of Let's Encrypt, or nothing []",
    "Where Let's Encrypt may write to [admin@a.example]",
    'Which network may log in by SSH, such as 203.0.113.7/32 []',
    'Instance type [t4g.micro]',
    `File of your public SSH key, or nothing [${join(folder, 'key.pub')}]`,
  ]);
});
