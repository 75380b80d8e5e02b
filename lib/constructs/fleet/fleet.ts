import { createHash } from 'node:crypto';
import { Annotations, Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { SshWay } from '../../forward/admin';
import { formatPorts } from '../../forward/ports';
import type { Problems } from '../../forward/problems';
import type { SecretSource } from '../../forward/tls';
import type { TrafficRule } from '../../forward/traffic';
import { storedContent } from '../../host/content/stored-content';
import type { UserData } from '../../host/content/user-data';
import type { HostContent } from '../../host/host-content';
import type { HostLogGroups } from '../../host/monitoring';
import { cloudWatchLogs } from '../cloud-watch-logs';
import { ContentStore } from '../content-store';
import { Dns, type DnsProps } from '../dns';
import { finalProperties } from '../final-properties';
import { Firewall } from '../firewall';
import type { ExistingEipProps } from '../fixed-address';
import { GatewayConnections } from '../gateway-connections';
import { grantSessions, hostRole } from '../host-role';
import { LiveProof } from '../live-proof';
import { LoginEndpoint } from '../login-endpoint';
import { type LoginKeyProps, loginKey } from '../login-key';
import type { Machine } from '../machine';
import { type AlarmsProps, alarmTopic } from '../monitoring';
import type { Network } from '../network';
import { GENERATION_DIGITS } from '../proof';
import { templateRoom } from '../template-room';
import type { SentMetrics } from '../traffic-warnings';
import { userData } from '../user-data';
import { Balancer } from './balancer';
import type { BalancerRule } from './balancer-rules';
import type { Capacity } from './capacity';
import { FleetDashboard } from './dashboard';
import { Hosts, LaunchTemplate } from './hosts';
import { FleetIpv6 } from './ipv6';
import type { Listener } from './listeners';
import { FleetWatch } from './watch';

export interface FleetProps {
  /** Its name in the account and region: see `gatewayName`. */
  readonly name: string;
  readonly network: Network;
  readonly capacity: Capacity;
  readonly machine: Machine;
  readonly content: HostContent;
  readonly listeners: readonly Listener[];
  /** The balancer's addresses. Undefined: new ones. */
  readonly eips: readonly ExistingEipProps[] | undefined;
  /** Whether clients also come by IPv6. */
  readonly ipv6: boolean;
  readonly fromClients: readonly TrafficRule[];
  readonly toHosts: readonly TrafficRule[];
  readonly fromBalancer: readonly BalancerRule[];
  readonly outbound: readonly TrafficRule[];
  readonly secrets: readonly SecretSource[];
  readonly ssh: SshWay;
  readonly loginKey: LoginKeyProps;
  readonly signalTimeout: Duration;
  readonly detailedMonitoring: boolean;
  readonly dns: DnsProps | undefined;
  /** Of the hosts, besides their own. */
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly role: iam.IRole | undefined;
  /** Where the hosts write in CloudWatch Logs, if they do. */
  readonly logGroups: HostLogGroups;
  /** Undefined: nobody is told. */
  readonly alarms: AlarmsProps | undefined;
  readonly dashboard: boolean;
  readonly sent: SentMetrics | undefined;
}

/** A running host's time for a change. */
const CHANGE = Duration.minutes(5);

/** Roughly, and rather too much: what a dashboard takes in a template. */
const DASHBOARD_BYTES = 6_000;

/** CloudFormation's limit. */
const LONGEST_WAIT = Duration.hours(12);

/**
 * Hosts that carry the same forwards, behind a balancer.
 *
 * The hosts' content, pointer and loader are those of a single gateway with `liveTrigger: 'poll'`. A boot is reported to the group,
 * a content to a condition that waits for as many hosts as run at any time. The condition depends on the pointer alone, so it
 * waits as soon as hosts may hear of a content.
 */
export class Fleet extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** Connections with other resources, such as `database.connections.allowFrom(fleet, ec2.Port.tcp(5432))`. */
  readonly connections: ec2.Connections;
  /** The hosts' role, for further rights, such as `bucket.grantRead(fleet)`. */
  readonly grantPrincipal: iam.IPrincipal;
  readonly balancer: Balancer;
  readonly hosts: Hosts;
  readonly userData: UserData;
  /** Undefined: nobody is told. */
  readonly watch: FleetWatch | undefined;
  private isHashing = false;

  constructor(scope: Construct, id: string, props: FleetProps, problems: Problems) {
    super(scope, id);
    const { name, network, listeners, capacity, signalTimeout } = props;
    const login = props.ssh === 'endpoint' ? new LoginEndpoint(this, 'Login', network) : undefined;
    const { securityGroup, rules } = new Firewall(this, 'Firewall', {
      ...{ vpc: network.vpc, inbound: props.toHosts, outbound: props.outbound, separateRules: true },
      description: 'Portway fleet',
      endpointGroupId: login?.group.attrGroupId,
    });
    login?.leadTo(securityGroup);
    this.connections = new GatewayConnections(securityGroup);
    const { host: role, principal } = hostRole(this, props.role);
    // lib/forward is CDK-free, so it cannot name IGrantable.
    for (const secret of props.secrets) secret.grantRead(role as never);
    this.grantPrincipal = principal;
    if (props.ssh === 'session-manager') grantSessions(role);
    this.balancer = new Balancer(this, 'Balancer', {
      ...{ network, listeners, inbound: props.fromClients, eips: props.eips },
      ipv6: props.ipv6 ? this.ipv6Of(network) : undefined,
    });
    if (props.dns !== undefined) new Dns(this, 'Dns', props.dns, { balancer: this.balancer });
    const between = this.letBalancerIn(securityGroup, props.fromBalancer);
    const keyPair = loginKey(this, props.loginKey);
    const launchTemplate = new LaunchTemplate(this, 'Launch', {
      ...{ machine: props.machine, role, keyPair, detailedMonitoring: props.detailedMonitoring },
      securityGroups: [securityGroup, ...props.securityGroups],
      asksForAddress: network.isForeign,
    });
    const { targetGroupArns } = this.balancer;
    this.hosts = new Hosts(this, 'Hosts', {
      ...{ name, network, capacity, machine: props.machine, launchTemplate, targetGroupArns },
      bootTimeout: signalTimeout,
      isCounted: props.alarms !== undefined || props.dashboard || capacity.scaleOn.connections !== undefined,
      balancer: this.balancer.measured,
    });
    const { group } = this.hosts;
    // Several hosts may write to one stream at a time, so that none needs the right to make one.
    // @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    const logGroups = cloudWatchLogs(this, props.logGroups, role);
    this.watch = this.tell(props);

    const stack = Stack.of(this);
    const counts = { all: props.fromClients.length + props.outbound.length, apart: rules.length };
    const stored = storedContent(props.content, problems, {
      ...templateRoom(stack, counts, props.dashboard ? DASHBOARD_BYTES : 0),
      ...{ isLive: true, inFleet: true },
    });
    const proof = new LiveProof(this, 'Live', stored.content, {
      count: capacity.min,
      timeout: longestWait(capacity, signalTimeout).toIsoString(),
    });
    const boot = {
      generation: Lazy.uncachedString({ produce: () => this.hashOf(launchTemplate.resource) }),
      signalUrl: `group://${stack.stackName}/${stack.getLogicalId(group)}`,
    };
    const store = new ContentStore(this, 'Part', {
      ...{ name, stored, attempt: 0, generation: boot.generation, reader: role },
      after: [...rules, ...this.balancer.rules, ...between, ...logGroups],
      live: { condition: proof.logicalId, stack: stack.stackName },
    });
    this.userData = userData({ name, stored, store, boot, namesContent: false });
    launchTemplate.userData = this.userData.text;
    proof.condition.node.addDependency(store.pointer);
    // A given role that must not change has its rights already, and may be of another stage. Target groups need their listeners.
    const rights = role === props.role ? [] : [role];
    group.node.addDependency(store.pointer, ...rights, ...network.internet, ...this.balancer.listeners);
    // A host that fails would start a rollback, and CloudFormation cannot delete an endpoint that is still being made.
    if (login !== undefined) group.addResourceDependency(login.endpoint);
    if (keyPair === undefined && props.ssh !== 'session-manager')
      Annotations.of(this).addWarningV2(
        'portway:nobodyCanLogIn',
        `Port 22 of the hosts is open to ${login === undefined ? 'the admin CIDR' : 'the login endpoint'}, but they take no key: give keyPairName or sshPublicKey.`,
      );
  }

  /** IPv6 of the own VPC. An existing one has it already. */
  private ipv6Of(network: Network) {
    return network.isForeign ? [] : new FleetIpv6(this, 'Ipv6', network).parts;
  }

  /** Alarms and a dashboard. They see the fleet only once its hosts have reported: before, they would go off. */
  private tell({ name, capacity, alarms, dashboard, sent, machine }: FleetProps): FleetWatch | undefined {
    const measured = {
      ...{ balancer: this.balancer.measured, group: this.hosts.group.ref, min: capacity.min },
      ...(sent === undefined ? {} : { sent }),
    };
    const watch =
      alarms === undefined
        ? undefined
        : new FleetWatch(this, 'Watch', {
            ...{ ...measured, topic: alarmTopic(this, alarms), instanceType: machine.instanceType },
          });
    for (const alarm of watch?.alarms ?? []) {
      const { dimensions = [] } = alarm.metric.toMetricConfig().metricStat ?? {};
      // An alarm on the group itself refers to it.
      if (!dimensions.some(({ name: of }) => of === 'AutoScalingGroupName')) alarm.node.addDependency(this.hosts.group);
    }
    if (dashboard) new FleetDashboard(this, 'Dashboard', { ...measured, name, alarms: watch?.alarms ?? [] });
    return watch;
  }

  /** Rules between the balancer's group and the hosts'. */
  private letBalancerIn(hosts: ec2.SecurityGroup, all: readonly BalancerRule[]) {
    const { securityGroup } = this.balancer;
    return all.flatMap(({ protocol, ports, reasons }) => {
      const description = reasons.join(', ').slice(0, 255);
      const rule = { ipProtocol: protocol, fromPort: ports.from, toPort: ports.to, description };
      const [from, to] = [securityGroup.securityGroupId, hosts.securityGroupId];
      const id = `${protocol}-${formatPorts(ports)}`;
      return [
        new ec2.CfnSecurityGroupIngress(this, `From-balancer-${id}`, {
          ...{ ...rule, groupId: to, sourceSecurityGroupId: from },
        }),
        new ec2.CfnSecurityGroupEgress(this, `To-hosts-${id}`, {
          ...{ ...rule, groupId: from, destinationSecurityGroupId: to },
        }),
      ];
    });
  }

  /**
   * Names the pointer of the hosts that this launch template makes, so that hosts of the one before never see content that is meant
   * for another machine. User-data has the pointer's name, so it is left out while the hash is made.
   */
  private hashOf(template: ec2.CfnLaunchTemplate): string {
    if (this.isHashing) return '';
    this.isHashing = true;
    try {
      const text = JSON.stringify(finalProperties(template));
      return createHash('sha256').update(text).digest('hex').slice(0, GENERATION_DIGITS);
    } finally {
      this.isHashing = false;
    }
  }
}

/** If the machine changes too, the content waits until `min` hosts have been replaced, one after the other. */
function longestWait({ min }: Capacity, boot: Duration): Duration {
  const seconds = CHANGE.toSeconds() + min * boot.toSeconds();
  return Duration.seconds(Math.min(seconds, LONGEST_WAIT.toSeconds()));
}
