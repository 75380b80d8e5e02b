import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescribeStackResourcesOutput } from '@aws-sdk/client-cloudformation';
import {
  type Address,
  AssociateAddressCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteRouteCommand,
  type DescribeInstancesResult,
  type DescribeNetworkAclsResult,
  DescribeRouteTablesCommand,
  type DescribeSecurityGroupsResult,
  DisassociateAddressCommand,
  type EC2Client,
  type Instance,
  type InstanceAttribute,
  type InstanceMetadataOptionsResponse,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { App } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { allInstances, stackAddress } from '../../lib/operate/instance';
import { type Promised, readPromised } from '../../lib/operate/promised';
import { verify } from '../../lib/operate/verified';
import { PortwayStack } from '../../lib/portway-stack';
import { BOOTSTRAP, cdk } from '../../rehearsal/src/aws/cdk';
import { ec2Client, formationClient, ssmClient } from '../../rehearsal/src/aws/client';
import { type StartedEndpoint, startEndpoint } from '../../rehearsal/src/aws/endpoint';
import { reportAll } from '../../rehearsal/test/support/report-all';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';

/*
 * Kinds of drift, each made by hand at the local endpoint, found by what `portway verify` reads there, and undone.
 */
jest.setTimeout(180_000);

/** Looks at an unchanged gateway. */
const LOOKS = 100;

let folder: string;
let endpoint: StartedEndpoint;
let client: EC2Client;
let store: SSMClient;
let promised: Promised;
let host: Instance;
let address: Address;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-drift-'));
  endpoint = await startEndpoint({ folder });
  [client, store] = [ec2Client(endpoint), ssmClient(endpoint)];
  const outdir = join(folder, 'app');
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(app, 'Portway', {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables', ipv6: true },
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
  });
  app.synth();
  await cdk(BOOTSTRAP, { endpoint, folder, log: join(folder, 'bootstrap.log'), app: outdir }).finished;
  const args = ['deploy', 'Portway', '--require-approval', 'never'];
  const { finished } = cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: outdir });
  await reportAll(endpoint, 'Portway', join(outdir, 'Portway.template.json'), finished);
  [promised] = (await readPromised(outdir, undefined)) as [Promised];
  address = (await stackAddress(client, 'Portway')) as Address;
  host = (await allInstances(client)).find((one) => one.InstanceId === address.InstanceId) as Instance;
  const booted = [
    `content ${'fedcba9876543210'.repeat(4)}`,
    'forwards are up',
    `content ${promised.files}`,
    'forwards are up',
  ];
  const lines = booted.map((line) => `[  50.000000] cloud-init[260]: portway ${clock(0)} ${line}\r\n`);
  await writeFile(join(folder, 'console.log'), lines.join(''));
  endpoint.showConsole(id(), join(folder, 'console.log'));
});

