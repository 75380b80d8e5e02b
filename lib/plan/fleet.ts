import { FLEET_PRICES } from './fleet-prices';

/** A fleet's hosts and balancer. */
export interface PlannedFleet {
  readonly min: number;
  readonly max: number;
  readonly zones: number;
  /** The load of a host that their number follows. */
  readonly scaleOn: {
    /** In percent. */
    readonly cpu: number;
    readonly connections?: number;
    readonly megabitsOut?: number;
  };
  /** The balancer's listeners. */
  readonly listeners: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP' | 'TCP_UDP' }[];
  readonly healthPort: number;
  /** What `min` hosts without traffic cost a month by list prices. */
  readonly cost: PlannedFleetCost;
}

export interface PlannedFleetCost {
  /** The parts that are known; `hosts` only for the types in the list. */
  readonly dollarsAMonth: {
    readonly balancer: number;
    readonly addresses: number;
    readonly disks: number;
    readonly hosts?: number;
  };
  /** For each capacity unit that the traffic takes, on average. */
  readonly dollarsAUnit: number;
  readonly pricesOf: string;
  readonly sources: readonly string[];
}

export interface FleetToPlan extends Omit<PlannedFleet, 'cost'> {
  readonly instanceType: string;
  readonly diskGiB: number;
}

export function plannedFleet({
  min,
  max,
  zones,
  scaleOn,
  listeners,
  healthPort,
  instanceType,
  diskGiB,
}: FleetToPlan): PlannedFleet {
  const { hours, balancerAnHour, unitAnHour, addressAnHour, diskAGiB, hostAnHour, asOf, sources } = FLEET_PRICES;
  const host = hostAnHour[instanceType];
  return {
    ...{ min, max, zones, scaleOn, healthPort },
    listeners: listeners.map(({ port, protocol }) => ({ port, protocol })),
    cost: {
      dollarsAMonth: {
        balancer: cents(balancerAnHour * hours),
        // One a zone, and one a host, by which it reaches packages and AWS.
        addresses: cents(addressAnHour * hours * (zones + min)),
        disks: cents(diskAGiB * diskGiB * min),
        ...(host === undefined ? {} : { hosts: cents(host * hours * min) }),
      },
      dollarsAUnit: cents(unitAnHour * hours),
      pricesOf: asOf,
      sources,
    },
  };
}

/** Lines for `portway plan`. */
export function fleetLines({ min, max, zones, scaleOn, listeners, healthPort, cost }: PlannedFleet): readonly string[] {
  const { balancer, addresses, disks, hosts } = cost.dollarsAMonth;
  const known = balancer + addresses + disks + (hosts ?? 0);
  const parts = [
    `balancer $${balancer.toFixed(2)}`,
    `${zones + min} addresses $${addresses.toFixed(2)}`,
    `disks $${disks.toFixed(2)}`,
    hosts === undefined ? 'hosts not known here' : `hosts $${hosts.toFixed(2)}`,
  ];
  return [
    `${min} to ${max} hosts over ${zones} zones, ${listeners.length} of 50 listeners, health on ${healthPort}`,
    `their number follows ${scaleOnText(scaleOn)} of each`,
    `${min} hosts: $${known.toFixed(2)} a month (${parts.join(', ')}), and $${cost.dollarsAUnit.toFixed(2)} for each of the balancer's capacity units (list prices in us-east-1 of ${cost.pricesOf}, ${cost.sources.join(', ')})`,
    "caches and limits are each host's own, but for limits with perFleet",
  ];
}

function scaleOnText({ cpu, connections, megabitsOut }: PlannedFleet['scaleOn']): string {
  return [
    `${cpu} % of the processors`,
    ...(connections === undefined ? [] : [`${connections} connections`]),
    ...(megabitsOut === undefined ? [] : [`${megabitsOut} Mbit/s out`]),
  ].join(', ');
}

function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
