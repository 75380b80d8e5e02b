import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
jest.setTimeout(180_000);

// A small repository with the real CDK and its CLI, and an app whose only resource depends on the engine.
const APP = (port: number) => `
const { App, CfnResource, Stack } = require('aws-cdk-lib');
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Portway');
new CfnResource(stack, 'Rule', {
  type: 'AWS::EC2::SecurityGroup',
  properties: { GroupDescription: app.node.tryGetContext('engine') + ' to ${port} for ' + app.node.tryGetContext('adminCidr') },
});
`;

let folder: string;
let repository: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: repository,
    stdio: 'pipe',
  });
const write = (file: string, text: string) => {
  mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
  writeFileSync(path.join(repository, file), text);
};
const commit = () => {
  git('add', '-A');
  git('commit', '-q', '-m', 'a change');
};

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'portway-diff-'));
  repository = path.join(folder, 'head');
  mkdirSync(repository);
  git('init', '-q');
  write('.gitignore', 'node_modules\n');
  write('cdk.json', JSON.stringify({ app: 'node app.js' }));
  write('app.js', APP(8080));
  write('test/snapshots/expected/nginx/nginx.conf', 'listen 80;\nproxy_pass http://127.0.0.1:8080;\n');
  write('test/snapshots/expected/nginx/template.json', '{"a": 1}');
  write('test/snapshots/expected/gone/iptables.rules', '*nat\n');
  commit();
  write('app.js', APP(9090));
  write('test/snapshots/expected/nginx/nginx.conf', 'listen 80;\nproxy_pass http://127.0.0.1:9090;\n');
  write('test/snapshots/expected/nginx/template.json', '{"a": 2}');
  rmSync(path.join(repository, 'test/snapshots/expected/gone'), { recursive: true });
  commit();
  git('worktree', 'add', '-q', '--detach', '../base', 'HEAD^1');
  for (const side of ['head', 'base']) {
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, side, 'node_modules'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const diff = (base: string, head: string, engines = 'nginx') => {
  const out = path.join(folder, 'out');
  const script = path.join(ROOT, 'scripts', 'pull-request-diff.sh');
  // No credentials, and none of the user's settings.
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    AWS_EC2_METADATA_DISABLED: 'true',
    PORTWAY_DIFF_ENGINES: engines,
  };
  execFileSync('bash', [script, base, head, out], { cwd: folder, env, stdio: 'pipe' });
  const read = (file: string) => readFileSync(path.join(out, file), 'utf8');
  return { stack: read('cdk-diff.txt'), rules: read('rules.diff') };
};

test('shows the changes in each engine’s stack and in the rules, without credentials', () => {
  const { stack, rules } = diff('base', 'head', 'nginx iptables');
  for (const engine of ['nginx', 'iptables']) {
    expect(stack).toContain(`engine ${engine}, stack Portway`);
    expect(stack).toContain(`${engine} to 8080 for 203.0.113.7/32`);
    expect(stack).toContain(`${engine} to 9090 for 203.0.113.7/32`);
  }
  expect(rules).toContain('-proxy_pass http://127.0.0.1:8080;\n+proxy_pass http://127.0.0.1:9090;');
  expect(rules).toContain('a/gone/iptables.rules');
  // Only the CLI compares templates.
  expect(rules).not.toContain('template.json');
});

test('shows no difference for equal sides', () => {
  const { stack, rules } = diff('head', 'head');
  expect(stack).toContain('There were no differences');
  expect(rules).toBe('');
});

test('fails if the change cannot be synthesized, and says so if the base cannot', () => {
  writeFileSync(path.join(folder, 'base', 'app.js'), 'throw new Error("broken");');
  expect(diff('base', 'head').stack).toContain('engine nginx: the base branch cannot be synthesized');
  expect(() => diff('head', 'base')).toThrow(/cdk synth of the change failed for engine nginx/);
});
