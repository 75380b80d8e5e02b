import { Duration } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { checkFleet } from '../../lib/check-fleet';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { PortwayError, show } from '../../lib/forward/problems';
import type { MetadataUsers } from '../../lib/kernel/metadata-users';
import { acceptedOf, wholeStack } from '../host/support/accepted';
import { stacks } from '../host/support/arbitrary';
import { Choices, mistakes, mutate } from '../host/support/mutate';
import { SEED } from '../host/support/seed';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { teamNetwork } from '../snapshots/team-network';

/** Variants of each stack that is drawn. */
const OF_EACH = 10;

/** The stack's props besides its forwards. */
const rest = fc.record(
  {
    os: fc.constantFrom('debian-13', 'debian-12', 'amazon-linux-2023', 'ubuntu-24.04'),
    instanceType: fc.constantFrom('t4g.micro', 't3.large'),
    diskGiB: fc.integer({ min: 8, max: 100 }),
    ami: fc.constant({ id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' }),
    sshPublicKey: fc.constant(PUBLIC_KEY),
    ssh: fc.constantFrom('direct', 'endpoint', 'session-manager'),
    onChange: fc.constantFrom('live', 'restart', 'replace'),
    liveTrigger: fc.constantFrom('tag', 'poll'),
    signalTimeout: fc.constant(Duration.minutes(5)),
    drain: fc.constant(Duration.minutes(5)),
    confirm: fc.constant('answers'),
    flowLogs: fc.boolean(),
    monitoring: fc.record(
      {
        prometheus: fc.record({ from: fc.constant(['10.0.5.0/24']) }),
        cloudWatch: fc.constantFrom({}, { level: 'forwards', retentionDays: 7 }),
        logs: fc.constantFrom({}, { access: true, retentionDays: 7 }),
        alarms: fc.constant({ email: 'ops@example.com' }),
        dashboard: fc.boolean(),
      },
      { requiredKeys: ['dashboard'] },
    ),
    protect: fc.constantFrom(
      { refusedRequests: 50 },
      { failedLogins: { paths: ['/login'], most: 5 } },
      { newConnectionsPerSecond: 100, never: ['198.51.100.0/24'], dryRun: true },
    ),
    lists: fc.constant({ office: ['198.51.100.0/24'], partners: ['203.0.113.64/26'] }),
    eip: fc.constant({ allocationId: 'eipalloc-0123456789abcdef0', publicIp: '203.0.113.100' }),
    metadataUsers: fc.constantFrom<MetadataUsers>('everyone', ['app']),
    reboot: fc.constantFrom('sun 04:00', '23:59'),
    securityUpdates: fc.constant({ offBecause: 'a new image each week' }),
    detailedMonitoring: fc.boolean(),
    attempt: fc.nat(9),
    env: fc.constant({ account: '123456789012', region: 'eu-central-1' }),
    tags: fc.constant({ team: 'edge' }),
    description: fc.constant('x'),
  },
  { requiredKeys: [] },
);

const TEAM = teamNetwork().shared;

/** The props of a fleet besides those of its hosts. */
const capacity = fc.record(
  {
    capacity: fc.record(
      {
        min: fc.integer({ min: 2, max: 6 }),
        max: fc.integer({ min: 8, max: 60 }),
        zones: fc.constant(2),
        scaleOn: fc.record(
          {
            cpu: fc.integer({ min: 10, max: 90 }),
            connections: fc.integer({ min: 100, max: 1_000_000 }),
            megabitsOut: fc.integer({ min: 1, max: 100_000 }),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['min', 'max'] },
    ),
    ami: fc.constant({ id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' }),
    dns: fc.constant(TEAM.dns),
    role: fc.constant(TEAM.role),
    vpc: fc.constant(TEAM.vpc),
    vpcSubnets: fc.constantFrom({ subnets: TEAM.vpc.publicSubnets }, { onePerAz: true }),
    securityGroups: fc.constant(TEAM.securityGroups),
  },
  { requiredKeys: ['capacity', 'ami'] },
);

/** Limits of every second forward become those of the whole fleet; every third takes the PROXY protocol of the balancer. */
function shared<T extends { readonly forwards: Readonly<Record<string, Forward>> }>(stack: T): T {
  const forwards = Object.entries(stack.forwards).map(([name, forward], i) => {
    const { kind, props } = forward;
    const own = {
      ...(i % 2 === 1 && 'limits' in props ? { limits: { ...props.limits, perFleet: true } } : {}),
      ...(i % 3 === 0 && kind !== 'udp' && kind !== 'protocol' ? { proxyProtocol: { accept: 'balancer' } } : {}),
    };
    return [name, Forward[kind]({ ...props, ...own } as never)];
  });
  return { ...stack, forwards: Object.fromEntries(forwards) };
}

const drawn = (own: fc.Arbitrary<object>) =>
  fc
    .tuple(stacks, rest, own, fc.array(mistakes, { minLength: OF_EACH, maxLength: OF_EACH }))
    .map(([stack, more, last, numbers]) => {
      const whole = { ...more, ...('capacity' in last ? shared(stack) : stack), ...last };
      return { stack: wholeStack(whole), numbers };
    });

/** Valid before mistakes are added: in an already invalid stack an accepted mistake would go unnoticed. */
function* rightStacks(own: fc.Arbitrary<object>, check: (props: unknown) => unknown) {
  for (let round = 0; ; round++)
    for (const { stack, numbers } of fc.sample(drawn(own), { numRuns: 100, seed: SEED + round })) {
      const accepted = (set: typeof stack) => {
        check(set);
        return set;
      };
      const right = acceptedOf(stack, accepted, []);
      if (right !== undefined) yield* numbers.map((choices) => [right, choices] as const);
    }
}

test.each([
  { what: 'a stack', own: fc.constant({}), check: checkStack, tried: 10_000 },
  { what: 'a fleet', own: capacity, check: checkFleet, tried: 3_000 },
])(
  `whatever $what is, it is checked: nothing crashes, nothing unknown is accepted (seed ${SEED})`,
  (the) => {
    const { own, check, tried } = the;
    const failures: string[] = [];
    const seen = { accepted: 0, refused: 0, unknown: 0, hostile: 0 };
    for (const [right, choices] of rightStacks(own, check)) {
      if (seen.accepted + seen.refused === tried) break;
      const { stack, unknown, hostile, done } = mutate(right, new Choices(choices));
      if (unknown) seen.unknown++;
      if (hostile) seen.hostile++;
      const tell = (how: string) => failures.push(`${how}: ${done.join('; ')} of ${show(right)}`);
      try {
        check(stack);
        seen.accepted++;
        if (unknown || hostile) tell('accepted');
      } catch (error) {
        seen.refused++;
        if (!(error instanceof PortwayError)) tell(`crashed with ${(error as Error)?.stack ?? error}`);
      }
    }
    expect(failures.slice(0, 5)).toEqual([]);
    expect(seen.accepted + seen.refused).toBe(tried);
    // Otherwise the test would prove nothing about them.
    expect(seen.accepted).toBeGreaterThan(tried / 20);
    expect(seen.unknown).toBeGreaterThan(tried * 0.3);
    expect(seen.hostile).toBeGreaterThan(tried * 0.15);
  },
  120_000,
);
