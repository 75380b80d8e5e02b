import { CreateLaunchTemplateVersionCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { Forward } from '../../../lib/forward/forward';
import type { FleetClients } from '../../../lib/operate/fleet/clients';
import type { Verified } from '../../../lib/operate/verified';
import { awsWords } from '../../../lib/plan/aws-words';
import { FleetLab } from '../../../rehearsal/test/support/fleet-lab';
import { schemaErrors } from '../../support/json-schema';
import { balancer, OF_THE_BALANCER } from './drift/balancer';
import { OF_THE_CONTENT } from './drift/content';
import { OF_THE_GROUP, ofGroup } from './drift/group';
import { type Drifts, FleetDriftLab } from './drift/lab';
import { OF_THE_MACHINES } from './drift/machines';
import { OF_THE_NETWORK } from './drift/network';

/*
 * The commands that look at a fleet, on one that the real CLI deployed to the local endpoint: its hosts by `portway ssh`, and
 * kinds of drift, each made there by hand, found by `portway verify`, and undone.
 */
jest.setTimeout(180_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: '10.0.9.10:8080', engine: 'iptables' });
const PROPS = { ssh: 'endpoint', forwards: { web: tcp(80), more: tcp(81) } } as const;
const DRIFTS: Drifts = {
  ...OF_THE_GROUP,
  ...OF_THE_MACHINES,
  ...OF_THE_BALANCER,
  ...OF_THE_NETWORK,
  ...OF_THE_CONTENT,
};

/** Looks at an unchanged fleet. */
const LOOKS = 10;

let lab: FleetLab;
let drifted: FleetDriftLab;
const environment = process.env;

beforeAll(async () => {
  lab = await FleetLab.start();
  lab.hosts.start();
  await lab.deploy(PROPS);
  process.env = { ...environment, ...lab.endpoint.env };
  drifted = await FleetDriftLab.start(lab, PROPS);
});

afterAll(async () => {
  process.env = environment;
  await lab?.stop();
});

test('a host is named by its number or its id; without, the hosts are listed', async () => {
  const listed = await lab.portway(['ssh', 'Fleet', '--print'], PROPS);
  expect(listed.code).toBe(2);
  expect(listed.stderr).toMatch(/^the host of Fleet must be named \(by its number, /);
  for (const id of drifted.ids)
    expect(listed.stderr).toMatch(new RegExp(`^[12] {2}${id} {2}\\S+ {2}since 20\\S+Z `, 'm'));
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
  const runs = { content: drifted.promised.files, since: expect.any(String) };
  expect(told?.fleet?.hosts).toEqual(
    Object.fromEntries(
      drifted.ids.map((id) => [id, { zone: expect.any(String), state: 'InService', launchTemplate: '1', runs }]),
    ),
  );
});

test('an unchanged fleet raises no alarm, however often and late it is looked at', async () => {
  for (let round = 0; round < LOOKS; round++) expect((await drifted.look(round * 600)).differences).toEqual([]);
});

test.each(Object.entries(DRIFTS))('finds %s', async (_, { by, found, later = 0 }) => {
  const undo = await by(drifted);
  const told = await drifted.look(later);
  await undo();
  expect(told.differences).toEqual(expect.arrayContaining([expect.stringMatching(found)]));
  expect((await drifted.look(later)).differences).toEqual([]);
});

test('there are thirty kinds or more', () => expect(Object.keys(DRIFTS).length).toBeGreaterThanOrEqual(30));

test('a deploy that runs is a note: what it suspends, and hosts of two launch templates', async () => {
  const undo = await ofGroup((one) => {
    one.SuspendedProcesses = [{ ProcessName: 'AZRebalance' }];
    const [host] = one.Instances ?? [];
    if (host?.LaunchTemplate) host.LaunchTemplate.Version = '0';
  })(drifted);
  const altered = drifted.alterAnswer;
  drifted.alterAnswer = (clients) => {
    altered(clients);
    clients.formation.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { StackResourceSummaries: all = [] } = result.output as {
          StackResourceSummaries?: { LogicalResourceId?: string; ResourceStatus?: string }[];
        };
        for (const one of all)
          if (one.LogicalResourceId === drifted.promised.fleet.group.id) one.ResourceStatus = 'UPDATE_IN_PROGRESS';
        return result;
      },
      { step: 'initialize' },
    );
  };
  const { differences, notes } = await drifted.look();
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
  drifted.alterAnswer = (clients) => {
    const { middlewareStack } = clients[of] as FleetClients['ec2'];
    const message = `User: me is not authorized to perform: ${right} because no identity-based policy allows it`;
    middlewareStack.add(
      () => async () => {
        throw Object.assign(new Error(message), { name: 'AccessDenied' });
      },
      { step: 'initialize' },
    );
  };
  const error = await drifted.look().catch((failure: Error) => failure);
  drifted.alterAnswer = () => undefined;
  expect(awsWords(error as Error)).toBe(
    `AWS refuses it: me needs the right ${right} (because no identity-based policy allows it)`,
  );
});

test('finds what cannot be undone: a launch template by hand, a host terminated, a listener and the balancer deleted', async () => {
  const [id = ''] = drifted.ids;
  const LaunchTemplateId = drifted.name(drifted.promised.fleet.group.launchTemplateId);
  const LaunchTemplateData = { InstanceType: 't3.large' } as const;
  const version = new CreateLaunchTemplateVersionCommand({ LaunchTemplateId, LaunchTemplateData, SourceVersion: '1' });
  await drifted.ask(({ ec2 }) => ec2.send(version));
  await drifted.ask(({ ec2 }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })));
  await lab.elb('DeleteListener', { ListenerArn: drifted.first(drifted.promised.fleet.listeners) });
  expect((await drifted.look()).differences).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/version 1 of the launch template, and the newest is 2: somebody made a version by hand/),
      expect.stringMatching(/^i-\w+ of the group is no instance any more$/),
      expect.stringMatching(/^the listener for tcp 8[01] must be there, and is gone: nobody reaches this port$/),
    ]),
  );
  const { code, stdout } = await lab.portway(['verify', 'Fleet', '--no-probe'], PROPS);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^Fleet: NOT AS THE APP SAYS\n/);
  await lab.elb('DeleteLoadBalancer', balancer(drifted));
  expect((await drifted.look()).differences).toContain(
    'the balancer must be there, and is gone: nobody reaches the hosts',
  );
});
