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
  /** The types that hosts may have, in order of preference. Omitted: one. */
  readonly types?: readonly string[];
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
    /** If all are of the dearest of `types`, and not of the cheapest as in `hosts`. Omitted: there is one price, or one is not known. */
    readonly hostsAtMost?: number;
  };
  /** For each capacity unit that the traffic takes, on average. */
  readonly dollarsAUnit: number;
  readonly pricesOf: string;
  readonly sources: readonly string[];
}

export interface FleetToPlan extends Omit<PlannedFleet, 'cost' | 'types'> {
  readonly instanceType: string;
  readonly fallbackTypes: readonly string[];
  readonly diskGiB: number;
}

export function plannedFleet({
  min,
  max,
  zones,
  scaleOn,
  listeners,
  instanceType,
  fallbackTypes,
  diskGiB,
}: FleetToPlan): PlannedFleet {
  const { hours, balancerAnHour, unitAnHour, addressAnHour, diskAGiB, hostAnHour, asOf, sources } = FLEET_PRICES;
  const types = [instanceType, ...fallbackTypes];
  return {
    ...{ min, max, zones, scaleOn },
    ...(types.length > 1 ? { types } : {}),
    listeners: listeners.map(({ port, protocol }) => ({ port, protocol })),
    cost: {
      dollarsAMonth: {
        balancer: cents(balancerAnHour * hours),
        // One a zone, and one a host, by which it reaches packages and AWS.
        addresses: cents(addressAnHour * hours * (zones + min)),
        disks: cents(diskAGiB * diskGiB * min),
        ...hostsCost(
          types.map((type) => hostAnHour[type]),
          hours * min,
        ),
      },
      dollarsAUnit: cents(unitAnHour * hours),
      pricesOf: asOf,
      sources,
    },
  };
}

/** Nothing where one of the prices is not known. */
function hostsCost(prices: readonly (number | undefined)[], times: number) {
  const known = prices.filter((price) => price !== undefined);
  if (known.length < prices.length) return {};
  const [least, most] = [Math.min(...known), Math.max(...known)].map((price) => cents(price * times)) as [
    number,
    number,
  ];
  return { hosts: least, ...(most === least ? {} : { hostsAtMost: most }) };
}

/** Lines for `portway plan`. */
export function fleetLines(fleet: PlannedFleet): readonly string[] {
  const { min, max, zones, scaleOn, listeners, types = [], cost } = fleet;
  const { balancer, addresses, disks, hosts, hostsAtMost } = cost.dollarsAMonth;
  const others = balancer + addresses + disks;
  const from = (dollars: number, most: number | undefined) =>
    `$${dollars.toFixed(2)}${most === undefined ? '' : ` to $${most.toFixed(2)}`}`;
  const parts = [
    `balancer $${balancer.toFixed(2)}`,
    `${zones + min} addresses $${addresses.toFixed(2)}`,
    `disks $${disks.toFixed(2)}`,
    hosts === undefined ? 'hosts not known here' : `hosts ${from(hosts, hostsAtMost)}`,
  ];
  return [
    `${min} to ${max} hosts over ${zones} zones, ${listeners.length} of 50 listeners`,
    ...(types.length > 1 ? [`each is of the first of these that its zone has: ${types.join(', ')}`] : []),
    `their number follows ${scaleOnText(scaleOn)} of each`,
    `${min} hosts: ${from(others + (hosts ?? 0), hostsAtMost === undefined ? undefined : others + hostsAtMost)} a month (${parts.join(', ')}), and $${cost.dollarsAUnit.toFixed(2)} for each of the balancer's capacity units (list prices in us-east-1 of ${cost.pricesOf}, ${cost.sources.join(', ')})`,
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
