import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { schemaErrors } from '../support/json-schema';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

/** The entry of `Vpc.fromLookup` in cdk.context.json. */
const KEY =
  'vpc-provider:account=123456789012:filter.vpc-id=vpc-0123456789abcdef0:region=eu-north-1:returnAsymmetricSubnets=true';
const subnet = (id: string, cidr: string) => ({
  subnetId: id,
  cidr,
  availabilityZone: 'eu-north-1a',
  routeTableId: `rtb-${id.slice(7)}`,
});
const FOUND = {
  vpcId: 'vpc-0123456789abcdef0',
  vpcCidrBlock: '10.8.0.0/16',
  ownerAccountId: '123456789012',
  availabilityZones: [],
  subnetGroups: [{ name: 'Public', type: 'Public', subnets: [subnet('subnet-0000000000000000a', '10.8.0.0/24')] }],
};

/** An app with a gateway in a stage, in a looked-up VPC. */
const APP = `
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Forward } from '${ROOT}/lib/forward/forward';
import { PortwayStack } from '${ROOT}/lib/portway-stack';

const app = new App();
const prod = new Stage(app, 'Prod', { env: { account: '123456789012', region: 'eu-north-1' } });
const vpc = Vpc.fromLookup(new Stack(prod, 'Network'), 'Vpc', { vpcId: 'vpc-0123456789abcdef0' });
new PortwayStack(prod, 'Gateway', {
  adminCidr: app.node.getContext('admin'),
  engine: 'iptables',
  vpc,
  forwards: { web: Forward.tcp({ listen: 80, to: app.node.getContext('target') }) },
});
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-plan-test-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const tsx = require.resolve('tsx');
  await writeFile(join(folder, 'app.ts'), APP);
  await writeFile(
    join(folder, 'cdk.json'),
    JSON.stringify({ app: `node --import ${tsx} app.ts`, context: { admin: '203.0.113.7/32', target: '10.8.1.1:80' } }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function plan(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const words = [join(ROOT, 'bin', 'portway.js'), 'plan', ...args];
  return run(process.execPath, words, { cwd: folder });
}

test('plans a stack in a stage by its path, with looked-up values', async () => {
  await writeFile(join(folder, 'cdk.context.json'), JSON.stringify({ [KEY]: FOUND }));
  const { stdout, stderr } = await plan('Prod/Gateway', '-c', 'target=10.8.2.2:80');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Stack Prod\/Gateway$/m);
  // The command line overrides cdk.json.
  expect(stdout).toMatch(/^web +tcp 80 +10\.8\.2\.2:80 +iptables/m);
  await expect(plan('Prod/Network')).rejects.toMatchObject({
    stderr: 'stack must be one of the app with a gateway (Prod/Gateway, Prod/Network), got: Prod/Network\n',
  });
}, 60_000);

test('shows the warnings of synth, as text and as JSON', async () => {
  await writeFile(join(folder, 'cdk.context.json'), JSON.stringify({ [KEY]: FOUND }));
  const { stdout, stderr } = await plan('-c', 'target=10.9.1.1:80');
  expect(stderr).toBe('');
  const [, shown] = /^Annotations\n\n([\s\S]*?)\n\nSecurity group$/m.exec(stdout) ?? [];
  expect(shown?.split('\n')).toEqual([
    expect.stringMatching(/^warning of Prod\/Gateway\/Gateway: Port 22 is open to .*\(portway:nobodyCanLogIn\)$/),
    expect.stringMatching(/^warning of Prod\/Gateway\/Gateway: forwards\.web leads to 10\.9\.1\.1, .*-web\)$/),
  ]);
  const json = (await plan('-c', 'target=10.9.1.1:80', '--json')).stdout;
  expect(schemaErrors('plan', json)).toEqual([]);
  expect(JSON.parse(json)['Prod/Gateway'].annotations).toContainEqual({
    ...{ level: 'warning', path: 'Prod/Gateway/Gateway', id: 'portway:targetElsewhere-web' },
    text: expect.stringMatching(/^forwards\.web leads to .*'\)\.$/),
  });
}, 60_000);

test('plans with dummy values where lookups are missing, and says so', async () => {
  await rm(join(folder, 'cdk.context.json'), { force: true });
  const { stdout, stderr } = await plan();
  expect(stdout).toMatch(/^web +tcp 80 +10\.8\.1\.1:80 +iptables/m);
  expect(stderr).toBe(`portway: not looked up yet, using a dummy value (run cdk synth once): ${KEY}\n`);
}, 60_000);

test('compares a stack in a stage with a cloud assembly, without AWS', async () => {
  await writeFile(join(folder, 'cdk.context.json'), JSON.stringify({ [KEY]: FOUND }));
  const before = join(folder, 'before');
  const context = { admin: '203.0.113.7/32', target: '10.8.1.1:80', [KEY]: FOUND };
  const words = ['--import', require.resolve('tsx'), 'app.ts'];
  const env = { ...process.env, CDK_OUTDIR: before, CDK_CONTEXT_JSON: JSON.stringify(context) };
  await run(process.execPath, words, { cwd: folder, env });
  const same = await plan('--against', before);
  expect(same.stdout).toBe(`Stack Prod/Gateway, compared with ${before}: no changes.\n`);
  const { stdout } = await plan('Prod/Gateway', '-c', 'target=10.8.2.2:80', '--against', before, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    'Prod/Gateway': {
      ...{ host: 'live', address: 'stays', incomplete: false },
      changes: expect.arrayContaining([
        expect.objectContaining({
          what: 'forward web',
          how: expect.arrayContaining(['to 10.8.1.1:80 -> 10.8.2.2:80']),
        }),
      ]),
    },
  });
  await expect(plan('--against', 'nowhere')).rejects.toMatchObject({
    stderr: '--against must be deployed, a template or a folder such as cdk.out, got: nowhere\n',
  });
}, 120_000);

test('names a settings file that is not JSON', async () => {
  await writeFile(join(folder, 'cdk.context.json'), '{');
  await expect(plan()).rejects.toMatchObject({ stderr: expect.stringMatching(/^cdk\.context\.json must be JSON: /) });
}, 60_000);
