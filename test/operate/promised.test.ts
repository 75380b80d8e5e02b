import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_ec2 as ec2, LegacyStackSynthesizer, Stack, Stage } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { UNKNOWN } from '../../lib/operate/pattern';
import { type Promised, readPromised } from '../../lib/operate/promised';
import { ruleText } from '../../lib/plan/change/group-rules';
import { PortGateway } from '../../lib/port-gateway';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'portway-promised-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Distinguishes the stages below. */
const sizes: Record<string, string> = { Test: 'nano', Prod: 'small' };

let assemblies = 0;
function synth(create: (app: App) => void): string {
  const outdir = join(folder, `${assemblies++}`);
  const app = new App({ outdir, context: featureFlags() });
  create(app);
  app.synth();
  return outdir;
}

const props = (more: Partial<PortwayStackProps> = {}): PortwayStackProps => ({
  ...{ adminCidr: '203.0.113.7/32', engine: 'iptables', sshPublicKey: PUBLIC_KEY },
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
  synthesizer: new LegacyStackSynthesizer() as never,
  ...more,
});

/** The only gateway of a stack. */
async function readOne(assembly: string, wanted?: string): Promise<Promised> {
  const [one, ...more] = await readPromised(assembly, wanted);
  expect(more).toEqual([]);
  return one as Promised;
}

test('reads the content, the rules and the loader of a stack with live changes', async () => {
  const assembly = synth((app) => new PortwayStack(app, 'Portway', props({ ping: true })));
  const { content, inbound, outbound, userData } = await readOne(assembly);
  expect(content).toMatch(/^[0-9a-f]{64}$/);
  expect(inbound.map(({ what, peer }) => `${what} ${peer}`).sort()).toEqual([
    'icmp type 8 0.0.0.0/0',
    'tcp 22 203.0.113.7/32',
    'tcp 80 0.0.0.0/0',
  ]);
  expect(outbound).toContainEqual({ what: 'udp 53', peer: '0.0.0.0/0' });
  expect(userData.find((line) => line.startsWith('PORTWAY_POINTER='))).toMatch(
    /^PORTWAY_POINTER='\/portway\/Portway\/[0-9a-f]{16}\/now'$/,
  );
});

test('reads the security group, instance and user-data of a stack', async () => {
  const restarted = props({ onChange: 'restart', ping: true, ipv6: true, instanceType: 't3.small' });
  const promised = await readOne(synth((app) => new PortwayStack(app, 'Portway', restarted)));
  expect(promised).toMatchObject({
    stackName: 'Portway',
    region: undefined,
    instanceType: 't3.small',
    httpTokens: 'required',
    hopLimit: 1,
    sourceDestCheck: true,
  });
  expect(promised.inbound).toEqual(
    expect.arrayContaining([
      { what: 'tcp 80', peer: '0.0.0.0/0' },
      { what: 'tcp 80', peer: '::/0' },
      { what: 'tcp 22', peer: '203.0.113.7/32' },
      { what: 'icmp type 8', peer: '0.0.0.0/0' },
      { what: 'icmpv6 type 128', peer: '::/0' },
    ]),
  );
  expect(promised.outbound).toContainEqual({ what: 'udp 53', peer: '0.0.0.0/0' });
  expect(promised.userData[0]).toMatch(/^Content-Type: multipart/);
  expect(promised.userData.find((line) => line.startsWith('PORTWAY_SIGNAL_URL='))).toBe(
    `PORTWAY_SIGNAL_URL='${UNKNOWN}'`,
  );
  expect(promised.userData.some((line) => /^PORTWAY_POINTER='\S+\/now [0-9a-f]{64}'$/.test(line))).toBe(true);
});

test("reads the stack's own name and region", async () => {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const assembly = synth((app) => {
    new PortwayStack(app, 'One', props({ stackName: 'edge', env }));
    new PortwayStack(app, 'Two', props());
  });
  expect(await readOne(assembly, 'One')).toMatchObject({ stackName: 'edge', region: 'eu-central-1' });
  await expect(readPromised(assembly, undefined)).rejects.toThrow('the app has several: One, Two');
  await expect(readPromised(assembly, 'Three')).rejects.toThrow('one of the app with a gateway (One, Two), got: Three');
});

