import { type Cidr, everyoneIn } from './cidr';
import type { Known } from './known';
import { type Lists, readSources, type SourceSpec } from './lists';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readFlag, readWhole } from './read-value';
import { isNginxForward, isWebForward, type ResolvedForward } from './resolved';

/**
 * Which sources are blocked for a time. A source is an IPv4 address, or the /64 of an IPv6 address. It is blocked for a
 * minute, and if it goes on within a day for 10 minutes, an hour, a day. Never blocked: `adminCidr`, trusted proxies,
 * targets by address, and private networks (RFC 1918 and the like).
 * @category Blocking for a time
 */
export interface ProtectProps {
  /**
   * How many requests of a source may be refused with 429 within 10 s (10-100000). Only the gateway's own refusals
   * count, so `limits` must be set on some HTTP forward.
   * @default 100
   * @refused a number where no HTTP forward has `limits`
   */
  readonly refusedRequests?: number;
  /**
   * How many answers with 401 or 403 a source may get within a minute on some paths.
   * @default failed logins are not counted
   */
  readonly failedLogins?: FailedLogins;
  /**
   * How many TCP connections a source may open in a second (10-10000), on all ports of the gateway together, with five times
   * as many at once. Beyond that its first packets are dropped. If within 10 s packets also come over twice as many
   * open connections to the gateway itself (at least 20), so that its address is hardly forged, it is blocked.
   * @default no limit
   */
  readonly newConnectionsPerSecond?: number;
  /**
   * Networks that are never blocked, in CIDR notation, and names of `lists`: offices whose people share an address, partners, monitoring.
   * @default none besides `adminCidr`, trusted proxies, targets by address and private networks
   * @refused an empty list; everyone, also as two halves
   */
  readonly never?: readonly SourceSpec[];
  /**
   * Whether only to report who would be blocked, by `portway blocked`, `portway status` and in
   * `/var/log/portway/protect.log`.
   * @default false
   */
  readonly dryRun?: boolean;
}

/** @category Blocking for a time */
export interface FailedLogins {
  /**
   * The paths, such as `['/login']`, of all HTTP forwards, in capitals or not. What lies below a path counts too:
   * `/login/reset` and `/login;x`, not `/login2`.
   * @refused an empty list; anything but letters, digits and `/ - _ . ~`
   */
  readonly paths: readonly string[];
  /**
   * How many a source may get within a minute (3-10000).
   * @default 20
   */
  readonly most?: number;
}

export const PROTECT = {
  refusedRequests: true,
  failedLogins: true,
  newConnectionsPerSecond: true,
  never: true,
  dryRun: true,
} satisfies Known<ProtectProps>;
export const FAILED_LOGINS = { paths: true, most: true } satisfies Known<FailedLogins>;

/** The checked `protect`. */
export interface Protect {
  /** Undefined: as many as by default. */
  readonly refusedRequests?: number;
  readonly failedLogins?: { readonly paths: readonly string[]; readonly most: number };
  readonly newConnectionsPerSecond?: number;
  /** The admin's network, and those that a user names. */
  readonly never: readonly Cidr[];
  readonly dryRun: boolean;
}

/** `admin`: the network that must never be locked out. */
export function readProtect(
  value: unknown,
  { admin, lists }: { readonly admin: Cidr | undefined; readonly lists: Lists },
  problems: Problems,
): Protect | undefined {
  const props = readObject('protect', value, { parts: PROTECT, example: "{ never: ['203.0.113.0/24'] }" }, problems);
  if (props === undefined) return undefined;
  const refused = { from: 10, to: 100_000 };
  const refusedRequests = readWhole('protect.refusedRequests', props.refusedRequests, refused, problems);
  const failedLogins = readFailedLogins(props.failedLogins, problems);
  const perSecond = readWhole(
    'protect.newConnectionsPerSecond',
    props.newConnectionsPerSecond,
    { from: 10, to: 10_000 },
    problems,
  );
  const never = readSources('protect.never', props.never, lists, problems);
  for (const cidr of everyoneIn(never))
    problems.add('protect.never', 'must not be everyone: remove protect instead', cidr.text);
  return {
    ...(refusedRequests === undefined ? {} : { refusedRequests }),
    ...(failedLogins === undefined ? {} : { failedLogins }),
    ...(perSecond === undefined ? {} : { newConnectionsPerSecond: perSecond }),
    never: [...(admin === undefined ? [] : [admin]), ...never],
    dryRun: readFlag('protect.dryRun', props.dryRun, problems) === true,
  };
}

function readFailedLogins(value: unknown, problems: Problems): Protect['failedLogins'] {
  const at = 'protect.failedLogins';
  const props = readObject(at, value, { parts: FAILED_LOGINS, example: "{ paths: ['/login'] }" }, problems);
  if (props === undefined) return undefined;
  const most = readWhole(`${at}.most`, props.most, { from: 3, to: 10_000 }, problems) ?? 20;
  if (!Array.isArray(props.paths) || props.paths.length === 0) {
    problems.add(`${at}.paths`, "must list paths, such as ['/login']", props.paths);
    return undefined;
  }
  const paths = props.paths.filter((path, i): path is string => {
    const isPath = typeof path === 'string' && /^\/[\w./~-]{0,199}$/.test(path);
    if (!isPath)
      problems.add(
        `${at}.paths[${i}]`,
        "must be a path of letters, digits and / - _ . ~, of at most 200 characters, such as '/login'",
        path,
      );
    return isPath;
  });
  return { paths, most };
}

/** How many refused requests lead to a block, if nothing is said. */
export const REFUSED_REQUESTS = 100;

/** Refuses `protect`, or a part of it, where nothing would ever be counted. */
export function checkProtect(
  forwards: readonly ResolvedForward[],
  { protect }: { readonly protect?: Protect },
  problems: Problems,
): void {
  if (protect === undefined) return;
  const own = forwards.filter(isNginxForward).filter(isWebForward);
  const limited = own.some((f) => f.sites.some((s) => [s, ...s.routes].some((p) => p.options.limits !== undefined)));
  if (protect.refusedRequests !== undefined && !limited)
    problems.add(
      'protect.refusedRequests',
      'must go with limits on an HTTP forward, such as { requestsPerSecond: 20 }: only what these refuse counts',
      protect.refusedRequests,
    );
  // The kernel counts connections to forwards of all kinds.
  if (protect.newConnectionsPerSecond !== undefined && protect.failedLogins === undefined) return;
  if (own.length === 0)
    problems.add(
      'protect',
      'must go with Forward.http or Forward.https, or have newConnectionsPerSecond: only those count',
    );
  else if (!limited && protect.failedLogins === undefined)
    problems.add(
      'protect',
      "must find something to count: add limits to an HTTP forward, such as { requestsPerSecond: 20 }, or failedLogins: { paths: ['/login'] } or newConnectionsPerSecond: 50 to protect",
    );
}
