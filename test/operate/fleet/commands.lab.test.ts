import type { AutoScalingGroup, AutoScalingGroupsType } from '@aws-sdk/client-auto-scaling';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateVersionCommand,
  type DescribeInstancesResult,
  type DescribeLaunchTemplatesResult,
  type Instance,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type {
  DescribeLoadBalancersOutput,
  DescribeTargetHealthOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { Forward } from '../../../lib/forward/forward';
import { type FleetClients, withFleetClients } from '../../../lib/operate/fleet/clients';
import type { PromisedFleet } from '../../../lib/operate/fleet/promised-fleet';
import { readResources, type StackResources } from '../../../lib/operate/fleet/stack-resources';
import { verifyFleet } from '../../../lib/operate/fleet/verified-fleet';
import { type Promised, readPromised } from '../../../lib/operate/promised';
import type { Verified } from '../../../lib/operate/verified';
import { awsWords } from '../../../lib/plan/aws-words';
import { FleetLab } from '../../../rehearsal/test/support/fleet-lab';
import { schemaErrors } from '../../support/json-schema';

/*
 * The commands that look at a fleet, on one that the real CLI deployed to the local endpoint: its hosts by `portway ssh`, and
 * kinds of drift, each made there by hand, found by `portway verify`, and undone.
 */
jest.setTimeout(180_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: '10.0.9.10:8080', engine: 'iptables' });
const PROPS = { ssh: 'endpoint', forwards: { web: tcp(80), more: tcp(81) } } as const;

/** Looks at an unchanged fleet. */
const LOOKS = 10;

let lab: FleetLab;
let promised: Promised & { readonly fleet: PromisedFleet };
let resources: StackResources;
let ids: readonly string[];
const environment = process.env;

beforeAll(async () => {
  lab = await FleetLab.start();
  lab.hosts.start();
  await lab.deploy(PROPS);
  process.env = { ...environment, ...lab.endpoint.env };
  const [one] = await readPromised(lab.synth(PROPS), undefined);
  if (one?.fleet === undefined) throw new Error('the app must have a fleet');
  promised = { ...one, fleet: one.fleet };
  resources = await ask(({ formation }) => readResources(formation, 'Fleet'));
  ids = await lab.ids();
  for (const id of ids) await says(id, BOOTED());
});

afterAll(async () => {
  process.env = environment;
  await lab?.stop();
});

const ask = <T>(use: (clients: FleetClients) => Promise<T>): Promise<T> => withFleetClients(undefined, use);

/** A line of a host, by its clock so many seconds from now. */
const line = (seconds: number, text: string) =>
  `[  50.000000] live.py[700]: portway ${new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '')} ${text}`;
const BOOTED = () => [line(0, `content ${promised.files}`), line(0, 'forwards are up')];
const says = (id: string, lines: readonly string[]) => lab.showConsole(id, [...lines, '']);

let alterAnswer: (clients: FleetClients) => void = () => undefined;

/** @param later seconds from now on the clock of the one who looks */
function look(later = 0): Promise<Verified> {
  return ask((clients) => {
    alterAnswer(clients);
    return verifyFleet(promised, clients, false, new Date(Date.now() + later * 1000));
  });
}

interface Drift {
  /** Does it. Returns how to undo it. */
  readonly by: () => Promise<() => Promise<unknown>>;
  readonly found: RegExp;
  /** How many seconds later it is found. */
  readonly later?: number;
}

/** Drift that the local endpoint has no action for: an answer of an API is changed on its way. */
function answered<T>(of: keyof FleetClients, command: string, alter: (output: T) => void): Drift['by'] {
  return async () => {
    alterAnswer = (clients) => {
      const { middlewareStack } = clients[of] as FleetClients['ec2'];
      middlewareStack.add(
        (next, context) => async (args) => {
          const result = await next(args);
          if (context.commandName === command) alter(result.output as T);
          return result;
        },
        { step: 'initialize' },
      );
    };
    return async () => {
      alterAnswer = () => undefined;
    };
  };
}

const ofGroup = (alter: (group: AutoScalingGroup) => void): Drift['by'] =>
  answered<AutoScalingGroupsType>('scaling', 'DescribeAutoScalingGroupsCommand', ({ AutoScalingGroups = [] }) =>
    AutoScalingGroups.forEach(alter),
  );
