import { Annotations } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { CheckedGateway } from './check-stack';
import { challengeBytes } from './constructs/acme-rights';
import { checkSubnet } from './constructs/egress';
import { Gateway } from './constructs/gateway';
import { gatewayName, gatewaySuffix } from './constructs/gateway-name';
import { alarmTopic } from './constructs/monitoring';
import { Network } from './constructs/network';
import { writeReview } from './constructs/review';
import { warnOfTargetsElsewhere } from './constructs/targets-elsewhere';
import { sentMetrics, trafficWarnings, type Warnings } from './constructs/traffic-warnings';
import type { Watch } from './constructs/watch';
import type { GatewaySettings } from './forward/gateway-settings';
import { PLACES } from './forward/known-props';
import { Problems } from './forward/problems';
import { challengeRecordsOf, type ResolvedForward, secretsOf } from './forward/resolved';
import { secondConnections } from './forward/second-connections';
import { hostContent } from './host/host-content';
import { memoryMiB } from './host/memory';
import { hostLogGroups } from './host/monitoring';
import { OPERATING_SYSTEMS } from './host/operating-system';
import type { PlannedLogin } from './plan/plan';
import { reportProblems } from './refused';

/**
 * A gateway in its network, of checked props: what a PortGateway and a PortwayStack have in common. It is no construct of
 * its own, so a PortwayStack has its parts as children, and their ids and names are as short as they can be.
 */
export class BuiltGateway {
  readonly host: Gateway;
  readonly forwards: readonly ResolvedForward[];
  readonly network: Network;
  /** How people log in. */
  readonly login: PlannedLogin;
  private readonly settings: GatewaySettings;

  /** @param scope the parent of the parts */
  constructor(
    private readonly scope: Construct,
    checked: CheckedGateway,
  ) {
    this.forwards = checked.forwards;
    this.settings = checked.settings;
    const { settings, machine, inbound, outbound, firstBootScript } = checked;
    const os = OPERATING_SYSTEMS[machine.os];
    const hasKey = Object.keys(checked.loginKey).length > 0;
    this.login = { way: checked.ssh, user: os.sshUser, hasKey };
    const content = hostContent({
      name: gatewayName(scope),
      forwards: this.forwards,
      settings,
      os,
      memoryMiB: memoryMiB(machine.instanceType),
      ...(firstBootScript === undefined ? {} : { firstBootScript }),
      live: checked.onChange === 'live',
      ...checked.liveChange,
    });
    this.network = new Network(scope, 'Network', checked.network);
    const routes =
      settings.egress.length > 0 || this.forwards.some((f) => f.engine === 'iptables' && f.preserveClientAddress);
    // Not part of the checks: the size of user-data depends on the logical ids of a stack whose props are all valid.
    const problems = new Problems(PLACES);
    const sent = sentMetrics(gatewayName(scope), this.forwards, this.settings);
    const traffic = sent === undefined || checked.alarms === undefined ? {} : trafficWarnings(sent);
    const challenges = challengeRecordsOf(this.forwards);
    const host = new Gateway(
      scope,
      'Gateway',
      {
        ...checked.loginKey,
        name: gatewayName(scope),
        network: this.network,
        machine,
        os,
        content,
        ssh: checked.ssh,
        inbound,
        outbound,
        securityGroups: checked.securityGroups,
        eip: checked.eip,
        dns: checked.dns,
        role: checked.role,
        secrets: secretsOf(this.forwards),
        challenges,
        logGroups: hostLogGroups(this.forwards, settings, gatewayName(scope)),
        onChange: checked.onChange,
        liveTrigger: checked.liveTrigger,
        signalTimeout: checked.signalTimeout,
        attempt: checked.attempt,
        detailedMonitoring: checked.detailedMonitoring,
        added: addedBytes(checked, traffic, this.network.flowLogGroup !== undefined) + challengeBytes(challenges),
        ipv6: settings.ipv6,
        routes,
      },
      problems,
    );
    this.host = host;
    this.report(problems);

    const watch = this.watch(checked, traffic);
    const { alarms, metrics, metricsMade } = watch ?? { alarms: [], metrics: 0, metricsMade: 0 };
    if (checked.dashboard)
      this.host.show({
        ...{ name: gatewayName(scope), instanceType: machine.instanceType, alarms },
        ...(sent === undefined ? {} : { sent }),
      });
    if (checked.egress !== undefined) {
      for (const subnet of checked.egress.subnets) this.leadOut(subnet);
    }
    for (const forward of this.forwards) {
      const warning = secondConnections(forward);
      if (warning !== undefined)
        Annotations.of(host).addWarningV2(`portway:secondConnections-${forward.name}`, warning);
    }
    warnOfTargetsElsewhere(host, { forwards: this.forwards, network: this.network });
    writeReview(
      host,
      {
        ...{ forwards: this.forwards, settings, login: this.login, content, inbound, outbound },
        ...{ association: host.associationId, userData: host.userData, eip: checked.eip, dns: checked.dns },
        ...{ alarms: { count: alarms.length, metrics, metricsMade }, dashboard: checked.dashboard },
      },
      gatewaySuffix(scope),
    );
  }

  /** The alarms that watch the host; undefined if there are none. */
  private watch({ egress, alarms, machine }: CheckedGateway, traffic: Warnings): Watch | undefined {
    if (egress === undefined && alarms === undefined) return undefined;
    const own = alarms === undefined ? [] : [alarmTopic(this.host, alarms)];
    const topics = [...new Set([...own, ...(egress?.alarmTopic === undefined ? [] : [egress.alarmTopic])])];
    const group = this.network.flowLogGroup;
    return this.host.watch({
      ...{ topics, traffic },
      ...(alarms === undefined
        ? {}
        : {
            processorOf: machine.instanceType,
            ...(group === undefined ? {} : { flowLogs: { group, gateway: gatewayName(this.scope) } }),
          }),
    });
  }

  /** @throws PortwayError listing every subnet that cannot be routed, and why */
  addEgressSubnets(...subnets: readonly ec2.ISubnet[]): void {
    const problems = new Problems(PLACES);
    const from = this.settings.egress.map((c) => c.text);
    if (from.length === 0)
      problems.add(
        'addEgressSubnets',
        "must go with egress, such as { from: ['10.0.0.0/16'] }, in the gateway's props",
      );
    else
      subnets.forEach((subnet, i) => {
        checkSubnet(`addEgressSubnets[${i}]`, subnet, { gatewaySubnet: this.network.subnet, from }, problems);
      });
    this.report(problems);
    if (problems.length === 0) for (const subnet of subnets) this.leadOut(subnet);
  }

  /** Routes IPv6 only if `egress.from` has IPv6 networks: an egress-only internet gateway would do it without translation. */
  private leadOut(subnet: ec2.ISubnet): void {
    this.host.leadOut(subnet, { ipv6: this.settings.egress.some((c) => c.family === 6) });
  }

  private report(problems: Problems): void {
    reportProblems(
      this.scope.node.path,
      () => problems.throwIfAny(),
      () => {},
    );
  }
}

/** Roughly, and rather too much: bytes of alarms and a dashboard in a template without a bucket. */
function addedBytes({ alarms, egress, dashboard }: CheckedGateway, traffic: Warnings, hasFlowLogs: boolean): number {
  const onSent = 1_000 * Object.keys(traffic).length;
  const ofAlarms = alarms === undefined ? 0 : 4_000 + onSent + (hasFlowLogs ? 1_700 : 0);
  const ofChecks = alarms === undefined && egress !== undefined ? 1_900 : 0;
  return ofAlarms + ofChecks + (dashboard ? 5_400 : 0);
}
