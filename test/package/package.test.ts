import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANONICAL } from '../snapshots/canonical';
import { featureFlags, synthesize } from '../snapshots/synthesize';
import { Packed } from './packed';

const ROOT = join(__dirname, '..', '..');

/** The canonical stack `nginx`, as an app's author writes it. */
const STACK = `new PortwayStack(app, 'Portway', {
  adminCidr: '203.0.113.7/32',
  sshPublicKey: '${CANONICAL.nginx?.sshPublicKey}',
  engine: 'nginx',
  forwards: {
    web: Forward.http({ listen: 80, to: 8080 }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
  },
});`;
const FLAGS = `new App({ context: ${JSON.stringify(featureFlags())} })`;
const PRINT = `process.stdout.write(JSON.stringify(app.synth().getStackArtifact('Portway').template));`;

const NAMES = '{ Forward, PortwayStack, Tls }';
const COMMONJS = `const { App } = require('aws-cdk-lib');
const ${NAMES} = require('portway');
const app = ${FLAGS};
${STACK}
`;
const ESM = `import { App } from 'aws-cdk-lib';
import ${NAMES} from 'portway';
const app = ${FLAGS};
${STACK}
`;

/** A gateway beside other resources, in the words of docs/in-your-app.md. */
const BESIDE = /```ts\n([^`]+)```/.exec(readFileSync(join(ROOT, 'docs', 'in-your-app.md'), 'utf8'))?.[1] ?? '';

/** The strictest settings that aws-cdk-lib's own types allow: they fail exactOptionalPropertyTypes without skipLibCheck. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  target: 'es2022',
  lib: ['es2022'],
  types: ['node'],
  skipLibCheck: true,
  noEmit: true,
};

let packed: Packed;
beforeAll(async () => {
  packed = await Packed.create();
}, 180_000);
afterAll(() => packed?.remove());

test('holds the build and the files for the host, and nothing else', () => {
  const places = packed.files.map((file) =>
    file.replace(/^(assets|dist\/[^/]+)\/.*(\.py|\.d\.ts|\.js|\.js\.map)$/, '$1/*$2').replace(/^assets\/.*/, 'assets'),
  );
  expect([...new Set(places)].toSorted()).toEqual([
    ...[
      'LICENSE',
      'README.ko.md',
      'README.md',
      'assets',
      'bin/portway.js',
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/bin/*.js',
    ],
    ...['dist/bin/*.js.map', 'dist/lib/*.d.ts', 'dist/lib/*.js', 'dist/lib/*.js.map', 'package.json'],
  ]);
  const assets = execFileSync('git', ['ls-files', '-z', 'assets'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  expect(packed.files.filter((file) => file.startsWith('assets/')).toSorted()).toEqual(
    assets.filter((file) => file !== '').toSorted(),
  );
});

test('gives a JavaScript app the same template as the source, without loading ES modules', async () => {
  const app = await packed.app('commonjs', { 'app.js': `${COMMONJS}${PRINT}` });
  // A consumer's jest cannot load ES modules by require.
  const { stdout, stderr } = await app.node('--no-experimental-require-module', 'app.js');
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(
    synthesize(CANONICAL.nginx as never).assembly.getStackArtifact('Portway').template,
  );
}, 180_000);

test('can be imported by names from an ES module', async () => {
  const app = await packed.app('esm', { 'app.mjs': `${ESM}${PRINT}`, 'beside.mjs': BESIDE });
  const { stdout, stderr } = await app.node('app.mjs');
  expect(stderr).toBe('');
  expect(JSON.parse(stdout).Outputs).toHaveProperty('Address');
  expect((await app.node('beside.mjs')).code).toBe(0);
  expect((await app.portway('plan', 'Team/Gateway', '--app', 'node beside.mjs')).stdout).toMatch(
    /^database +tcp 5432 +10\.0\.128\.10:5432 +nginx/m,
  );
}, 180_000);

test.each([
  ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }, 'mts'],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }, 'ts'],
])(
  'has types that are clean in a strict TypeScript app for %s',
  async (name, modules, extension) => {
    const app = await packed.app(`types-${name}`, {
      [`app.${extension}`]: ESM,
      [`beside.${extension}`]: BESIDE,
      [`wrong.${extension}`]: ESM.replace('to: 8080 })', "to: 8080, allowfrom: ['10.0.0.0/8'] })"),
      'tsconfig.json': JSON.stringify({
        compilerOptions: { ...STRICT, ...modules },
        files: [`app.${extension}`, `beside.${extension}`],
      }),
      'wrong.json': JSON.stringify({ compilerOptions: { ...STRICT, ...modules }, files: [`wrong.${extension}`] }),
    });
    expect((await app.tsc('-p', '.')).stdout).toBe('');
    const wrong = await app.tsc('-p', 'wrong.json');
    expect(wrong.stdout).toMatch(/^wrong\.m?ts\(\d+,\d+\): error TS2561: .*Did you mean to write 'allowFrom'\?\n/);
  },
  180_000,
);

test('brings the command line, which needs no TypeScript', async () => {
  const app = await packed.app('command', {
    'app.js': COMMONJS,
    'cdk.json': JSON.stringify({ app: 'node app.js' }),
  });
  const plan = await app.portway('plan', 'Portway');
  expect(plan.stderr).toBe('');
  expect(plan.stdout).toMatch(/^web +http 80 +8080 on the gateway +nginx/m);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect((await app.portway('--version')).stdout).toBe(`${version}\n`);
  expect((await app.portway('completion', 'bash')).stdout).toContain(
    'complete -o bashdefault -o default -F _portway portway',
  );
  const rehearse = await app.portway('rehearse');
  expect(rehearse.code).toBe(2);
  expect(rehearse.stderr).toContain("rehearse is not in the npm package: clone Portway's repository");
}, 180_000);

test('makes an app in an empty folder, whose types are clean, and which synthesizes', async () => {
  const app = await packed.app('init', {});
  const made = await app.portway('init', '--admin-cidr', '203.0.113.7/32', '--domain', 'www.example.com');
  expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
  expect(made.stdout).toContain('  npm install --save-dev aws-cdk\n');
  expect((await app.tsc('-p', '.')).stdout).toBe('');
  const plan = await app.portway('plan');
  expect(plan.stderr).toBe('');
  expect(plan.stdout).toMatch(/^secure +https 443 +8080 on the gateway +nginx/m);
}, 180_000);

test('imports the forwards of another configuration', async () => {
  const corpus = join(ROOT, 'test', 'import', 'corpus');
  const app = await packed.app('import', {});
  const made = await app.portway('init', '--import', join(corpus, 'iptables', 'ufw.rules'));
  expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
  expect((await app.tsc('-p', '.')).stdout).toBe('');
  const imported = await app.portway('import', join(corpus, 'nginx', 'hosts.conf'));
  expect(imported.code).toBe(1);
  expect(imported.stdout).toContain("import { Forward, type PortwayStackProps, Tls } from 'portway';");
}, 180_000);

test('maps its code back to its source', async () => {
  const app = await packed.app('maps', {});
  const map = JSON.parse(app.read('node_modules/portway/dist/lib/index.js.map'));
  const at = map.sources.findIndex((source: string) => source.endsWith('/lib/check-stack.ts'));
  expect(map.sourcesContent[at]).toContain('export function checkStack(');
});