const ofHost = (alter: (host: Instance) => void): Drift['by'] =>
  answered<DescribeInstancesResult>('ec2', 'DescribeInstancesCommand', ({ Reservations = [] }) => {
    for (const one of Reservations.flatMap(({ Instances = [] }) => Instances))
      if (one.InstanceId === ids[0]) alter(one);
  });

type Words = Readonly<Record<string, string>>;
const group = () => ({ AutoScalingGroupName: resources.name(promised.fleet.group.id) });
/** Does one action of an API, and another one to undo it. */
const scaled =
  (action: string, words: () => Words, undo: () => Words, back = action): Drift['by'] =>
  async () => {
    await lab.scaling(action, { ...group(), ...words() });
    return () => lab.scaling(back, { ...group(), ...undo() });
  };
const balanced =
  (action: string, words: () => Words, undo: () => Words, back = action): Drift['by'] =>
  async () => {
    await lab.elb(action, words());
    return () => lab.elb(back, undo());
  };
const sized = (name: string, wrong: string, right: string) =>
  scaled(
    'UpdateAutoScalingGroup',
    () => ({ [name]: wrong }),
    () => ({ [name]: right }),
  );

const first = (parts: readonly { readonly id: string }[]) => resources.name(parts[0]?.id ?? '');
const targetGroup = () => ({ TargetGroupArn: first(promised.fleet.targetGroups) });
const attribute = (key: string, value: string) => ({
  'Attributes.member.1.Key': key,
  'Attributes.member.1.Value': value,
});
const target = (id: string) => ({ ...targetGroup(), 'Targets.member.1.Id': id });
const balancer = () => ({ LoadBalancerArn: resources.name(promised.fleet.balancer.id) });
const leadsTo = (arn: string) => ({
  'DefaultActions.member.1.Type': 'forward',
  'DefaultActions.member.1.TargetGroupArn': arn,
});

const [ofHosts, ofBalancer] = [
  () => resources.name(promised.fleet.hostGroups[0] ?? ''),
  () => resources.name(promised.fleet.balancer.securityGroups[0] ?? ''),
];
const everyone = (port: number): IpPermission => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
});
const opened =
  (id: () => string, port: number): Drift['by'] =>
  async () => {
    const rule = { GroupId: id(), IpPermissions: [everyone(port)] };
    await ask(({ ec2 }) => ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)));
    return () => ask(({ ec2 }) => ec2.send(new RevokeSecurityGroupIngressCommand(rule)));
  };
const closed =
  (id: () => string, permission: () => IpPermission): Drift['by'] =>
  async () => {
    const rule = { GroupId: id(), IpPermissions: [permission()] };
    await ask(({ ec2 }) => ec2.send(new RevokeSecurityGroupIngressCommand(rule)));
    return () => ask(({ ec2 }) => ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)));
  };

/** The second host's console. */
const said =
  (lines: () => readonly string[]): Drift['by'] =>
  async () => {
    const [, id = ''] = ids;
    await says(id, lines());
    return () => says(id, BOOTED());
  };

const parameter = (end: string) => [...promised.parameters.keys()].find((name) => name.endsWith(end)) ?? '';
const stored = async (Name: string) =>
  (await ask(({ ssm }) => ssm.send(new GetParameterCommand({ Name })))).Parameter?.Value ?? '';
const put = (Name: string, Value: string) =>
  ask(({ ssm }) => ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true })));

