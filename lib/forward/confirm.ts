import { isHostName } from './host-name';
import type { Known } from './known';
import type { Problems } from './problems';
import { memberPath, readObject, readRecord } from './read-object';
import { readWhole } from './read-value';
import { isNginxForward, isPortForward, isWebForward, type PortForward, type ResolvedForward } from './resolved';

/** A request that tells whether a forward works. */
export interface ConfirmProbe {
  /**
   * The path of a GET request. On nginx it takes the whole way of a client, by the forward's own listener, over TLS for
   * `Forward.https` and `Forward.tls`; on iptables a target is asked, by plain HTTP.
   * @refused anything but a path in ASCII that begins with `/`; on a UDP forward and on `Forward.protocol`
   */
  readonly http: string;
  /**
   * The status of a good answer (200-599).
   * @default 200
   */
  readonly expect?: number;
  /**
   * The host name to ask for.
   * @default the first name in the forward's `hosts` without a star, else `localhost`
   * @refused anything but a host name in lower case
   */
  readonly host?: string;
}

export const PROBE = { http: true, expect: true, host: true } satisfies Known<ConfirmProbe>;

/** Which forwards must answer after a change. */
export type Confirm = 'answers' | Readonly<Record<string, 'answers' | ConfirmProbe>>;

/** A forward that must answer after a change, checked. */
export interface Confirmed {
  readonly forward: PortForward;
  /** Undefined: a target must accept connections. */
  readonly probe?: Required<ConfirmProbe>;
}

const EXAMPLE = "{ web: { http: '/health', expect: 200 } }";
const HOW = `must be 'answers', or hold 'answers' or a probe for forwards by name, such as ${EXAMPLE}`;

/** `names`: of all forwards, of those with problems too. */
export function readConfirm(
  value: unknown,
  forwards: readonly ResolvedForward[],
  problems: Problems,
  names: readonly unknown[] = [],
): readonly Confirmed[] {
  if (value === undefined) return [];
  if (value === 'answers')
    return forwards
      .filter(isPortForward)
      .filter(canAnswer)
      .map((forward) => ({ forward }));
  return (readRecord('confirm', value, HOW, problems) ?? []).flatMap(([name, how]): readonly Confirmed[] => {
    const at = memberPath('confirm', name);
    const forward = forwards.find((f) => f.name === name);
    const probe = how === 'answers' ? undefined : readProbe(at, how, forward, problems);
    // A forward with problems of its own has them told already.
    if (forward === undefined && names.includes(name)) return [];
    if (forward === undefined)
      problems.add(at, `must have the name of a forward: ${HOW.replace('must be', 'confirm is')}`, name);
    else if (!isPortForward(forward) || !canAnswer(forward))
      problems.add(at, 'must be of TCP and have a target: nobody can tell whether another forward is answered', name);
    else return [{ forward, ...(probe === undefined ? {} : { probe }) }];
    return [];
  });
}

function canAnswer({ transport, targets }: PortForward): boolean {
  return transport === 'tcp' && targets.length > 0;
}

function readProbe(
  at: string,
  value: unknown,
  forward: ResolvedForward | undefined,
  problems: Problems,
): Required<ConfirmProbe> | undefined {
  const read = readObject(
    at,
    value,
    { parts: PROBE, example: "{ http: '/health' } or 'answers'", required: true },
    problems,
  );
  if (read === undefined) return undefined;
  const { http, host } = read;
  if (typeof http !== 'string' || !/^\/[!-~]{0,255}$/.test(http))
    problems.add(`${at}.http`, "must be a path in ASCII of at most 256 characters, such as '/health'", http);
  if (host !== undefined && !(typeof host === 'string' && isHostName(host) && !host.startsWith('*')))
    problems.add(`${at}.host`, 'must be a host name in lower case', host);
  const expect = readWhole(`${at}.expect`, read.expect, { from: 200, to: 599 }, problems) ?? 200;
  return { http: `${http}`, expect, host: host === undefined ? firstHost(forward) : `${host}` };
}

function firstHost(forward: ResolvedForward | undefined): string {
  const places =
    forward === undefined ? [] : isWebForward(forward) ? forward.sites : forward.kind === 'tls' ? forward.tlsHosts : [];
  return places.flatMap(({ host }) => host ?? []).find((host) => !host.startsWith('*')) ?? 'localhost';
}

/** How the host asks: what `portway confirm` reads for a forward. */
export function describeConfirmed({ forward, probe }: Confirmed): object {
  if (probe === undefined) return {};
  const tls = forward.kind === 'https' || forward.kind === 'tls';
  return { ...probe, tls, proxy: isNginxForward(forward) && forward.trustedProxies?.by === 'proxy-protocol' };
}
