import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MORE_PORT, oneMore } from '../src/one-more';

const ROOT = resolve(__dirname, '../..');

let folder: string;
beforeEach(() => {
  // As the rehearsal's own folder, it is in the project, where the copy finds the CDK.
  const own = join(ROOT, '.rehearsal');
  mkdirSync(own, { recursive: true });
  folder = mkdtempSync(join(own, 'one-more-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each(['nginx', 'iptables'])('the shipped app gets one forward more: %s', async (engine) => {
  const command = await oneMore()?.write(folder);
  const [program = '', ...args] = command?.split(' ') ?? [];
  const context = { adminCidr: '203.0.113.7/32', engine };
  execFileSync(program, args, {
    cwd: ROOT,
    env: { ...process.env, CDK_OUTDIR: join(folder, 'out'), CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
  const template = readFileSync(join(folder, 'out', 'Portway.template.json'), 'utf8');
  expect(template).toContain(`"FromPort": ${MORE_PORT}`);
});

test('an app that a team has rewritten is left alone', () => {
  mkdirSync(join(folder, 'bin'));
  cpSync(join(ROOT, 'cdk.json'), join(folder, 'cdk.json'));
  const app = readFileSync(join(ROOT, 'bin', 'app.ts'), 'utf8');
  writeFileSync(join(folder, 'bin', 'app.ts'), app);
  expect(oneMore(folder)).toBeDefined();
  writeFileSync(join(folder, 'bin', 'app.ts'), app.replace('...fromContext, forwards', 'forwards'));
  expect(oneMore(folder)).toBeUndefined();
});