const DRIFTS: Readonly<Record<string, Drift>> = {
  'fewer hosts wanted': { by: sized('MinSize', '1', '2'), found: /^MinSize of the group must be 2, got: 1$/ },
  'more hosts allowed': { by: sized('MaxSize', '40', '4'), found: /^MaxSize of the group must be 4, got: 40$/ },
  'nobody asks the balancer': {
    by: sized('HealthCheckType', 'EC2', 'ELB'),
    found: /^HealthCheckType of the group must be ELB, got: EC2$/,
  },
  'a zone left out': {
    by: scaled(
      'UpdateAutoScalingGroup',
      () => ({ VPCZoneIdentifier: resources.name(promised.fleet.group.subnets[0] ?? '') }),
      () => ({ VPCZoneIdentifier: promised.fleet.group.subnets.map((id) => resources.name(id)).join(',') }),
    ),
    found: /^the subnets of the group must be subnet-\w+, subnet-\w+, got: subnet-\w+$/,
  },
  'a process suspended': {
    by: scaled(
      'SuspendProcesses',
      () => ({ 'ScalingProcesses.member.1': 'ReplaceUnhealthy' }),
      () => ({ 'ScalingProcesses.member.1': 'ReplaceUnhealthy' }),
      'ResumeProcesses',
    ),
    found: /^the process ReplaceUnhealthy of the group is suspended: nobody replaces a host that fails$/,
  },
  'the lifecycle hook deleted': {
    by: scaled(
      'DeleteLifecycleHook',
      () => ({ LifecycleHookName: first(promised.fleet.group.hooks.map((id) => ({ id }))) }),
      () => ({
        LifecycleHookName: first(promised.fleet.group.hooks.map((id) => ({ id }))),
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      }),
      'PutLifecycleHook',
    ),
    found: /^the group must have its lifecycle hook /,
  },
  'a host too few': {
    by: ofGroup((one) => {
      one.DesiredCapacity = 3;
    }),
    found: /^the group must have 3 hosts in service, got: 2$/,
  },
  'a host that the group calls unhealthy': {
    by: ofGroup(({ Instances: [one] = [] }) => {
      if (one) one.HealthStatus = 'Unhealthy';
    }),
    found: /^i-\w+ is InService, Unhealthy$/,
  },
  'both hosts in one zone': {
    by: ofGroup(({ Instances = [] }) => {
      for (const one of Instances) one.AvailabilityZone = 'us-east-1a';
    }),
    found: /^hosts in service must be in 2 zones, got: us-east-1a/,
  },
  'a host taken out of the group': {
    by: ofGroup((one) => {
      one.Instances = one.Instances?.slice(1);
    }),
    found: /^instance i-\w+ of the stack is there, and not in the group$/,
  },
  'a newer launch template': {
    by: answered<DescribeLaunchTemplatesResult>('ec2', 'DescribeLaunchTemplatesCommand', ({ LaunchTemplates = [] }) => {
      for (const one of LaunchTemplates) one.LatestVersionNumber = 2;
    }),
    found: /^the group launches hosts of version 1 of the launch template, and the newest is 2: /,
  },
  'a host of an older launch template': {
    by: ofGroup(({ Instances: [one] = [] }) => {
      if (one?.LaunchTemplate) one.LaunchTemplate.Version = '7';
    }),
    found: /^i-\w+ lags behind: it was made of version 7 of the launch template, and the group's is 1$/,
  },
  'a host of another type': {
    by: ofHost((one) => {
      one.InstanceType = 't3.large';
    }),
    found: /^instance type of i-\w+ must be t4g\.micro, got: t3\.large$/,
  },
  'a host of another image': {
    by: ofHost((one) => {
      one.ImageId = 'ami-1';
    }),
    found: /^image of i-\w+ must be ami-0123456789abcdef0, got: ami-1$/,
  },
  'a host in another security group': {
    by: ofHost((one) => {
      one.SecurityGroups = [{ GroupId: 'sg-1' }];
    }),
    found: /^security groups of i-\w+ must be sg-\w+, got: sg-1$/,
  },
  'a listener by hand': {
    by: async () => {
      const text = await lab.elb('CreateListener', {
        ...{ ...balancer(), Port: '8080', Protocol: 'TCP' },
        ...leadsTo(targetGroup().TargetGroupArn),
      });
      const [, ListenerArn = ''] = /<ListenerArn>(.*?)</.exec(text) ?? [];
      return () => lab.elb('DeleteListener', { ListenerArn });
    },
    found: /^the balancer listens on tcp 8080, which was not promised$/,
  },
  'a listener that leads elsewhere': {
    by: balanced(
      'ModifyListener',
      () => ({
        ListenerArn: first(promised.fleet.listeners),
        ...leadsTo(resources.name(promised.fleet.targetGroups[1]?.id ?? '')),
      }),
      () => ({ ListenerArn: first(promised.fleet.listeners), ...leadsTo(targetGroup().TargetGroupArn) }),
    ),
    found: /^the listener for tcp 8[01] must lead to arn:\S+, and leads to arn:/,
  },
  'a shorter idle time': {
    by: balanced(
      'ModifyListenerAttributes',
      () => ({ ListenerArn: first(promised.fleet.listeners), ...attribute('tcp.idle_timeout.seconds', '350') }),
      () => ({ ListenerArn: first(promised.fleet.listeners), ...attribute('tcp.idle_timeout.seconds', '6000') }),
    ),
    found: /^tcp\.idle_timeout\.seconds of the listener for tcp 8[01] must be 6000, got: 350$/,
  },
  'another health port': {
    by: balanced(
      'ModifyTargetGroup',
      () => ({ ...targetGroup(), HealthCheckPort: '80' }),
      () => ({ ...targetGroup(), HealthCheckPort: '10256' }),
    ),
    found: /^HealthCheckPort of the target group of tcp 8[01] must be 10256, got: 80$/,
  },
  "hosts no longer see the client's address": {
    by: balanced(
      'ModifyTargetGroupAttributes',
      () => ({ ...targetGroup(), ...attribute('preserve_client_ip.enabled', 'false') }),
      () => ({ ...targetGroup(), ...attribute('preserve_client_ip.enabled', 'true') }),
    ),
    found: /^preserve_client_ip\.enabled of the target group of tcp 8[01] must be true, got: false$/,
  },
  'a target deregistered': {
    by: balanced(
      'DeregisterTargets',
      () => target(ids[0] ?? ''),
      () => target(ids[0] ?? ''),
      'RegisterTargets',
    ),
    found: /^i-\w+ is in service, and the balancer sends it nothing: it is no target of tcp 8[01]$/,
  },
  "a stranger among the balancer's targets": {
    by: balanced(
      'RegisterTargets',
      () => target('i-00000000000000000'),
      () => target('i-00000000000000000'),
      'DeregisterTargets',
    ),
    found: /^i-0+ is no host in service of the group, and a target of tcp 8[01]$/,
  },
  'a host that its balancer calls unhealthy': {
    by: answered<DescribeTargetHealthOutput>('balancing', 'DescribeTargetHealthCommand', (output) => {
      const [one] = output.TargetHealthDescriptions ?? [];
      if (one)
        one.TargetHealth = {
          ...{ State: 'unhealthy', Reason: 'Target.ResponseCodeMismatch' },
          Description: 'Health checks failed with these codes: [503]',
        };
    }),
    found:
      /^the balancer says that i-\w+ is unhealthy \(Target\.ResponseCodeMismatch: Health checks failed with these codes: \[503\]\) at tcp 8[01], tcp 8[01]$/,
  },
  'connections across zones': {
    by: balanced(
      'ModifyLoadBalancerAttributes',
      () => ({ ...balancer(), ...attribute('load_balancing.cross_zone.enabled', 'true') }),
      () => ({ ...balancer(), ...attribute('load_balancing.cross_zone.enabled', 'false') }),
    ),
    found: /^load_balancing\.cross_zone\.enabled of the balancer must be false, got: true$/,
  },
  'an address moved': {
    by: answered<DescribeLoadBalancersOutput>('balancing', 'DescribeLoadBalancersCommand', (output) => {
      const [zone] = output.LoadBalancers?.[0]?.AvailabilityZones ?? [];
      if (zone) zone.LoadBalancerAddresses = [];
    }),
    found: /^the balancer must have 203\.0\.113\.\d+ in subnet-\w+, got: no address$/,
  },
  "another security group in place of the balancer's": {
    by: answered<DescribeLoadBalancersOutput>('balancing', 'DescribeLoadBalancersCommand', (output) => {
      const [one] = output.LoadBalancers ?? [];
      if (one) one.SecurityGroups = ['sg-1'];
    }),
    found: /^the security groups of the balancer must be sg-\w+, got: sg-1$/,
  },
  "a port of the balancer's group opened": {
    by: opened(() => ofBalancer(), 22),
    found: /^the balancer's security group lets tcp 22 through from 0\.0\.0\.0\/0 \(inbound\), which was not promised$/,
  },
  'hosts opened past the balancer': {
    by: opened(() => ofHosts(), 80),
    found: /^the hosts' security group lets tcp 80 through from 0\.0\.0\.0\/0 \(inbound\), which was not promised$/,
  },
  'the health port closed to the balancer': {
    by: closed(
      () => ofHosts(),
      () => ({
        ...{ IpProtocol: 'tcp', FromPort: 10256, ToPort: 10256 },
        // The local endpoint compares descriptions too.
        UserIdGroupPairs: [{ GroupId: ofBalancer(), Description: 'health of the hosts' }],
      }),
    ),
    found: /^the hosts' security group must let tcp 10256 through from sg-\w+ \(inbound\), and does not$/,
  },
  'one host with the content of before': {
    by: said(() => [line(-3600, `content ${'0123456789abcdef'.repeat(4)}`), line(-3600, 'forwards are up')]),
    found: /^i-\w+: the host lags behind: it says that it runs content 0123456789abcdef since 20\S+Z, and nothing of/,
    later: 700,
  },
  'older content, put back on one host': {
    by: said(() => [...BOOTED(), line(300, `content ${'0123456789abcdef'.repeat(4)} runs`)]),
    found: /^i-\w+: the host must run content [0-9a-f]{16}, and says that it runs 0123456789abcdef since 20\S+Z: /,
    later: 400,
  },
  'one host paused': {
    by: said(() => [
      ...BOOTED(),
      line(
        120,
        `content ${promised.files} runs, paused until ${new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, '')}`,
      ),
    ]),
    found: /^i-\w+: the host was paused by hand until 20\S+Z: no deploy reaches it/,
  },
  'the pointer edited': {
    by: async () => {
      const before = await stored(parameter('/now'));
      await put(parameter('/now'), before.replace(promised.files, '0'.repeat(64)));
      return () => put(parameter('/now'), before);
    },
    found: /^the parameter \/portway\/Fleet\/\w+\/now is not what the app says now/,
  },
  'a parameter deleted': {
    by: async () => {
      const before = await stored(parameter('/forwards.1'));
      await ask(({ ssm }) => ssm.send(new DeleteParameterCommand({ Name: parameter('/forwards.1') })));
      return () => put(parameter('/forwards.1'), before);
    },
    found: /^the parameter \S+forwards\.1 must be there, and is gone/,
  },
};

