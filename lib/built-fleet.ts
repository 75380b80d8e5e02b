import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { CheckedFleet } from './check-fleet';
import { Fleet } from './constructs/fleet/fleet';
import { gatewayName, gatewaySuffix } from './constructs/gateway-name';
import { Network } from './constructs/network';
import { writeReview } from './constructs/review';
import { warnOfTargetsElsewhere } from './constructs/targets-elsewhere';
import { sentMetrics } from './constructs/traffic-warnings';
import { PLACES } from './forward/known-props';
import { Problems } from './forward/problems';
import { isPortForward, type ResolvedForward, secretsOf } from './forward/resolved';
import { hostContent } from './host/host-content';
import { memoryMiB } from './host/memory';
import { hostLogGroups } from './host/monitoring';
import { OPERATING_SYSTEMS } from './host/operating-system';
import { plannedFleet } from './plan/fleet';
import { reportProblems } from './refused';

/** A fleet in its network, of checked props. It is no construct of its own, so its parts have short ids. */
export class BuiltFleet {
  readonly fleet: Fleet;
  readonly forwards: readonly ResolvedForward[];
  readonly network: Network;

  /** @param scope the parent of the parts */
  constructor(scope: Construct, checked: CheckedFleet) {
    const { forwards, settings, machine, capacity, eips, listeners, ipv6, firstBootScript } = checked;
    const os = OPERATING_SYSTEMS[machine.os];
    const content = hostContent({
      ...{ name: gatewayName(scope), forwards, settings, os, memoryMiB: memoryMiB(machine.instanceType) },
      ...(firstBootScript === undefined ? {} : { firstBootScript }),
      ...{ live: true, inFleet: true, ...checked.liveChange },
    });
    this.forwards = forwards;
    this.network = new Network(scope, 'Network', checked.network);
    // Not part of the checks: the size of the template depends on a stack whose props are all valid.
    const problems = new Problems(PLACES);
    const { fromClients, toHosts, fromBalancer, outbound, ssh, loginKey, signalTimeout, detailedMonitoring } = checked;
    const { dns, securityGroups, role, alarms, dashboard } = checked;
    const fleet = new Fleet(
      scope,
      'Fleet',
      {
        ...{ name: gatewayName(scope), network: this.network, capacity, machine, content, eips, listeners, ipv6 },
        ...{ fromClients, toHosts, fromBalancer, outbound, ssh, loginKey, signalTimeout, detailedMonitoring },
        ...{ dns, securityGroups, role, alarms, dashboard },
        logGroups: hostLogGroups(forwards, settings, gatewayName(scope)),
        sent: sentMetrics(gatewayName(scope), forwards, settings),
        secrets: secretsOf(forwards),
      },
      problems,
    );
    this.fleet = fleet;
    reportProblems(
      scope.node.path,
      () => problems.throwIfAny(),
      () => {},
    );
    warnOfTargetsElsewhere(fleet, { forwards, network: this.network });
    if (firstBootScript === undefined) warnOfApplications(fleet, forwards);
    writeReview(
      fleet,
      {
        ...{ forwards, settings: { ...settings, ipv6 }, content, inbound: [...fromClients, ...toHosts], outbound },
        ...{ association: fleet.balancer.logicalId, userData: fleet.userData, eip: undefined, dns },
        login: { way: ssh, user: os.sshUser, hasKey: Object.keys(loginKey).length > 0 },
        alarms: { count: fleet.watch?.alarms.length ?? 0, metrics: fleet.watch?.metrics ?? 0, metricsMade: 0 },
        dashboard,
        fleet: plannedFleet({ ...capacity, ...machine, listeners }),
      },
      gatewaySuffix(scope),
    );
  }
}

/** A single gateway's application may be installed by hand; hosts of a fleet come and go. */
function warnOfApplications(fleet: Fleet, forwards: readonly ResolvedForward[]): void {
  for (const { name, targets } of forwards.filter(isPortForward))
    if (targets.some(({ kind }) => kind === 'local'))
      Annotations.of(fleet).addWarningV2(
        `portway:applicationOnEachHost-${name}`,
        `forwards.${name} leads to the hosts themselves, so each host needs the application: install it by firstBootScript. If the image has it: Annotations.of(this).acknowledgeWarning('portway:applicationOnEachHost-${name}').`,
      );
}
