import { Duration, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { readSecurityGroups } from './constructs/added-groups';
import { CDK_STACK, type CdkStackProps, readCdkStackProps } from './constructs/cdk-stack-props';
import { checkLiveInstance } from './constructs/check-live';
import { type Place, readFlowLogs, readPlace } from './constructs/check-vpc';
import { type DnsProps, readDns } from './constructs/dns';
import { type CheckedEgress, EGRESS, readEgressRoutes } from './constructs/egress';
import { type ExistingEipProps, readEip } from './constructs/fixed-address';
import { readRole } from './constructs/host-role';
import { LIVE_CHANGE, type LiveChange, readLiveChange } from './constructs/live-change';
import { checkLogin, loginNetwork, loginPeer, NOBODY } from './constructs/login';
import { checkLoginKey, type LoginKeyProps } from './constructs/login-key';
import { type Machine, type MachineProps, readMachine } from './constructs/machine';
import { type AlarmsProps, readAlarms, readMonitoring } from './constructs/monitoring';
import type { NetworkProps } from './constructs/network';
import { CHANGES, type LiveTrigger, type OnChange, TRIGGERS } from './constructs/on-change';
import { readSeconds } from './constructs/read-seconds';
import { checkCountries } from './forward/acme';
import { readLogin, type SshWay } from './forward/admin';
import type { FleetReading } from './forward/fleet-reading';
import { Forward } from './forward/forward';
import { type GatewaySettings, type GatewaySettingsProps, readGatewaySettings } from './forward/gateway-settings';
import type { Known } from './forward/known';
import { PLACES } from './forward/known-props';
import { readLists } from './forward/lists';
import { checkMetricsPort } from './forward/metrics-port';
import { Problems } from './forward/problems';
import { checkProtect } from './forward/protect';
import { checkReach } from './forward/reach';
import { isPlainObject, readObject } from './forward/read-object';
import { readFlag, readOneOf, readWhole } from './forward/read-value';
import { type ForwardSet, resolveForwards } from './forward/resolve';
import type { ResolvedForward } from './forward/resolved';
import {
  checkTraffic,
  inboundTraffic,
  mergeTraffic,
  outboundTraffic,
  separateTraffic,
  type TrafficRule,
} from './forward/traffic';
import { checkHttp3 } from './host/check-http3';
import { checkPatching } from './host/check-patching';
import { readFirstBootScript } from './host/first-boot-script';
import type { HostFile } from './host/host-file';
import { OPERATING_SYSTEMS } from './host/operating-system';
import { checkBodies, checkCaches } from './http/disk';
import { GATEWAY_PROPS } from './kernel/options';
import type { PortGatewayProps } from './port-gateway-props';
import type { PortwayStackProps } from './portway-stack-props';

/** A gateway's checked props. */
export interface CheckedGateway {
  readonly forwards: readonly ResolvedForward[];
  readonly settings: GatewaySettings;
  readonly machine: Machine;
  readonly network: NetworkProps;
  readonly ssh: SshWay;
  readonly loginKey: LoginKeyProps;
  /** Undefined: no private network goes out through the gateway. */
  readonly egress?: CheckedEgress;
  /** Undefined: nobody is told. */
  readonly alarms?: AlarmsProps;
  readonly dashboard: boolean;
  readonly firstBootScript?: HostFile;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly eip: ExistingEipProps | undefined;
  readonly dns: DnsProps | undefined;
  readonly role: iam.IRole | undefined;
  readonly onChange: OnChange;
  /** Only with onChange 'live'. */
  readonly liveTrigger: LiveTrigger;
  readonly liveChange: LiveChange;
  readonly signalTimeout: Duration;
  readonly attempt: number;
  readonly detailedMonitoring: boolean;
  readonly availabilityZoneIndex: number;
}

/** A stack's checked props: those of the CDK's own `Stack`, and of the gateway in it. */
export interface CheckedStack extends CheckedGateway {
  readonly cdk: CdkStackProps;
}

/** What a fleet has read before its hosts' props. */
export interface HostsReading extends FleetReading {
  readonly place: Place | undefined;
  /** Whether clients reach the balancer by IPv6 too. */
  readonly ipv6: boolean;
}

/** The names of a gateway's props. */
export const GATEWAY = {
  forwards: true,
  lists: true,
  engine: true,
  adminCidr: true,
  ssh: true,
  os: true,
  architecture: true,
  instanceType: true,
  ami: true,
  diskGiB: true,
  keyPairName: true,
  sshPublicKey: true,
  ...GATEWAY_PROPS,
  onChange: true,
  liveTrigger: true,
  ...LIVE_CHANGE,
  vpc: true,
  vpcSubnets: true,
  securityGroups: true,
  eip: true,
  dns: true,
  role: true,
  availabilityZoneIndex: true,
  flowLogs: true,
  logEncryptionKey: true,
  detailedMonitoring: true,
  firstBootScript: true,
  signalTimeout: true,
  attempt: true,
  maxSecurityGroupRules: true,
} satisfies Known<PortGatewayProps>;

/** The names of a stack's props. */
export const STACK = { ...CDK_STACK, ...GATEWAY } satisfies Known<PortwayStackProps>;

const EXAMPLE = "{ adminCidr: '203.0.113.7/32', forwards: { web: Forward.http({ listen: 80, to: 8080 }) } }";

/**
 * The checking phase of a stack: reports every problem with its props at once, whatever they are. Needs neither app nor
 * stack.
 * @throws PortwayError listing every problem
 */
export function checkStack(written: unknown): CheckedStack {
  const problems = new Problems(PLACES);
  const props = readObjectOrEnd(written, STACK, problems);
  const cdk = readCdkStackProps(props, problems);
  const checked = checkProps(props, problems);
  return { ...checked, cdk: ofStack(cdk) };
}

/** Only the props of the CDK's own stacks. */
export function ofStack(cdk: CdkStackProps): CdkStackProps {
  return Object.fromEntries(Object.entries(cdk).filter(([name]) => Object.hasOwn(CDK_STACK, name)));
}

/**
 * The same for a gateway in a stack of the user's.
 * @param scope where it is to be
 * @throws PortwayError listing every problem
 */
export function checkGateway(written: unknown, scope: Construct): CheckedGateway {
  const problems = new Problems(PLACES);
  const props = readObjectOrEnd(written, GATEWAY, problems);
  if (Stack.of(scope).nestedStackParent !== undefined)
    problems.add(
      'a PortGateway',
      'must not be in a NestedStack: its host reports under the name of its stack, and AWS makes up that of a nested one. Put it into the stack itself, and hand what it needs to the nested one',
      scope.node.path,
    );
  return checkProps(props, problems);
}

/**
 * A small gateway with valid props, so that an app with wrong ones can go on until all its problems are told. It keeps
 * the VPC, if that is valid. It must never be deployed.
 */
export function standIn(written: unknown): CheckedGateway {
  const { vpc: given } = (isPlainObject(written) ? written : {}) as Written;
  const vpc = readPlace({ vpc: given }, new Problems())?.vpc;
  const forwards = { standIn: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) };
  // With a key, since nobody needs a warning about this one.
  return checkProps(
    { adminCidr: NOBODY.text, keyPairName: 'none', forwards, ...(vpc === undefined ? {} : { vpc }) },
    new Problems(),
  );
}