test('finds stacks in stages by path, or by their name in CloudFormation', async () => {
  const env = { account: '123456789012', region: 'eu-north-1' };
  const assembly = synth((app) => {
    for (const name of ['Test', 'Prod'])
      new PortwayStack(new Stage(app, name, { env }), 'Gateway', props({ instanceType: `t4g.${sizes[name]}` }));
  });
  expect(await readOne(assembly, 'Prod/Gateway')).toMatchObject({
    stackName: 'Prod-Gateway',
    region: 'eu-north-1',
    instanceType: 't4g.small',
  });
  expect(await readOne(assembly, 'Test-Gateway')).toMatchObject({ instanceType: 't4g.nano' });
  await expect(readPromised(assembly, 'Gateway')).rejects.toThrow('(Prod/Gateway, Test/Gateway), got: Gateway');
  await expect(readPromised(assembly, undefined)).rejects.toThrow('the app has several: Prod/Gateway, Test/Gateway');
});

test("finds each gateway of a team's stack, in a stage too, among other instances and addresses", async () => {
  const { adminCidr = '', forwards } = props();
  const assembly = synth((app) => {
    new Stack(app, 'Data', { synthesizer: new LegacyStackSynthesizer() as never });
    const stack = new Stack(new Stage(app, 'Prod'), 'Team');
    const bastion = new ec2.CfnInstance(stack, 'Bastion', { imageId: 'ami-0123456789abcdef0' });
    const { attrAllocationId: allocationId } = new ec2.CfnEIP(stack, 'Address');
    new ec2.CfnEIPAssociation(stack, 'Association', { allocationId, instanceId: bastion.ref });
    for (const [id, instanceType] of Object.entries({ Game: 't4g.nano', Web: 't4g.small' }))
      new PortGateway(stack, id, { adminCidr, sshPublicKey: PUBLIC_KEY, forwards, engine: 'iptables', instanceType });
  });
  const all = await readPromised(assembly, undefined);
  expect(all).toMatchObject([
    { path: 'Prod/Team/Game', stackName: 'Prod-Team', instanceType: 't4g.nano' },
    { path: 'Prod/Team/Web', stackName: 'Prod-Team', instanceType: 't4g.small' },
  ]);
  expect(all.map(({ instanceId, address }) => [instanceId, address.logicalId])).toEqual([
    [expect.stringMatching(/^GameGatewayInstance/), expect.stringMatching(/^GameGatewayAddress/)],
    [expect.stringMatching(/^WebGatewayInstance/), expect.stringMatching(/^WebGatewayAddress/)],
  ]);
  expect(all[0]?.resources).toContain('Bastion');
  expect(await readPromised(assembly, 'Prod/Team')).toEqual(all);
  expect(await readPromised(assembly, 'Prod-Team')).toEqual(all);
  expect(await readOne(assembly, 'Prod/Team/Web')).toEqual(all[1]);
});

test('refuses a stack without a gateway', async () => {
  const assembly = synth((app) => new Stack(app, 'Empty', { synthesizer: new LegacyStackSynthesizer() as never }));
  await expect(readPromised(assembly, 'Empty')).rejects.toThrow('with a gateway (Empty), got: Empty');
  await expect(readPromised(assembly, undefined)).rejects.toThrow('its stacks are: Empty');
});

test.each([
  ['-1', undefined, undefined, 'all'],
  ['tcp', 80, 80, 'tcp 80'],
  ['udp', 6000, 6100, 'udp 6000-6100'],
  ['tcp', -1, -1, 'tcp'],
  ['icmp', 8, -1, 'icmp type 8'],
  ['icmpv6', 128, 0, 'icmpv6 type 128'],
  ['50', undefined, undefined, '50'],
] as const)('describes %s %s-%s as %s', (protocol, from, to, text) => {
  expect(ruleText(protocol, from, to)).toBe(text);
});