afterAll(async () => {
  client?.destroy();
  store?.destroy();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

let alterAnswer: (one: EC2Client) => void = () => undefined;

async function look(): Promise<readonly string[]> {
  const [ec2, ssm, formation] = [ec2Client(endpoint), ssmClient(endpoint), formationClient(endpoint)];
  for (const one of [ec2, formation]) alterAnswer(one as EC2Client);
  try {
    return (await verify(promised, { ec2, ssm, formation }, false)).differences;
  } finally {
    for (const one of [ec2, ssm, formation]) one.destroy();
  }
}

interface Drift {
  /** Does it. Returns how to undo it. */
  readonly by: () => Promise<() => Promise<unknown>>;
  readonly found: RegExp;
}

const id = () => host.InstanceId ?? '';
const group = () => host.SecurityGroups?.[0]?.GroupId ?? '';
const send: EC2Client['send'] = ((command: never) => client.send(command)) as never;

/**
 * Drift that the local endpoint has no action for: an answer of its API is changed on its way.
 * @param command such as `DescribeInstancesCommand`
 */
function answered<T>(command: string, alter: (output: T) => void): Drift['by'] {
  return async () => {
    alterAnswer = (one) =>
      one.middlewareStack.add(
        (next, context) => async (args) => {
          const result = await next(args);
          if (context.commandName === command) alter(result.output as T);
          return result;
        },
        { step: 'initialize' },
      );
    return async () => {
      alterAnswer = () => undefined;
    };
  };
}

const ofHost = (alter: (host: Instance) => void): Drift['by'] =>
  answered<DescribeInstancesResult>('DescribeInstancesCommand', ({ Reservations = [] }) => {
    for (const one of Reservations.flatMap(({ Instances = [] }) => Instances)) if (one.InstanceId === id()) alter(one);
  });

/** Changes metadata options; the interface has the same in another place. */
const metadata = (changed: InstanceMetadataOptionsResponse): Drift['by'] =>
  ofHost((one) => {
    one.MetadataOptions = { ...one.MetadataOptions, ...changed };
  });

const tcp = (port: number, cidr: string): IpPermission => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  ...(cidr.includes(':') ? { Ipv6Ranges: [{ CidrIpv6: cidr }] } : { IpRanges: [{ CidrIp: cidr }] }),
});
const inbound = (permission: IpPermission) => ({ GroupId: group(), IpPermissions: [permission] });
const opened =
  (permission: IpPermission): Drift['by'] =>
  async () => {
    await send(new AuthorizeSecurityGroupIngressCommand(inbound(permission)));
    return () => send(new RevokeSecurityGroupIngressCommand(inbound(permission)));
  };
const closed =
  (permission: IpPermission): Drift['by'] =>
  async () => {
    await send(new RevokeSecurityGroupIngressCommand(inbound(permission)));
    return () => send(new AuthorizeSecurityGroupIngressCommand(inbound(permission)));
  };

/** A time on the host's clock, so many seconds from now. */
const clock = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');

/** Lines that the host writes to its console, well after its proof. @param at seconds from now, of each line */
const said =
  (lines: () => readonly string[], at: readonly number[] = []): Drift['by'] =>
  async () => {
    const before = join(folder, 'console.log');
    const after = join(folder, 'console-more.log');
    const own = lines().map((line, i) => `[  99.000000] live.py[700]: portway ${clock(at[i] ?? 120)} ${line}\r\n`);
    await writeFile(after, [await readFile(before, 'utf8'), ...own].join(''));
    endpoint.showConsole(id(), after);
    return async () => endpoint.showConsole(id(), before);
  };

const parameter = () => [...promised.parameters.keys()].find((name) => name.includes('forwards')) ?? '';
const put = (Name: string, Value: string) =>
  store.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
const stored = async (Name: string) => (await store.send(new GetParameterCommand({ Name }))).Parameter?.Value ?? '';

async function tables() {
  const { RouteTables = [] } = await send(new DescribeRouteTablesCommand({}));
  const table = RouteTables.find(({ Associations = [] }) => Associations.some((one) => one.SubnetId === host.SubnetId));
  const association = table?.Associations?.find((one) => one.SubnetId === host.SubnetId);
  return {
    table: table?.RouteTableId ?? '',
    association: association?.RouteTableAssociationId ?? '',
    routes: table?.Routes,
  };
}

