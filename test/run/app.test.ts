import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutAws } from './parts/cdk';

const ROOT = join(__dirname, '..', '..');
const CDK = join(ROOT, 'node_modules', '.bin', 'cdk');
const ADMIN = ['-c', 'adminCidr=203.0.113.7/32'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portway-app-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly failed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a folder, without any of the user's AWS settings. */
function run(file: string, args: readonly string[], cwd: string): Promise<Ran> {
  const env = { ...process.env, ...withoutAws(process.env, join(folder, 'home')), CDK_VALIDATION: 'false' };
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env }, (error, stdout, stderr) => resolve({ failed: error !== null, stdout, stderr }));
  });
}

const synth = (args: readonly string[], cwd: string) =>
  run(CDK, ['synth', '--quiet', '--no-notices', '--output', join(folder, 'out'), ...ADMIN, ...args], cwd);

test('cdk synth stops at a wrong type before the app runs', async () => {
  for (const name of ['cdk.json', 'tsconfig.json', 'tsconfig.app.json', 'bin', 'lib'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const app = join(folder, 'bin', 'app.ts');
  writeFileSync(
    app,
    readFileSync(app, 'utf8').replace('listen: 80, to: 8080', "listen: 80, to: 8080, allowfrom: ['10.0.0.0/8']"),
  );
  const { failed, stdout, stderr } = await synth([], folder);
  expect(failed).toBe(true);
  expect(`${stdout}${stderr}`).toMatch(/bin\/app\.ts.*'allowfrom' does not exist|'allowFrom'/);
  expect(existsSync(join(folder, 'out'))).toBe(false);
}, 120_000);

/** Two wrong gateways and a wrong stack, one of them in a stage. What stands in for them has all that the app asks for. */
const WRONG = `
import { App, CfnOutput, Stack, Stage } from 'aws-cdk-lib';
import { Port } from 'aws-cdk-lib/aws-ec2';
import { Forward, PortGateway, PortwayStack } from '${ROOT}/lib';

const app = new App();
const team = new Stack(app, 'Team');
const forwards = { web: Forward.tcp({ listen: 0, to: 8080, engine: 'iptables' }) };
const one = new PortGateway(team, 'One', { adminCidr: '0.0.0.0/0', forwards });
const prod = new PortwayStack(new Stage(app, 'Prod'), 'Edge', { adminCidr: '203.0.113.7/32', forwards, stackName: '-' });
const egress = { from: ['10.0.0.0/16'] };
const right = { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) };
const two = new PortGateway(team, 'Two', { adminCidr: '203.0.113.7/32', forwards: right, egress });
two.addEgressSubnets(two.network.subnet);
one.addEgressSubnets(two.network.subnet);
one.connections.allowFrom(two, Port.tcp(80));
new CfnOutput(team, 'Address', { value: one.address + prod.gateway.address });
`;

/** What is wrong with it, without the values got. */
const PROBLEMS = [
  'Team/One: 2 problems:',
  '  - adminCidr must not be everyone',
  '  - forwards.web.listen must be',
  'Prod/Edge: 2 problems:',
  '  - stackName must be',
  '  - forwards.web.listen must be',
  "Team/Two: addEgressSubnets[0] must not be the gateway's own",
  'Team/One: addEgressSubnets must go with egress',
];

test('under the CDK CLI all problems of all gateways come at once, without a stack trace', async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'app.ts'), WRONG);
  const { failed, stdout, stderr } = await synth(['--app', 'node --import tsx app.ts'], folder);
  expect(failed).toBe(true);
  expect(stdout).toBe('');
  const lines = stderr.split('\n');
  for (const [i, problem] of PROBLEMS.entries()) expect(lines[i]).toContain(problem);
  expect(stderr).not.toMatch(/^\s+at /m);
  // A program gets the first error thrown instead.
  const direct = await run(process.execPath, ['--import', 'tsx', 'app.ts'], folder);
  expect(direct.failed).toBe(true);
  expect(direct.stderr).toMatch(/PortwayError: 2 problems:\n {2}- adminCidr/);
}, 120_000);

test('cdk synth warns of context that resembles a setting, and of no other', async () => {
  const { failed, stderr } = await synth(['-c', 'engin=iptables', '-c', 'stage=test', '--build', ''], ROOT);
  expect(failed).toBe(false);
  expect(stderr).toContain('warning: -c engin is unknown to Portway and has no effect: did you mean engine?');
  expect(stderr.match(/is unknown to Portway/g)).toHaveLength(1);
}, 120_000);

test('so does portway plan', async () => {
  const portway = [join(ROOT, 'bin', 'portway.js')];
  const args = [...portway, 'plan', ...ADMIN, '-c', 'admin-cidr=203.0.113.8/32', '-c', 'team=edge'];
  const { failed, stderr } = await run(process.execPath, args, ROOT);
  expect(failed).toBe(false);
  expect(stderr).toBe('warning: -c admin-cidr is unknown to Portway and has no effect: did you mean adminCidr?\n');
}, 120_000);
