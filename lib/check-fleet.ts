import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { GATEWAY, ofStack, readGateway, readObjectOrEnd, type Written } from './check-stack';
import { CDK_STACK, type CdkStackProps, readCdkStackProps } from './constructs/cdk-stack-props';
import { type Place, readPlace } from './constructs/check-vpc';
import type { DnsProps } from './constructs/dns';
import { type ExistingEipProps, readEips } from './constructs/fixed-address';
import { type BalancerRule, balancerRules } from './constructs/fleet/balancer-rules';
import { CAPACITY, type Capacity, readCapacity } from './constructs/fleet/capacity';
import { checkForwards } from './constructs/fleet/check-forwards';
import { checkIpv6 } from './constructs/fleet/check-ipv6';
import { readFallbackTypes } from './constructs/fleet/fallback-types';
import { type Listener, listenersOf } from './constructs/fleet/listeners';
import { NO_WORDS, NOT_ON_A_FLEET, refuseOthers } from './constructs/fleet/not-on-a-fleet';
import { SCALE_ON } from './constructs/fleet/scaling';
import { balancerNetworks, checkBlocked, zoneSubnets } from './constructs/fleet/zones';
import type { LiveChange } from './constructs/live-change';
import { loginPeer, NOBODY } from './constructs/login';
import type { LoginKeyProps } from './constructs/login-key';
import type { Machine } from './constructs/machine';
import type { AlarmsProps } from './constructs/monitoring';
import type { NetworkProps } from './constructs/network';
import { readLogin, type SshWay } from './forward/admin';
import { Forward } from './forward/forward';
import { type GatewaySettings, NO_SETTINGS } from './forward/gateway-settings';
import type { Known } from './forward/known';
import { PLACES } from './forward/known-props';
import { Problems } from './forward/problems';
import { isPlainObject } from './forward/read-object';
import { readFlag } from './forward/read-value';
import type { ResolvedForward } from './forward/resolved';
import { inboundTraffic, separateTraffic, type TrafficRule } from './forward/traffic';
import { HEALTH_PORT } from './host/fleet';
import type { HostFile } from './host/host-file';
import { OPERATING_SYSTEMS } from './host/operating-system';
import type { PortwayFleetProps } from './portway-fleet-props';

/** A fleet's checked props. */
export interface CheckedFleet {
  readonly cdk: CdkStackProps;
  readonly capacity: Capacity;
  /** The balancer's addresses. Undefined: new ones. */
  readonly eips: readonly ExistingEipProps[] | undefined;
  /** Whether clients also come by IPv6. The hosts have none. */
  readonly ipv6: boolean;
  readonly forwards: readonly ResolvedForward[];
  readonly listeners: readonly Listener[];
  readonly settings: GatewaySettings;
  readonly machine: Machine;
  readonly network: NetworkProps;
  readonly ssh: SshWay;
  readonly loginKey: LoginKeyProps;
  readonly firstBootScript?: HostFile;
  /** What the balancer's group admits. */
  readonly fromClients: readonly TrafficRule[];
  /** What the hosts' group admits besides the balancer. */
  readonly toHosts: readonly TrafficRule[];
  /** What the balancer's group sends, and the hosts' group admits from it. */
  readonly fromBalancer: readonly BalancerRule[];
  readonly outbound: readonly TrafficRule[];
  readonly liveChange: LiveChange;
  readonly signalTimeout: Duration;
  readonly detailedMonitoring: boolean;
  readonly dns: DnsProps | undefined;
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly role: iam.IRole | undefined;
  /** Undefined: nobody is told. */
  readonly alarms: AlarmsProps | undefined;
  readonly dashboard: boolean;
}

/** The names of a fleet's props, and those of a single gateway's, which are refused with a reason. */
export const FLEET = { ...CDK_STACK, ...GATEWAY, capacity: true, eips: true } satisfies Known<PortwayFleetProps>;

const EXAMPLE =
  "{ adminCidr: '203.0.113.7/32', capacity: { min: 2, max: 4 }, ami, forwards: { web: Forward.tcp({ listen: 80, to: '10.0.9.10:80' }) } }";

/** A rolling update waits no longer for a host. */
const LONGEST_BOOT = 3600;

/**
 * The checking phase of a fleet: reports every problem with its props at once, whatever they are.
 * @throws PortwayError listing every problem
 */
export function checkFleet(written: unknown): CheckedFleet {
  const problems = new Problems([...PLACES, ['capacity', CAPACITY], ['capacity.scaleOn', SCALE_ON]]);
  const props = readObjectOrEnd(written, FLEET, problems, EXAMPLE, NO_WORDS);
  const checked = readFleet(props, problems);
  problems.throwIfAny();
  return checked;
}

/**
 * A small fleet with valid props, in place of a wrong one until all problems are told. It keeps the VPC, if that is valid. It must never be
 * deployed.
 */