export type Written = Partial<Record<string, unknown>>;

/** @throws PortwayError if the props are no object, so nothing else can be checked */
export function readObjectOrEnd(
  written: unknown,
  parts: Readonly<Record<string, true>>,
  problems: Problems,
  example = EXAMPLE,
  refused: Readonly<Record<string, string>> = {},
): Written {
  const read = readObject('', written, { parts, example, required: true, refused }, problems);
  if (read === undefined) problems.throwIfAny();
  return read ?? {};
}

/** @throws PortwayError listing the problems, including those that were found before */
function checkProps(props: Written, problems: Problems): CheckedGateway {
  const read = readGateway(props, problems);
  problems.throwIfAny();
  return read;
}

/**
 * What the props say. Reports everything wrong to `problems`; with any, the result is not to be used.
 * @param fleet undefined for a single gateway
 */
export function readGateway(props: Written, problems: Problems, fleet?: HostsReading): CheckedGateway {
  const login = readLogin(props, problems);
  const lists = readLists(props.lists, problems);
  const forwards = resolveForwards(props as unknown as ForwardSet, lists, problems, fleet);
  const egress = isPlainObject(props.egress)
    ? readObject('egress', props.egress, { parts: EGRESS, example: "{ from: ['10.0.0.0/16'] }" }, problems)
    : props.egress;
  const monitoring = readMonitoring(props.monitoring, problems);
  const alarms = readAlarms(monitoring?.alarms, problems);
  const dashboard = readFlag('monitoring.dashboard', monitoring?.dashboard, problems) === true;
  const isForeign = props.vpc !== undefined;
  const place = fleet === undefined ? readPlace(props, problems) : fleet.place;
  const admin = loginNetwork(login, { place, isForeign, availabilityZoneIndex: props.availabilityZoneIndex });
  const settings = readGatewaySettings(
    { ...props, egress, monitoring } as GatewaySettingsProps,
    admin,
    problems,
    lists,
    login.way,
  );
  const routes = readEgressRoutes(egress, { place, isForeign }, problems);
  const securityGroups = readSecurityGroups(props.securityGroups, isForeign, problems);
  const eip = readEip(props.eip, problems);
  const dns = readDns(props.dns, problems);
  const role = readRole(props.role, problems);
  checkReach(forwards, { ipv6: settings.ipv6, isFleet: fleet !== undefined }, problems);
  checkProtect(forwards, settings, problems);
  checkCountries(forwards, settings, problems);
  checkMetricsPort(forwards, settings, problems);
  const machine = readMachine(props as MachineProps, problems);
  checkHttp3(forwards, OPERATING_SYSTEMS[machine.os], problems);
  checkPatching(settings, OPERATING_SYSTEMS[machine.os], problems);
  checkCaches(forwards, machine.diskGiB, problems);
  checkBodies(forwards, machine.diskGiB, problems);
  checkLoginKey(props as LoginKeyProps, problems);
  checkLogin(login, { machine, network: admin, hasEgress: settings.egress.length > 0 }, problems);
  const firstBootScript =
    props.firstBootScript === undefined ? undefined : readFirstBootScript(props.firstBootScript, problems);
  const flowLogs = readFlowLogs(props, isForeign, problems);
  const { maxSecurityGroupRules, ...deploy } = readDeploy(props, problems);
  if (deploy.onChange === 'live') checkLiveInstance(props.instanceType, deploy.liveTrigger, problems);
  else if (props.liveTrigger !== undefined)
    problems.add(
      'liveTrigger',
      "must go with onChange 'live': with the others, a change restarts or replaces the host",
      props.liveTrigger,
    );
  const liveChange = readLiveChange(props, deploy.onChange, forwards, problems);
  const join = deploy.onChange === 'live' ? separateTraffic(maxSecurityGroupRules) : mergeTraffic;
  const admitting = { ...settings, ipv6: fleet?.ipv6 ?? settings.ipv6 };
  const inbound = inboundTraffic(forwards, admitting, loginPeer(login), join);
  const outbound = outboundTraffic(forwards, settings, join);
  checkTraffic({ inbound, outbound }, maxSecurityGroupRules, problems);

  const { availabilityZoneIndex } = deploy;
  const { keyPairName, sshPublicKey } = props as LoginKeyProps;
  return {
    forwards,
    settings,
    machine,
    network: {
      ...(place === undefined ? {} : { vpc: place.vpc, subnet: place.subnet }),
      ...flowLogs,
      availabilityZoneIndex,
      ipv6: settings.ipv6,
    },
    ssh: login.way,
    loginKey: {
      ...(keyPairName === undefined ? {} : { keyPairName }),
      ...(sshPublicKey === undefined ? {} : { sshPublicKey }),
    },
    ...(routes === undefined ? {} : { egress: routes }),
    ...(firstBootScript === undefined ? {} : { firstBootScript }),
    ...(alarms === undefined ? {} : { alarms }),
    ...{ inbound, outbound, securityGroups, eip, dns, role, liveChange, dashboard },
    ...deploy,
  };
}