const DRIFTS: Readonly<Record<string, Drift>> = {
  'a port opened to all': { by: opened(tcp(8080, '0.0.0.0/0')), found: /lets tcp 8080 through from 0\.0\.0\.0\/0/ },
  'port 22 opened to all': { by: opened(tcp(22, '0.0.0.0/0')), found: /lets tcp 22 through from 0\.0\.0\.0\/0/ },
  'a port opened to all by IPv6': { by: opened(tcp(8443, '::/0')), found: /lets tcp 8443 through from ::\/0/ },
  'a port closed': { by: closed(tcp(80, '0.0.0.0/0')), found: /must let tcp 80 through from 0\.0\.0\.0\/0/ },
  "the admin's address removed": {
    by: closed(tcp(22, '203.0.113.7/32')),
    found: /must let tcp 22 through from 203\.0\.113\.7\/32/,
  },
  'all outbound traffic refused': {
    by: answered<DescribeSecurityGroupsResult>('DescribeSecurityGroupsCommand', ({ SecurityGroups = [] }) => {
      for (const one of SecurityGroups) one.IpPermissionsEgress = [];
    }),
    found: /must let tcp 443 through to 0\.0\.0\.0\/0 \(outbound\)/,
  },
  'another security group in place of its own': {
    by: async () => {
      const name = { GroupName: 'other', Description: 'other', VpcId: host.VpcId };
      const { GroupId } = await send(new CreateSecurityGroupCommand(name));
      return ofHost((one) => {
        one.SecurityGroups = [{ GroupId }];
      })();
    },
    found: /must let tcp 80 through/,
  },
  'the instance stopped': {
    by: async () => {
      await send(new StopInstancesCommand({ InstanceIds: [id()] }));
      return () => send(new StartInstancesCommand({ InstanceIds: [id()] }));
    },
    found: /must be running, got: stop/,
  },
  'another instance type': {
    by: ofHost((one) => {
      one.InstanceType = 't4g.nano';
    }),
    found: /instance type of i-\w+ must be t4g\.micro, got: t4g\.nano/,
  },
  'its user-data edited': {
    by: answered<InstanceAttribute>('DescribeInstanceAttributeCommand', ({ UserData }) => {
      if (UserData)
        UserData.Value = Buffer.from(`${Buffer.from(`${UserData.Value}`, 'base64')}\n# by hand`).toString('base64');
    }),
    found: /^the user-data is not what the app says now/,
  },
  'the check of source and destination on': {
    by: ofHost((one) => {
      one.SourceDestCheck = !promised.sourceDestCheck;
    }),
    found: /check of source and destination of i-\w+ must be/,
  },
  'metadata without tokens': {
    by: metadata({ HttpTokens: 'optional' }),
    found: /HttpTokens of i-\w+ must be required/,
  },
  'metadata for containers': {
    by: metadata({ HttpPutResponseHopLimit: 2 }),
    found: /hop limit of i-\w+ must be 1, got: 2/,
  },
  'no metadata service': {
    by: metadata({ HttpEndpoint: 'disabled' }),
    found: /metadata service of i-\w+ must be enabled/,
  },
  'metadata without tags': {
    by: metadata({ InstanceMetadataTags: 'disabled' }),
    found: /InstanceMetadataTags of i-\w+ must be enabled/,
  },
  'its tag edited': {
    by: async () => {
      const tag = (Value: string) =>
        send(new CreateTagsCommand({ Resources: [id()], Tags: [{ Key: 'portway:content', Value }] }));
      await tag('0'.repeat(64));
      return () => tag(promised.content ?? '');
    },
    found: /^content \(tag portway:content/,
  },
  'its role taken away': {
    by: ofHost((one) => {
      delete one.IamInstanceProfile;
    }),
    found: /must have its instance profile/,
  },
  'a parameter edited': {
    by: async () => {
      const before = await stored(parameter());
      await put(parameter(), before.replace('8080', '9090'));
      return () => put(parameter(), before);
    },
    found: /^the parameter .*forwards\.1 is not what the app says now/,
  },
  'a parameter deleted': {
    by: async () => {
      const before = await stored(parameter());
      await store.send(new DeleteParameterCommand({ Name: parameter() }));
      return () => put(parameter(), before);
    },
    found: /^the parameter .*forwards\.1 must be there, and is gone/,
  },
  'its route to the internet deleted': {
    by: async () => {
      const { table, routes = [] } = await tables();
      const route = { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0' };
      const gateway = routes.find((one) => one.DestinationCidrBlock === '0.0.0.0/0')?.GatewayId;
      await send(new DeleteRouteCommand(route));
      return () => send(new CreateRouteCommand({ ...route, GatewayId: gateway }));
    },
    found: /must have a route for 0\.0\.0\.0\/0/,
  },
  'a port refused by the network ACL': {
    by: answered<DescribeNetworkAclsResult>('DescribeNetworkAclsCommand', (output) => {
      const everyone = { Egress: false, CidrBlock: '0.0.0.0/0' };
      const deny = {
        ...everyone,
        RuleNumber: 50,
        Protocol: '6',
        RuleAction: 'deny',
        PortRange: { From: 80, To: 80 },
      } as const;
      const allow = { ...everyone, RuleNumber: 100, Protocol: '-1', RuleAction: 'allow' } as const;
      output.NetworkAcls = [{ NetworkAclId: 'acl-1', Entries: [allow, deny] }];
    }),
    found: /^the network ACL \S+ of \S+ must let tcp 80 in/,
  },
  'its IPv6 address taken away': {
    by: ofHost((one) => {
      delete one.Ipv6Address;
    }),
    found: /must have an IPv6 address, and has none/,
  },
  'outbound traffic to a stranger': {
    by: async () => {
      const rule = { GroupId: group(), IpPermissions: [tcp(25, '192.0.2.1/32')] };
      await send(new AuthorizeSecurityGroupEgressCommand(rule));
      return () => send(new RevokeSecurityGroupEgressCommand(rule));
    },
    found: /lets tcp 25 through to 192\.0\.2\.1\/32 \(outbound\)/,
  },
  'its report failed, and the deploy was not rolled back': {
    by: answered<DescribeStackResourcesOutput>('DescribeStackResourcesCommand', ({ StackResources: [one] = [] }) => {
      if (one)
        Object.assign(one, { ResourceStatus: 'CREATE_FAILED', ResourceStatusReason: 'FAILURE signal i-1 try: nginx' });
    }),
    found: /^the host did not report that this content runs: CREATE_FAILED FAILURE signal i-1 try: nginx$/,
  },
  'older content, put back on the host': {
    by: said(() => [`content ${'0123456789abcdef'.repeat(4)} runs`]),
    found: /^the host must run content [0-9a-f]{16}, and says that it runs 0123456789abcdef since 20\S+Z: somebody ran/,
  },
  'paused on the host': {
    by: said(() => [`content ${promised.files} runs, paused until ${clock(1800)}`]),
    found: /^the host was paused by hand until 20\S+Z: no deploy reaches it/,
  },
  'rules that somebody holds against it': {
    by: said(() => Array(2).fill('WARNING: could not be put right: rules: PORTWAY-DNAT'), [-300, 0]),
    found: /cannot put this right: rules: PORTWAY-DNAT$/,
  },
  'another program that changes it again and again': {
    by: said(() => [
      ...['changed by others: nginx stopped', 'put right'],
      `WARNING: 3 times within 5 min somebody changed what had been put right: left alone until ${clock(300)}. Find the other program`,
    ]),
    found: /^the host says that others change it again and again: it leaves that alone until 20/,
  },
  'its address on nothing': {
    by: async () => {
      await send(new DisassociateAddressCommand({ AssociationId: address.AssociationId }));
      return () => send(new AssociateAddressCommand({ AllocationId: address.AllocationId, InstanceId: id() }));
    },
    found: /leads to no instance of Portway$/,
  },
};

test('an unchanged gateway raises no alarm, however often it is looked at', async () => {
  for (let round = 0; round < LOOKS; round++) expect(await look()).toEqual([]);
});

test.each(Object.entries(DRIFTS))('finds %s', async (_, { by, found }) => {
  const undo = await by();
  const told = await look();
  await undo();
  expect(told).toEqual(expect.arrayContaining([expect.stringMatching(found)]));
  expect(await look()).toEqual([]);
});

test('there are twenty kinds or more', () => expect(Object.keys(DRIFTS).length).toBeGreaterThanOrEqual(20));
