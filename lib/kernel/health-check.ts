import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readOneOf, readWhole } from '../forward/read-value';
import type { Target } from '../forward/target';
import type { PortContext, PortOption } from './feature';

/** @category Forward.tcp, Forward.udp */
export interface HealthCheckOptionProps {
  /**
   * Leaves out a target that does not answer until it answers again: `true`, or an object; iptables only.
   * @default false: a dead target keeps getting its share
   * @refused nginx; with only one target
   * @see docs/decisions/health-checks.md
   */
  readonly healthCheck?: boolean | HealthCheckProps;
}

/** The ways to check a target. */
export const HEALTH_CHECK_METHODS = ['tcp', 'ping', 'mysql', 'postgres'] as const;

export type HealthCheckMethod = (typeof HEALTH_CHECK_METHODS)[number];

/** How a forward's targets are checked. */
export interface HealthCheckProps {
  /**
   * How a target is asked.
   * - `'tcp'` opens a connection to the port and closes it.
   * - `'ping'` sends an ICMP echo request: the host is up, whatever its server does.
   * - `'mysql'` logs in to MySQL or MariaDB as `portway` without a password, and out again. A refused login counts as
   *   alive, but MariaDB logs it: `CREATE USER portway@'10.0.0.10'` with the gateway's private address, and no
   *   rights, keeps its log quiet.
   * - `'postgres'` asks PostgreSQL whether it accepts TLS. It needs no account.
   *
   * Some servers treat a silent connection as an attack and lock the gateway out, so their ports require an explicit
   * choice.
   * @default 'tcp' for a TCP forward, 'ping' for a UDP forward
   * @refused `'ping'` if a target is on the gateway itself; no choice for ports 22, 25, 465, 587, 3306 and 5432
   * @see docs/applications.md#health-checks
   * @see https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_connect_errors
   */
  readonly by?: HealthCheckMethod;
  /**
   * The port that is asked (1-65535).
   * @default the target's own port; of a range, the first
   * @refused with `'ping'`
   */
  readonly port?: number;
  /**
   * Seconds between two rounds (1-300). An answer may take as long, but at most 10 seconds.
   * @default 5
   */
  readonly interval?: number;
  /**
   * After how many failed rounds in a row a target is left out (1-20). One answer brings it back.
   * @default 2
   */
  readonly failures?: number;
}

/**
 * Ports of servers that react badly to a connection that sends nothing: how they react, and the check to use instead.
 */
export const TOUCHY: Readonly<Record<number, { readonly offence: string; readonly by: HealthCheckMethod }>> = {
  22: { offence: 'OpenSSH penalizes addresses that connect without a login', by: 'ping' },
  25: { offence: 'mail servers and fail2ban count clients that say nothing', by: 'ping' },
  465: { offence: 'mail servers and fail2ban count clients that say nothing', by: 'ping' },
  587: { offence: 'mail servers and fail2ban count clients that say nothing', by: 'ping' },
  3306: { offence: 'MySQL and MariaDB block an address after 100 connections without a login', by: 'mysql' },
  5432: { offence: 'a PostgreSQL that hangs still accepts connections', by: 'postgres' },
};

/** The checked health check. */
export interface ResolvedHealthCheck {
  readonly by: HealthCheckMethod;
  /** Undefined: the port of the target. */
  readonly port?: number;
  readonly interval: number;
  readonly failures: number;
}

/** The names of the props, for messages about a prop in the wrong place. */
export const HEALTH_CHECK = { by: true, port: true, interval: true, failures: true } satisfies Record<
  keyof HealthCheckProps,
  true
>;

export interface HealthCheckValues {
  readonly healthCheck?: ResolvedHealthCheck;
}

declare module './values' {
  interface KernelPortValues extends HealthCheckValues {}
}

/**
 * `healthCheck`: the host's health service writes the rules (lib/host/health.ts), and `balance` leaves their chains to
 * it.
 */
export const healthCheck: PortOption<HealthCheckOptionProps, HealthCheckValues> = {
  on: 'ports',
  props: { healthCheck: true },
  parts: { healthCheck: HEALTH_CHECK },
  read(at, props, problems, context) {
    const check = readHealthCheck(at, props.healthCheck, context, problems);
    return check === undefined ? {} : { healthCheck: check };
  },
};

function readHealthCheck(
  at: string,
  value: unknown,
  forward: PortContext,
  problems: Problems,
): ResolvedHealthCheck | undefined {
  if (value === undefined || value === false) return undefined;
  const where = `${at}.healthCheck`;
  if (typeof value === 'object' ? value === null : value !== true) {
    problems.add(where, 'must be true, false or an object such as { interval: 10 }', value);
    return undefined;
  }
  const props =
    value === true ? {} : readObject(where, value, { parts: HEALTH_CHECK, example: '{ interval: 10 }' }, problems);
  if (props === undefined) return undefined;
  if (forward.targets.length < 2)
    problems.add(where, 'must be left out with fewer than two targets', forward.targets.length);
  const by =
    readOneOf(`${where}.by`, props.by, HEALTH_CHECK_METHODS, problems) ??
    (props.by === undefined && forward.transport === 'udp' ? 'ping' : 'tcp');
  if (props.by === undefined && by === 'tcp') checkTouchy(where, props.port, forward.targets, problems);
  if (by === 'ping' && props.port !== undefined)
    problems.add(`${where}.port`, 'must be left out where a ping asks: it knows no ports', props.port);
  if (by === 'ping' && forward.targets.some((t) => t.kind === 'local'))
    problems.add(
      `${where}.by`,
      "must be 'tcp' where a target is the gateway itself, which always answers its own pings; name a TCP port of the application",
      by,
    );
  const number = (name: Exclude<keyof HealthCheckProps, 'by'>, to: number) =>
    readWhole(`${where}.${name}`, props[name], { from: 1, to }, problems);
  const port = number('port', 65_535);
  return {
    by,
    ...(port === undefined ? {} : { port }),
    interval: number('interval', 300) ?? 5,
    failures: number('failures', 20) ?? 2,
  };
}

/** Some servers penalise connections that send nothing, so the user must ask for such checks explicitly. */
function checkTouchy(at: string, port: unknown, targets: readonly Target[], problems: Problems): void {
  const asked = new Set(port === undefined ? targets.map((t) => t.ports.from) : [port]);
  const found = Object.keys(TOUCHY).find((touchy) => asked.has(Number(touchy)));
  if (found === undefined) return;
  const { offence, by } = TOUCHY[Number(found)] as (typeof TOUCHY)[number];
  problems.add(
    `${at}.by`,
    `must be written for port ${found}: ${offence}. Write { by: '${by}' }, or { by: 'tcp' } where the server is told to bear it`,
    undefined,
  );
}
