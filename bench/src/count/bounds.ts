import { comparable } from './losses';
import { type Counted, countOf } from './result';
import type { LoadName } from './section';

/** The instructions of one subject, in terms of another one's. */
export interface CountBound {
  readonly title: string;
  readonly section: string;
  readonly load: LoadName;
  readonly subject: string;
  readonly against: string;
  readonly atMost: number;
}

function kernel(section: string, load: LoadName, against: string, atMost: number, title: string): CountBound {
  return { section, load, subject: 'portway-iptables', against, atMost, title };
}

function http(load: LoadName, against: string, atMost: number, title: string): CountBound {
  return { section: 'http', load, subject: 'portway-nginx', against, atMost, title };
}

function tls(load: LoadName, title: string): CountBound {
  return { section: 'tls', load, subject: 'portway-nginx', against: 'haproxy', atMost: 0.95, title };
}

/** What must hold. Where it does not, docs/decisions/benchmark.md says why. */
export const BOUNDS: readonly CountBound[] = [
  kernel('remote', 'kept', 'direct', 0.93, 'kept-alive request to another host, of a direct one'),
  kernel('remote', 'datagram', 'direct', 1, 'datagram to another host and back, of a direct one'),
  {
    ...kernel('remote', 'kept', 'direct', 0.93, 'kept-alive request with `flowOffload`, of a direct one'),
    subject: 'portway-flows',
  },
  {
    ...kernel('remote', 'datagram', 'direct', 1, 'datagram there and back with `flowOffload`, of a direct one'),
    subject: 'portway-flows',
  },
  kernel('remote', 'new', 'iptables', 1.04, 'new connection to another host, of one by hand'),
  kernel('local', 'kept', 'iptables', 1.005, 'kept-alive request to a port here, of one by hand'),
  kernel('local', 'new', 'iptables', 1.015, 'new connection to a port here, of one by hand'),
  {
    ...kernel(
      'remote',
      'new',
      'portway-iptables',
      1.05,
      'new connection, the worst of 1,000 forwards, of a single one',
    ),
    subject: 'portway-iptables-1000',
  },
  ...['remote', 'local'].map((where) => ({
    ...kernel(
      `many-${where}`,
      'new',
      'portway-iptables',
      1.05,
      `new connection, the worst of 10,000 forwards (${where}), of a single one`,
    ),
    subject: 'portway-iptables-10000',
  })),
  kernel('remote', 'kept', 'portway-uncounted', 1.002, 'kept-alive request to another host, of one without counting'),
  kernel('remote', 'new', 'portway-uncounted', 1.02, 'new connection to another host, of one without counting'),
  {
    section: 'watching',
    load: 'kept-long',
    subject: 'portway-watched',
    against: 'portway-nginx',
    atMost: 1.02,
    title: 'kept-alive HTTP request with metrics, of one without',
  },
  http('kept', 'nginx', 0.48, "kept-alive HTTP request, of stock nginx's"),
  http('kept', 'haproxy', 0.75, "kept-alive HTTP request, of haproxy's"),
  http('kept', 'caddy', 0.26, "kept-alive HTTP request, of caddy's"),
  http('new', 'nginx', 0.65, "HTTP request on a new connection, of stock nginx's"),
  http('new', 'haproxy', 0.6, "HTTP request on a new connection, of haproxy's"),
  http('new', 'caddy', 0.33, "HTTP request on a new connection, of caddy's"),
  http('kept-64', 'haproxy', 1, "kept-alive HTTP request, 64 at once, of haproxy's"),
  http('new-64', 'haproxy', 1, "HTTP request on a new connection, 64 at once, of haproxy's"),
  tls('tls-kept', "kept-alive HTTPS request, of haproxy's"),
  tls('tls-full', "HTTPS request on a new connection, full handshake, of haproxy's"),
  tls('tls-resumed', "HTTPS request on a new connection, resumed session, of haproxy's"),
  ...[
    { subject: 'kept-protected', kind: 'on kept connections' },
    { subject: 'new-protected', kind: 'of new connections' },
  ].map(
    ({ subject, kind }): CountBound => ({
      section: 'flood',
      load: 'steady',
      subject,
      against: 'quiet',
      atMost: 1.3,
      title: `HTTP request while one address floods ${kind} and \`protect\` blocks it, of one without a flood`,
    }),
  ),
  ...(['iptables', 'nginx'] as const).map(
    (engine): CountBound => ({
      section: 'boot',
      load: 'boot',
      subject: `portway-${engine}`,
      against: 'empty',
      atMost: 1.1,
      title: `first boot until the first forwarded request (${engine}), of the image's alone`,
    }),
  ),
];

export interface CountVerdict {
  readonly bound: CountBound;
  /** The ratio of the medians. */
  readonly measured: number;
  readonly holds: boolean;
  /** The ratio in the committed run, if it was counted there. */
  readonly committed?: number;
  /** Whether this run is a failure: see {@link countVerdicts}. */
  readonly fails: boolean;
}

/** Two runs of the same thing differ by less than this fraction. */
const NOISE = 0.01;

/**
 * All bounds whose subjects were counted. A bound that the committed run kept must be kept; one that it missed must not be missed
 * by more. Both with 1 % for noise, and against the other's dearest batch of the two runs: caddy's counts differ by some per cent
 * from boot to boot, and ours are judged by themselves (losses.ts).
 */
export function countVerdicts(result: Counted, committed?: Counted): readonly CountVerdict[] {
  return BOUNDS.flatMap((bound) => {
    const { own, other } = pairOf(result, bound);
    if (own === undefined || other === undefined) return [];
    const measured = own.median / other.median;
    const then = committed && pairOf(committed, bound);
    const before = then?.own && then.other && then.own.median / then.other.median;
    const limit = Math.max(bound.atMost, before ?? bound.atMost);
    const sameOther = committed !== undefined && comparable(result, committed) ? then?.other : undefined;
    const dearest = Math.max(other.highest, sameOther?.highest ?? 0);
    return {
      bound,
      measured,
      holds: measured <= bound.atMost,
      ...(before === undefined ? {} : { committed: before }),
      fails: own.median / dearest > limit * (1 + NOISE),
    };
  });
}

function pairOf(result: Counted, { section, subject, against, load }: CountBound) {
  return { own: countOf(result, section, subject, load), other: countOf(result, section, against, load) };
}
