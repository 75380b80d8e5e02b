import { mergeCidrs } from '../forward/cidr';
import type { SourceSpec } from '../forward/lists';
import { sharedPortOf, type WebForward } from '../forward/resolved';
import { type ProxyProtocolProps, readTrustedProxies, type TrustedProxies } from '../forward/trusted-proxies';
import type { Line } from '../nginx/block';
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
  props: { trustedProxies: true, proxyProtocol: true },
  read(at, props, problems, lists) {
    const { trustedProxies: trusted } = readTrustedProxies(at, props, ['accept'], lists, problems);
    return trusted === undefined ? {} : { trustedProxies: trusted };
  },
  nginx: { siteHead: { order: 20, lines: ({ forward }) => realClient(forward) } },
};

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