function readDeploy(props: Written, problems: Problems) {
  const whole = (name: keyof typeof NUMBERS) => {
    const { standard, ...bounds } = NUMBERS[name];
    return readWhole(name, props[name], bounds, problems) ?? standard;
  };
  return {
    onChange: readOneOf('onChange', props.onChange, CHANGES, problems) ?? 'live',
    liveTrigger: readOneOf('liveTrigger', props.liveTrigger, TRIGGERS, problems) ?? 'tag',
    signalTimeout: readSignalTimeout(props.signalTimeout, problems),
    attempt: whole('attempt'),
    detailedMonitoring: readFlag('detailedMonitoring', props.detailedMonitoring, problems) === true,
    availabilityZoneIndex: whole('availabilityZoneIndex'),
    maxSecurityGroupRules: whole('maxSecurityGroupRules'),
  };
}

const NUMBERS = {
  attempt: { from: 0, to: 1_000_000, standard: 0 },
  availabilityZoneIndex: { from: 0, to: 10, standard: 0 },
  maxSecurityGroupRules: { from: 1, to: 1000, standard: 60 },
} as const;

function readSignalTimeout(value: unknown, problems: Problems): Duration {
  const bounds = { from: 60, to: 43_200, words: '1 minute to 12 hours', example: 'Duration.minutes(15)' };
  return Duration.seconds(readSeconds('signalTimeout', value, bounds, problems) ?? 900);
}
