import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Annotations, App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { checkFleet } from '../../lib/check-fleet';
import { Forward } from '../../lib/forward/forward';
import type { PortwayError } from '../../lib/forward/problems';
import { Tls } from '../../lib/forward/tls';
import { PortwayFleet } from '../../lib/portway-fleet';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import { featureFlags } from '../snapshots/synthesize';
import { teamNetwork } from '../snapshots/team-network';

/** The smallest fleet. */
export const SMALL: PortwayFleetProps = {
  adminCidr: '203.0.113.7/32',
  keyPairName: 'admin',
  capacity: { min: 2, max: 4 },
  ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' },
  forwards: { web: Forward.tcp({ listen: 80, to: '10.0.9.10:8080', engine: 'iptables' }) },
};

/** What reviewers look at: both engines, a secret's certificate with HTTP/3, UDP with sources. */
export function canonicalFleet(): PortwayFleetProps {
  const secret = secretsmanager.Secret.fromSecretNameV2(new Stack(new App(), 'Team'), 'Certificate', 'www');
  return {
    ...SMALL,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({
        listen: 443,
        to: ['10.0.9.10:8080', '10.0.9.11:8080'],
        tls: Tls.secret(secret),
        http3: true,
        limits: { requestsPerSecond: 20 },
      }),
      game: Forward.udp({ listen: 27015, to: '10.0.9.20:27015', engine: 'iptables', allowFrom: ['198.51.100.0/24'] }),
    },
  };
}

/** Beside what a team has already: subnets, group, zone, role. */
function existingFleet(): PortwayFleetProps {
  const { vpc, securityGroups, dns, role } = teamNetwork().shared;
  return { ...SMALL, vpc, vpcSubnets: { subnets: vpc.publicSubnets }, securityGroups, dns, role };
}

/** All that tells of it: metrics of both kinds, alarms, a dashboard. */
function monitoredFleet(): PortwayFleetProps {
  return {
    ...canonicalFleet(),
    monitoring: {
      prometheus: { from: ['10.0.5.0/24'] },
      cloudWatch: { level: 'forwards', retentionDays: 7 },
      logs: { access: true, retentionDays: 7 },
      ...{ alarms: { email: 'ops@example.com' }, dashboard: true },
    },
  };
}

/** What a fleet may have beside that: shared limits, the PROXY protocol, other loads that it follows, other types. */
function scaledFleet(): PortwayFleetProps {
  return {
    ...SMALL,
    instanceType: 'm6g.large',
    capacity: {
      ...{ min: 2, max: 6, zones: 2, scaleOn: { cpu: 60, connections: 20_000, megabitsOut: 400 } },
      fallbackTypes: ['c6g.large', 'r6g.large'],
    },
    forwards: {
      web: Forward.http({
        listen: 80,
        to: '10.0.9.10:8080',
        limits: { requestsPerSecond: 120, perFleet: true },
        proxyProtocol: { accept: 'balancer' },
      }),
      plain: Forward.tcp({ listen: 8443, to: '10.0.9.10:8443', engine: 'iptables' }),
    },
  };
}

/** By both IP versions: clients named by the PROXY protocol, a forward for IPv4 clients alone, one of the kernel, names. */
function ipv6Fleet(): PortwayFleetProps {
  const proxyProtocol = { accept: 'balancer' } as const;
  const secret = secretsmanager.Secret.fromSecretNameV2(new Stack(new App(), 'Team'), 'Certificate', 'www');
  const allowFrom = ['198.51.100.0/24', '2001:db8:5::/48'];
  return {
    ...SMALL,
    ...{ ipv6: true, dns: teamNetwork().shared.dns },
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https', proxyProtocol }),
      secure: Forward.https({ listen: 443, to: '10.0.9.10:8080', tls: Tls.secret(secret), proxyProtocol, allowFrom }),
      old: Forward.tcp({ listen: 8080, to: '10.0.9.11:8080', allowFrom: ['0.0.0.0/0'] }),
      plain: Forward.tcp({ listen: 9000, to: '10.0.9.12:9000', engine: 'iptables' }),
    },
  };
}

/** Fleets whose templates reviewers compare, and that every template check runs on. */
export const CANONICAL_FLEETS: Readonly<Record<string, () => PortwayFleetProps>> = {
  fleet: canonicalFleet,
  'fleet-existing': existingFleet,
  'fleet-ipv6': ipv6Fleet,
  'fleet-monitored': monitoredFleet,
  'fleet-scaled': scaledFleet,
};

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
}

export interface FleetTemplate {
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** A synthesized fleet. */
export function synthesizeFleet(props: () => PortwayFleetProps = () => SMALL) {
  const app = new App({ context: featureFlags() });
  const stack = new PortwayFleet(app, 'Fleet', props());
  for (const name of stack.forwards.map((f) => f.name))
    Annotations.of(stack).acknowledgeWarning(`portway:targetElsewhere-${name}`);
  Annotations.of(stack).acknowledgeWarning('portway:targetsElsewhere');
  const assembly = app.synth();
  const file = join(assembly.directory, stack.templateFile);
  const template: FleetTemplate = JSON.parse(readFileSync(file, 'utf8'));
  return { app, stack, assembly, file, template };
}

/** What is wrong with the smallest fleet if it is given this too. */
export function problems(more: object): readonly string[] {
  try {
    checkFleet({ ...SMALL, ...more });
    return [];
  } catch (error) {
    return (error as PortwayError).problems;
  }
}

/** The resources of a type, with their ids. */
export function ofType({ Resources }: FleetTemplate, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}
