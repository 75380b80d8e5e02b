import { FLEET_PRICES } from './fleet-prices';

/** Traffic that somebody expects, as the month's average. */
export interface StatedTraffic {
  readonly tcp: StatedLoad;
  readonly udp: StatedLoad;
  /** Of both protocols, what leaves AWS, in Mbit/s. */
  readonly out: number;
}

export interface StatedLoad {
  /** New connections (UDP: flows) a second. */
  readonly new: number;
  /** Open ones. */
  readonly active: number;
  /** In both directions together, in Mbit/s. */
  readonly mbit: number;
}

/** What stated traffic costs a month by list prices, beside hosts and balancer. */
export interface PlannedTraffic {
  readonly stated: StatedTraffic;
  /** Of a fleet's balancer. Omitted: there is none. */
  readonly balancer?: {
    /** Its capacity units: of each protocol the largest part counts, and both are added. */
    readonly units: number;
    /** The part that counts most, and its protocol. */
    readonly most: string;
    readonly dollarsAMonth: number;
  };
  readonly transfer: { readonly gigabytesAMonth: number; readonly dollarsAMonth: number };
  readonly pricesOf: string;
  readonly sources: readonly string[];
}

/** What a text may say, and an example of it. */
const WORDS = ['new', 'active', 'mbit', 'udp-new', 'udp-active', 'udp-mbit', 'out'] as const;
type Word = (typeof WORDS)[number];
const EXAMPLE = 'new=200,active=5000,mbit=80,out=70';

/** More than any balancer has. */
const MOST = 1_000_000_000;

/**
 * Reads what `--traffic` says, such as `new=200,active=5000,mbit=80,out=70`.
 * @throws Error naming all that is wrong
 */
export function readTraffic(text: string): StatedTraffic {
  const wrong: string[] = [];
  const read = new Map<Word, number>();
  for (const part of text.split(',')) {
    const [name = '', value = '', ...more] = part.trim().split('=');
    const word = WORDS.find((one) => one === name);
    if (word === undefined) wrong.push(`${name || 'nothing'} is none of ${WORDS.join(', ')}`);
    else if (read.has(word)) wrong.push(`${word} is there twice`);
    else if (more.length > 0 || !/^\d+(\.\d+)?$/.test(value) || Number(value) > MOST)
      wrong.push(`${word} must be a number of 0-${MOST}, got: ${[value, ...more].join('=') || 'nothing'}`);
    if (word !== undefined) read.set(word, Number(value));
  }
  if (wrong.length > 0) throw new Error(`${wrong.join('; ')}. An example: ${EXAMPLE}`);
  const load = (prefix: '' | 'udp-'): StatedLoad => ({
    new: read.get(`${prefix}new`) ?? 0,
    active: read.get(`${prefix}active`) ?? 0,
    mbit: read.get(`${prefix}mbit`) ?? 0,
  });
  return { tcp: load(''), udp: load('udp-'), out: read.get('out') ?? 0 };
}

/** Gigabytes an hour of one Mbit/s. */
const GIGABYTES_AN_HOUR = 3600 / 8 / 1000;

/** @param hasBalancer whether it is a fleet */
export function plannedTraffic(stated: StatedTraffic, hasBalancer: boolean): PlannedTraffic {
  const { hours, transferAGigabyte, asOf, sources } = FLEET_PRICES;
  const gigabytes = stated.out * GIGABYTES_AN_HOUR * hours;
  return {
    stated,
    ...(hasBalancer ? { balancer: unitsOf(stated) } : {}),
    transfer: { gigabytesAMonth: Math.round(gigabytes), dollarsAMonth: cents(gigabytes * transferAGigabyte) },
    pricesOf: asOf,
    sources,
  };
}

/** AWS counts each protocol by itself, and of each the part that takes most units. */
function unitsOf(stated: StatedTraffic): NonNullable<PlannedTraffic['balancer']> {
  const { hours, unitAnHour, unit } = FLEET_PRICES;
  const most = (['tcp', 'udp'] as const).map((protocol) => {
    const load = stated[protocol];
    const parts = [
      ['new connections', load.new / unit[protocol].new],
      ['open connections', load.active / unit[protocol].active],
      ['volume', (load.mbit * GIGABYTES_AN_HOUR) / unit[protocol].gigabytesAnHour],
    ] as const;
    const [name, units] = parts.toSorted(([, a], [, b]) => b - a)[0] ?? ['volume', 0];
    return { units, name: `${name} of ${protocol.toUpperCase()}` };
  });
  const units = most.reduce((sum, one) => sum + one.units, 0);
  return {
    units: Math.round(units * 100) / 100,
    most: most.toSorted((a, b) => b.units - a.units)[0]?.name ?? '',
    dollarsAMonth: cents(units * unitAnHour * hours),
  };
}

/** Lines for `portway plan`. */
export function trafficLines({ balancer, transfer, pricesOf, sources }: PlannedTraffic): readonly string[] {
  return [
    ...(balancer === undefined
      ? ['no balancer, so connections and volume by themselves cost nothing']
      : [
          `balancer: ${balancer.units} capacity units, most of them for ${balancer.most}: $${balancer.dollarsAMonth.toFixed(2)} a month`,
        ]),
    `out of AWS: ${transfer.gigabytesAMonth} GB, $${transfer.dollarsAMonth.toFixed(2)} a month`,
    `list prices in us-east-1 of ${pricesOf}, ${sources.join(', ')}`,
  ];
}

function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
