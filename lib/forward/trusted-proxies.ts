import { type Cidr, everyoneIn } from './cidr';
import type { Known } from './known';
import { type Lists, readSources, type SourceSpec } from './lists';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readFlag } from './read-value';

/** The PROXY protocol, which sends the client's address ahead of a connection's own bytes. */
export interface ProxyProtocolProps {
  /**
   * Takes the client's address from the PROXY protocol, version 1 or 2. Every connection must then begin with it, as
   * those from a Network Load Balancer can. `'balancer'`, on a fleet: the fleet's own balancer begins them with it.
   * @default none: connections come from the clients themselves
   * @refused `'balancer'` outside of a fleet, and on a port that also takes UDP
   * @see docs/fleet.md#the-proxy-protocol
   */
  readonly accept?: ProxyProtocolSource | 'balancer';
  /**
   * Whether to tell targets the client's address by the PROXY protocol, version 1. They must understand it.
   * @default false: targets see the gateway's address
   */
  readonly send?: boolean;
}

/** Who may speak the PROXY protocol to the gateway. */
export interface ProxyProtocolSource {
  /**
   * The networks whose word counts, in CIDR notation, and names of `lists`. The security group lets in only these.
   * @refused an empty list; everyone, also as two halves
   */
  readonly from: readonly SourceSpec[];
}

export const PROXY_PROTOCOL = { accept: true, send: true } satisfies Known<ProxyProtocolProps>;
export const PROXY_PROTOCOL_SOURCE = { from: true } satisfies Known<ProxyProtocolSource>;

/** Which proxies may report the real client of a connection, and how; checked. */
export interface TrustedProxies {
  readonly by: 'x-forwarded-for' | 'proxy-protocol';
  readonly from: readonly Cidr[];
  /** Whether nobody else may connect. */
  readonly only?: true;
  /** Whether the proxy is a fleet's own balancer. Its networks come from the fleet: see fleet-reading.ts. */
  readonly balancer?: true;
}

/**
 * Whether only proxies come, among them some that the host may not know: the security group names a prefix list, which AWS
 * keeps, and so may have newer ones.
 */
export function mayHideProxies({ trustedProxies: trusted }: { readonly trustedProxies?: TrustedProxies }): boolean {
  return trusted?.only === true && trusted.from.some((c) => c.prefixList !== undefined);
}

export interface ClientAddressProps {
  readonly trustedProxies?: readonly SourceSpec[];
  readonly proxyProtocol?: ProxyProtocolProps;
}

/**
 * Reads `trustedProxies` and `proxyProtocol`. `takes` are the parts of the latter that this kind of forward supports.
 */
export function readTrustedProxies(
  at: string,
  props: ClientAddressProps,
  takes: readonly (keyof ProxyProtocolProps)[],
  lists: Lists,
  problems: Problems,
): { readonly trustedProxies?: TrustedProxies; readonly sendsProxyProtocol: boolean } {
  const where = `${at}.proxyProtocol`;
  const example = `{ ${takes[0] === 'send' ? 'send: true' : "accept: { from: ['10.0.0.0/16'] }"} }`;
  const parts: Readonly<Partial<Record<keyof ProxyProtocolProps, true>>> = takes.includes('send')
    ? PROXY_PROTOCOL
    : { accept: true };
  const protocol = readObject(where, props.proxyProtocol, { parts, example }, problems);
  const accept = protocol?.accept;
  const send = readFlag(`${where}.send`, protocol?.send, problems);
  if (protocol !== undefined && accept === undefined && send !== true)
    problems.add(where, `must say ${takes.join(' or ')}`, props.proxyProtocol);
  const balancer = accept === 'balancer';
  const source = readObject(
    `${where}.accept`,
    balancer ? undefined : accept,
    { parts: PROXY_PROTOCOL_SOURCE, example: "{ from: ['10.0.0.0/16'] }" },
    problems,
  );
  if (source !== undefined && source.from === undefined)
    problems.add(`${where}.accept.from`, "must list trusted proxy networks, such as ['10.0.0.0/16']");
  if ((source !== undefined || balancer) && props.trustedProxies !== undefined)
    problems.add(
      `${at}.trustedProxies`,
      'must not stand beside proxyProtocol.accept: only one of them can name the client',
      props.trustedProxies,
    );
  const byProtocol = readTrusted(`${where}.accept.from`, source?.from, lists, problems);
  const byHeader = readTrusted(`${at}.trustedProxies`, props.trustedProxies, lists, problems);
  const from = byProtocol.length > 0 ? byProtocol : byHeader;
  if (balancer)
    return { trustedProxies: { by: 'proxy-protocol', from: [], balancer: true }, sendsProxyProtocol: send === true };
  return {
    ...(from.length === 0
      ? {}
      : { trustedProxies: { by: byProtocol.length > 0 ? 'proxy-protocol' : 'x-forwarded-for', from } }),
    sendsProxyProtocol: send === true,
  };
}

/**
 * If everyone were a trusted proxy, every client could claim any address.
 */
function readTrusted(at: string, value: unknown, lists: Lists, problems: Problems): readonly Cidr[] {
  const from = readSources(at, value, lists, problems, 'known');
  for (const cidr of everyoneIn(from))
    problems.add(at, 'must not be everyone: anybody could then claim any address', cidr.text);
  return from;
}