export function standInFleet(written: unknown): CheckedFleet {
  const { vpc: given } = (isPlainObject(written) ? written : {}) as Written;
  const ami = { id: 'ami-00000000', rootDevice: '/dev/xvda' };
  const forwards = { standIn: Forward.tcp({ listen: 80, to: '192.0.2.1:80', engine: 'iptables' }) };
  const capacity = { min: 2, max: 4 };
  const problems = new Problems();
  const place = readPlace({ vpc: given }, problems);
  subnetsIn(place, { zones: 2, isChosen: false }, problems);
  const own = place === undefined || problems.length > 0 ? {} : { vpc: place.vpc };
  return readFleet({ adminCidr: NOBODY.text, keyPairName: 'none', ami, capacity, forwards, ...own }, new Problems());
}

function readFleet(props: Written, problems: Problems): CheckedFleet {
  const cdk = readCdkStackProps(props, problems);
  const before = problems.length;
  const sizes = readCapacity(props.capacity, problems);
  // A stand-in must not lead to words about limits.
  const hosts = problems.length > before ? 1 : sizes.max;
  const ipv6 = readFlag('ipv6', props.ipv6, problems) === true;
  refuseOthers(props, problems);
  const eips = readEips(props.eips, sizes.zones, problems);
  const place = readPlace(props, problems);
  const subnets = subnetsIn(place, { zones: sizes.zones, isChosen: props.vpcSubnets !== undefined }, problems);
  const one = readGateway(ofOneHost(props), problems, {
    ...{ hosts, place, ipv6 },
    balancer: balancerNetworks({ ...place, ...subnets }, sizes.zones),
  });
  const { forwards, settings, machine, signalTimeout } = one;
  const capacity = { ...sizes, fallbackTypes: readFallbackTypes(sizes.fallbackTypes, machine, problems) };
  if (props.ami === undefined) askForImage(machine, problems);
  if (signalTimeout.toSeconds() > LONGEST_BOOT)
    problems.add(
      'signalTimeout',
      'must be at most an hour on a fleet: a rolling update waits no longer for a host',
      `${signalTimeout.toSeconds()} s`,
    );
  const listeners = listenersOf(forwards);
  checkForwards(forwards, listeners, problems);
  checkMonitoring(settings, problems);
  const network = { ...one.network, zones: capacity.zones, ...subnets };
  checkBlocked(settings, network, problems);
  if (ipv6) checkIpv6(forwards, settings, subnets.subnets ?? [], problems);
  // Reported already if it is wrong.
  const login = readLogin(props, new Problems());
  const { prometheus, ...withoutReaders } = settings;
  const {
    firstBootScript,
    loginKey,
    outbound,
    liveChange,
    detailedMonitoring,
    dns,
    securityGroups,
    role,
    alarms,
    dashboard,
  } = one;
  const most = mostRules(props.maxSecurityGroupRules);
  // People and Prometheus ask the hosts themselves, not the balancer.
  const fromClients = inboundTraffic(forwards, { ...withoutReaders, ipv6 }, undefined, separateTraffic(most));
  const toHosts = inboundTraffic(
    [],
    { ...NO_SETTINGS, ...(prometheus === undefined ? {} : { prometheus }) },
    loginPeer(login),
  );
  return {
    cdk: ofStack(cdk),
    ...{ capacity, eips, ipv6, forwards, fromClients, listeners, settings, machine, loginKey, outbound },
    liveChange,
    ...{ signalTimeout, detailedMonitoring, dns, securityGroups, role, network, ssh: login.way },
    ...{ alarms, dashboard },
    ...(firstBootScript === undefined ? {} : { firstBootScript }),
    toHosts,
    fromBalancer: balancerRules(listeners, toHosts, most, problems),
  };
}

/** Where an existing VPC takes the fleet. */
function subnetsIn(
  place: Place | undefined,
  how: { readonly zones: number; readonly isChosen: boolean },
  problems: Problems,
): Pick<NetworkProps, 'subnet' | 'subnets'> {
  if (place === undefined) return {};
  const subnets = zoneSubnets(place, how, problems);
  return subnets?.[0] === undefined ? {} : { subnet: subnets[0], subnets };
}

/** What a fleet's props mean for each of its hosts. */
function ofOneHost(props: Written): Written {
  const { capacity: _, ipv6: __, eips: ___, ...rest } = props;
  const kept = Object.entries(rest).filter(([name]) => !Object.hasOwn(NOT_ON_A_FLEET, name));
  return { ...Object.fromEntries(kept), onChange: 'live', liveTrigger: 'poll' };
}

/** The rules that a security group may have; a wrong number has been reported. */
function mostRules(limit: unknown): number {
  return typeof limit === 'number' ? limit : 60;
}

/** Reports what hosts of a fleet cannot tell. */
function checkMonitoring({ prometheus }: GatewaySettings, problems: Problems): void {
  if (prometheus?.port === HEALTH_PORT)
    problems.add(
      'monitoring.prometheus.port',
      'must be another port on a fleet: the balancer asks each host there whether its forwards run',
      HEALTH_PORT,
    );
}

function askForImage({ os, architecture }: Machine, problems: Problems): void {
  const parameter = OPERATING_SYSTEMS[os].imageParameter(architecture);
  problems.add(
    'ami',
    `must name the hosts' image on a fleet, such as { id: 'ami-0123456789abcdef0', rootDevice: '${OPERATING_SYSTEMS[os].rootDevice}' }: otherwise each launch takes the newest one, and hosts differ. This prints it: aws ssm get-parameter --name ${parameter} --query Parameter.Value`,
  );
}
