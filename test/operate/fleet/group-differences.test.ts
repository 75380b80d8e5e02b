import type { Instance } from '@aws-sdk/client-auto-scaling';
import { groupDifferences } from '../../../lib/operate/fleet/group-differences';
import { StackResources } from '../../../lib/operate/fleet/stack-resources';

/** A group of two hosts that is as its template says, but for these hosts. */
function told(hosts: readonly Partial<Instance>[], { desired = 2, isChanging = false } = {}) {
  const template = { LaunchTemplateId: 'lt-1', Version: '2' };
  const promised = {
    ...{ id: 'Group', properties: {}, attributes: {}, launchTemplateId: 'lt-1', types: [] },
    ...{ subnets: ['subnet-1', 'subnet-2'], targetGroups: [], hooks: [], policies: [] },
  };
  const group = {
    ...{ DesiredCapacity: desired, LaunchTemplate: template, VPCZoneIdentifier: 'subnet-1,subnet-2' },
    Instances: hosts.map((host, i) => ({
      InstanceId: `i-${i}`,
      LaunchTemplate: template,
      HealthStatus: 'Healthy',
      ...host,
    })),
  };
  const found = { group: group as never, hooks: [], policies: [], newest: '2' };
  return groupDifferences(promised as never, found, new StackResources(new Map()), isChanging);
}

const A = { LifecycleState: 'InService', AvailabilityZone: 'a' } as const;
const B = { LifecycleState: 'InService', AvailabilityZone: 'b' } as const;
const OLD = { LaunchTemplate: { Version: '1' } } as const;

test('hosts that serve, in each zone, are neither a difference nor a note', () => {
  expect(told([A, B])).toEqual({ differences: [], notes: [] });
});

test.each(['Terminating', 'Terminating:Wait', 'Terminating:Proceed', 'Terminated', 'Detaching', 'Detached'] as const)(
  'a host that leaves is a note, also one of the machine before: %s',
  (LifecycleState) => {
    const leaving = { AvailabilityZone: 'b', LifecycleState, ...OLD };
    expect(told([A, B, leaving])).toEqual({ differences: [], notes: [`i-2 is ${LifecycleState}, Healthy`] });
    expect(told([A, B, { ...leaving, HealthStatus: 'Unhealthy' }])).toEqual({
      differences: [],
      notes: [`i-2 is ${LifecycleState}, Unhealthy`],
    });
  },
);

test.each(['Pending', 'Pending:Wait', 'Pending:Proceed'] as const)(
  'what a host that boots will make good is a note: %s',
  (LifecycleState) => {
    expect(told([A, { AvailabilityZone: 'b', LifecycleState }])).toEqual({
      differences: [],
      notes: [
        'the group must have 2 hosts in service, got: 1; 1 more boot',
        `i-1 is ${LifecycleState}, Healthy`,
        "hosts in service must be in 2 zones, got: a: the other zone's address leads to none, until the host that boots there serves",
      ],
    });
  },
);

test('what it will not make good is a difference', () => {
  const coming = { AvailabilityZone: 'a', LifecycleState: 'Pending' } as const;
  expect(told([A, coming], { desired: 3 }).differences).toEqual([
    'the group must have 3 hosts in service, got: 1',
    "hosts in service must be in 2 zones, got: a: the other zone's address leads to none",
  ]);
  expect(told([A, { ...B, LifecycleState: 'Terminating' }]).differences).toEqual([
    'the group must have 2 hosts in service, got: 1',
    "hosts in service must be in 2 zones, got: a: the other zone's address leads to none",
  ]);
});

test.each([
  'Standby',
  'EnteringStandby',
  'Quarantined',
  'Warmed:Running',
  'Terminating:Retained',
  'ReplacingRootVolume',
])('a host that somebody keeps from serving is a difference: %s', (LifecycleState) => {
  const host = { AvailabilityZone: 'b', LifecycleState: LifecycleState as never };
  expect(told([A, B, host])).toEqual({ differences: [`i-2 is ${LifecycleState}, Healthy`], notes: [] });
});

test('a host that serves and is unhealthy, or of the machine before, is a difference; while a deploy replaces hosts a note', () => {
  const lines = [
    "i-1 lags behind: it was made of version 1 of the launch template, and the group's is 2",
    'i-0 is InService, Unhealthy',
  ];
  const hosts = [
    { ...A, HealthStatus: 'Unhealthy' },
    { ...B, ...OLD },
  ];
  expect(told(hosts)).toEqual({ differences: lines, notes: [] });
  expect(told(hosts, { isChanging: true })).toEqual({
    differences: [],
    notes: ['a deploy is running: it replaces hosts', ...lines],
  });
});
