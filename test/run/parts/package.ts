import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { failed, type Outcome, PASSED, type Part, type PartContext } from '../part';
import { withoutAws } from './cdk';

/** Supported versions of Node, as the npm package `node` has them. */
const NODES = ['20', '22', '24'];

/** The strictest settings that aws-cdk-lib's own types allow. */
const TSCONFIG = {
  compilerOptions: {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noImplicitOverride: true },
    ...{ module: 'nodenext', target: 'es2022', lib: ['es2022'], types: ['node'], skipLibCheck: true, noEmit: true },
  },
  files: ['app.mts'],
};

/** A test as a consumer writes it. Their jest loads no ES modules. */
const JEST = `
const { App, Stack } = require('aws-cdk-lib');
const { Template } = require('aws-cdk-lib/assertions');
const { Forward, PortGateway } = require('portway');

const make = (listen) => {
  const stack = new Stack(new App(), 'Team');
  const forwards = { web: Forward.http({ listen, to: 8080 }) };
  new PortGateway(stack, 'Gateway', { adminCidr: '203.0.113.7/32', forwards });
  return Template.fromStack(stack);
};

test('has a host', () => make(80).resourceCountIs('AWS::EC2::Instance', 1));
test('says what is wrong', () => expect(() => make(0)).toThrow(/^forwards\\.web\\.listen must be /));
`;

/** Installs and uses the packed package as others do, from the registry. */
class Consumers {
  private readonly notes: string[] = [];
  private passed = 0;

  constructor(private readonly context: PartContext) {}

  get outcome(): Outcome {
    return this.notes.length === 0
      ? { ...PASSED, passed: this.passed }
      : { passed: this.passed, failed: this.notes.length, skips: [], notes: this.notes };
  }

  /** @returns whether it worked */
  async step(what: string, cwd: string, program: string, args: readonly string[]): Promise<boolean> {
    this.context.write(`== ${what}`);
    const home = path.join(this.context.folder, 'home');
    const env = { ...withoutAws(process.env, home), NODE_OPTIONS: undefined, NODE_PATH: undefined };
    const worked = (await this.context.command(program, args, { cwd, env })) === 0;
    if (worked) this.passed += 1;
    else this.notes.push(`failed: ${what}`);
    return worked;
  }

  async folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = path.join(this.context.folder, name);
    await mkdir(folder, { recursive: true });
    // A name of its own: a package manager would not install a package into itself.
    const manifest = JSON.stringify({ name: `consumer-${name}`, version: '1.0.0', private: true });
    for (const [file, text] of Object.entries({ 'package.json': manifest, ...files }))
      await writeFile(path.join(folder, file), text);
    return folder;
  }
}

const NPM = ['install', '--no-audit', '--no-fund', '--loglevel=error'];

/** An app with a gateway beside other resources, with the oldest and newest CDK, npm and pnpm, and every supported Node. */
export const packages: Part = {
  name: 'package',
  about:
    'the packed package, installed from the registry by npm and pnpm: oldest and newest CDK, each Node, TypeScript, jest',
  nightly: true,
  limitMinutes: 20,
  async run(context): Promise<Outcome> {
    const { root, folder } = context;
    const { peerDependencies, version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    const page = await readFile(path.join(root, 'docs', 'in-your-app.md'), 'utf8');
    const app = /```ts\n([^`]+)```/.exec(page)?.[1];
    if (app === undefined) return failed('docs/in-your-app.md has no example');
    const consumers = new Consumers(context);
    if (!(await consumers.step('npm pack', root, 'npm', ['pack', '--pack-destination', folder])))
      return consumers.outcome;
    const tarball = path.join(folder, `portway-${version}.tgz`);

    const tools = await consumers.folder('tools', {});
    const aliases = NODES.map((node) => `node-${node}@npm:node@${node}`);
    if (!(await consumers.step('Node and pnpm', tools, 'npm', [...NPM, 'pnpm@10', ...aliases])))
      return consumers.outcome;
    const node = (name: string) => path.join(tools, 'node_modules', `node-${name}`, 'bin', 'node');

    const ranges = Object.entries(peerDependencies as Record<string, string>);
    const oldest = ranges.map(([name, range]) => `${name}@${range.replace(/^\^/, '')}`);
    const newest = ranges.map(([name, range]) => `${name}@${range}`);
    const files = { 'app.mjs': app, 'app.mts': app, 'tsconfig.json': JSON.stringify(TSCONFIG), 'app.test.js': JEST };
    for (const [name, program, args] of [
      ['oldest', 'npm', [...NPM, tarball, ...oldest]],
      ['newest', 'npm', [...NPM, tarball, ...newest, 'typescript@5', '@types/node@22', 'jest@30']],
      [
        'pnpm',
        path.join(tools, 'node_modules', '.bin', 'pnpm'),
        ['add', tarball, ...newest, 'typescript@5', '@types/node@22'],
      ],
    ] as const) {
      const place = await consumers.folder(name, files);
      if (!(await consumers.step(`${name}: install`, place, program, args))) continue;
      const cli = path.join('node_modules', 'portway', 'bin', 'portway.js');
      for (const version of NODES) {
        const plan = [cli, 'plan', 'Team/Gateway', '--app', `${node(version)} app.mjs`];
        await consumers.step(`${name}: portway plan with Node ${version}`, place, node(version), plan);
      }
      if (name === 'oldest') continue;
      await consumers.step(`${name}: types`, place, process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
      if (name === 'newest')
        await consumers.step(`${name}: jest`, place, process.execPath, ['node_modules/jest/bin/jest.js']);
    }
    return consumers.outcome;
  },
};