test('a host is named by its number or its id; without, the hosts are listed', async () => {
  const listed = await lab.portway(['ssh', 'Fleet', '--print'], PROPS);
  expect(listed.code).toBe(2);
  expect(listed.stderr).toMatch(/^the host of Fleet must be named \(by its number, /);
  for (const id of ids) expect(listed.stderr).toMatch(new RegExp(`^[12] {2}${id} {2}\\S+ {2}since 20\\S+Z `, 'm'));
  const [first = ''] = /i-\w+/.exec(listed.stderr) ?? [];
  const printed = await lab.portway(['ssh', 'Fleet', '1', '--print', '--', 'sudo', 'portway', 'status'], PROPS);
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  expect(printed.stdout).toMatch(new RegExp(`open-tunnel --instance-id %h.* admin@${first} sudo portway status$`));
});

test('portway verify tells hosts, addresses and contents of an unchanged fleet, as its schema says', async () => {
  const { code, stdout } = await lab.portway(['verify', 'Fleet', '--no-probe', '--json'], PROPS);
  expect(schemaErrors('verify', stdout)).toEqual([]);
  const { Fleet: told } = JSON.parse(stdout) as Record<string, Verified>;
  expect(told?.differences).toEqual([]);
  expect(code).toBe(0);
  expect(told).toMatchObject({
    reported: expect.stringMatching(/^20/),
    fleet: {
      addresses: [expect.stringMatching(/^203\./), expect.stringMatching(/^203\./)],
      ...{ desired: 2, launchTemplate: { runs: '1', newest: '1' } },
    },
  });
  const runs = { content: promised.files, since: expect.any(String) };
  expect(told?.fleet?.hosts).toEqual(
    Object.fromEntries(
      ids.map((id) => [id, { zone: expect.any(String), state: 'InService', launchTemplate: '1', runs }]),
    ),
  );
});

test('an unchanged fleet raises no alarm, however often and late it is looked at', async () => {
  for (let round = 0; round < LOOKS; round++) expect((await look(round * 600)).differences).toEqual([]);
});

test.each(Object.entries(DRIFTS))('finds %s', async (_, { by, found, later = 0 }) => {
  const undo = await by();
  const told = await look(later);
  await undo();
  expect(told.differences).toEqual(expect.arrayContaining([expect.stringMatching(found)]));
  expect((await look(later)).differences).toEqual([]);
});

test('there are thirty kinds or more', () => expect(Object.keys(DRIFTS).length).toBeGreaterThanOrEqual(30));

test('a deploy that runs is a note: what it suspends, and hosts of two launch templates', async () => {
  const undo = await ofGroup((one) => {
    one.SuspendedProcesses = [{ ProcessName: 'AZRebalance' }];
    const [host] = one.Instances ?? [];
    if (host?.LaunchTemplate) host.LaunchTemplate.Version = '0';
  })();
  const altered = alterAnswer;
  alterAnswer = (clients) => {
    altered(clients);
    clients.formation.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { StackResourceSummaries: all = [] } = result.output as {
          StackResourceSummaries?: { LogicalResourceId?: string; ResourceStatus?: string }[];
        };
        for (const one of all)
          if (one.LogicalResourceId === promised.fleet.group.id) one.ResourceStatus = 'UPDATE_IN_PROGRESS';
        return result;
      },
      { step: 'initialize' },
    );
  };
  const { differences, notes } = await look();
  await undo();
  expect(differences).toEqual([]);
  expect(notes).toEqual(
    expect.arrayContaining([
      'a deploy is running: it replaces hosts',
      expect.stringMatching(/^the process AZRebalance of the group is suspended/),
      expect.stringMatching(/^i-\w+ lags behind: it was made of version 0 /),
    ]),
  );
});

