import { mergeCidrs } from '../forward/cidr';
import { type SourceSpec, splitSources } from '../forward/lists';
import { readFlag } from '../forward/read-value';
import { sharedPortOf, type WebForward } from '../forward/resolved';
import {
  mayHideProxies,
  type ProxyProtocolProps,
  readTrustedProxies,
  type TrustedProxies,
} from '../forward/trusted-proxies';
import { block, type Line } from '../nginx/block';
import { variableName } from '../nginx/names';
import { geo, inAny, type Variables } from '../nginx/networks';
import { refuse } from '../nginx/refusals';
import type { ForwardFeature } from './feature';

/** @category Forward.http */
export interface TrustedProxiesProps {
  /**
   * Networks of proxies in front of the gateway (a load balancer, a CDN), in CIDR notation, and names of `lists`. The client's address is
   * then taken from their `X-Forwarded-For`, for limits, sources, logs and what targets are told. Their
   * `X-Request-ID`, `X-Forwarded-Proto` and `X-Forwarded-Port` count too. From anyone else, such headers are ignored.
   * @default none: the client is whoever connects
   * @refused an empty list; everyone, also as two halves; together with `proxyProtocol.accept`
   * @see docs/options.md#the-real-client
   */
  readonly trustedProxies?: readonly SourceSpec[];
  /**
   * Whether only trusted proxies may connect. The security group lets in only these; the host answers others with 403.
   * The gateway itself may always connect over loopback. `allowFrom` is still about the clients behind them.
   * @default false: clients may also come without a proxy
   * @refused without `trustedProxies` or `proxyProtocol.accept`; on a port that a `Forward.tls` shares
   * @see docs/options.md#the-real-client
   */
  readonly proxiesOnly?: boolean;
  /**
   * Takes the client's address from the PROXY protocol: `{ accept: { from: ['10.0.0.0/16'] } }`.
   * @default none: connections come from the clients themselves
   * @refused `send`: HTTP targets learn the client from headers
   */
  readonly proxyProtocol?: Pick<ProxyProtocolProps, 'accept'>;
}

export interface TrustedProxiesValues {
  readonly trustedProxies?: TrustedProxies;
}

declare module './values' {
  interface ForwardValues extends TrustedProxiesValues {}
}

/** Who the client is. What trusted proxies report beside the address is in lib/nginx/request-facts.ts. */
export const trustedProxies: ForwardFeature<TrustedProxiesProps, TrustedProxiesValues> = {
  props: { trustedProxies: true, proxiesOnly: true, proxyProtocol: true },
  read(at, props, problems, lists) {
    const { trustedProxies: trusted } = readTrustedProxies(at, props, ['accept'], lists, problems);
    const only = readFlag(`${at}.proxiesOnly`, props.proxiesOnly, problems) === true;
    if (only && props.trustedProxies === undefined && props.proxyProtocol === undefined)
      problems.add(`${at}.proxiesOnly`, 'must go with trustedProxies, such as [Sources.cloudflare()]', true);
    return trusted === undefined ? {} : { trustedProxies: { ...trusted, ...(only ? { only: true as const } : {}) } };
  },
  nginx: {
    http: { order: 13, lines: ({ forwards }) => listBlocks(forwards) },
    forward: { order: 1, lines: ({ forward }) => maps(forward) },
    admission: {
      order: 15,
      lines: ({ forward, limited }) =>
        isExclusive(forward) ? [block(`if (${variables(forward).any} = 0)`, [refuse(403, limited)])] : [],
      refuses: (forward) => (isExclusive(forward) ? [403] : []),
    },
    siteHead: { order: 20, lines: ({ forward }) => realClient(forward) },
  },
};

/** With a prefix list the security group alone sees to it. */
function isExclusive(forward: WebForward): boolean {
  return forward.trustedProxies?.only === true && !mayHideProxies(forward);
}

/** Who connects, whomever they name as the client. */
const PEER = { address: '$realip_remote_addr', gateway: 1, list: listVariable } as const;

/** The lists of proxies that have a forward to themselves: once for all such forwards. */
function listBlocks(forwards: readonly WebForward[]): readonly Line[] {
  const { lists } = splitSources(forwards.filter(isExclusive).flatMap((f) => f.trustedProxies?.from ?? []));
  if (lists.size === 0) return [];
  return [
    '',
    '# Who connects: the proxies in lists of the stack.',
    ...[...lists].map(([name, networks]) => geo(listVariable(name), networks, PEER)),
  ];
}

function listVariable(name: string): string {
  return variableName('proxies', name);
}

function maps(forward: WebForward): readonly Line[] {
  if (!isExclusive(forward)) return [];
  return inAny(variables(forward), splitSources(forward.trustedProxies?.from ?? []), PEER);
}

function variables({ name, trustedProxies: trusted }: WebForward): Variables {
  const { alone, lists } = splitSources(trusted?.from ?? []);
  const [only] = lists.keys();
  if (alone.length === 0 && lists.size === 1) return { any: listVariable(only ?? '') };
  const own = variableName('proxy', name);
  if (lists.size === 0) return { alone: own, any: own };
  return { ...(alone.length === 0 ? {} : { alone: own }), any: variableName('proxied', name) };
}

/** Uses the client's real address. Clients that are not trusted proxies keep their own. */
function realClient(forward: WebForward): readonly Line[] {
  if (sharedPortOf(forward) !== undefined)
    return [
      '# Connections come from the stream context, which passes on the client address.',
      'set_real_ip_from unix:;',
      'real_ip_header proxy_protocol;',
    ];
  const { trustedProxies: trusted } = forward;
  if (trusted === undefined) return [];
  return [
    '# Only these proxies may name the client.',
    ...mergeCidrs(trusted.from).map((c) => `set_real_ip_from ${c.text};`),
    ...(trusted.by === 'proxy-protocol'
      ? ['real_ip_header proxy_protocol;']
      : ['real_ip_header X-Forwarded-For;', 'real_ip_recursive on;  # the last address that is not a trusted proxy']),
  ];
}