test.each([
  ['scaling', 'autoscaling:DescribeAutoScalingGroups'],
  ['balancing', 'elasticloadbalancing:DescribeLoadBalancers'],
  ['formation', 'cloudformation:ListStackResources'],
] as const)('an error of %s names the missing right', async (of, right) => {
  alterAnswer = (clients) => {
    const { middlewareStack } = clients[of] as FleetClients['ec2'];
    const message = `User: me is not authorized to perform: ${right} because no identity-based policy allows it`;
    middlewareStack.add(
      () => async () => {
        throw Object.assign(new Error(message), { name: 'AccessDenied' });
      },
      { step: 'initialize' },
    );
  };
  const error = await look().catch((failure: Error) => failure);
  alterAnswer = () => undefined;
  expect(awsWords(error as Error)).toBe(
    `AWS refuses it: me needs the right ${right} (because no identity-based policy allows it)`,
  );
});

test('finds what cannot be undone: a launch template by hand, a host terminated, a listener and the balancer deleted', async () => {
  const [id = ''] = ids;
  const LaunchTemplateId = resources.name(promised.fleet.group.launchTemplateId);
  const LaunchTemplateData = { InstanceType: 't3.large' } as const;
  const version = new CreateLaunchTemplateVersionCommand({ LaunchTemplateId, LaunchTemplateData, SourceVersion: '1' });
  await ask(({ ec2 }) => ec2.send(version));
  await ask(({ ec2 }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })));
  await lab.elb('DeleteListener', { ListenerArn: first(promised.fleet.listeners) });
  expect((await look()).differences).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/version 1 of the launch template, and the newest is 2: somebody made a version by hand/),
      expect.stringMatching(/^i-\w+ of the group is no instance any more$/),
      expect.stringMatching(/^the listener for tcp 8[01] must be there, and is gone: nobody reaches this port$/),
    ]),
  );
  const { code, stdout } = await lab.portway(['verify', 'Fleet', '--no-probe'], PROPS);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^Fleet: NOT AS THE APP SAYS\n/);
  await lab.elb('DeleteLoadBalancer', balancer());
  expect((await look()).differences).toContain('the balancer must be there, and is gone: nobody reaches the hosts');
});
