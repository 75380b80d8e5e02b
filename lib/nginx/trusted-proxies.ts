import { mergeCidrs } from '../forward/cidr';
import { type NginxForward, type StreamForward, sharedPortOf, type WebForward } from '../forward/resolved';
import type { Line } from './block';

/** What a listener needs to detect clients that vanished, even if connections may be silent for long. */
export const KEEPALIVE = ' so_keepalive=on';

/** What a listener needs to accept the client's address before each connection's data. */
export function listenParameter({ trustedProxies }: NginxForward): string {
  return trustedProxies?.by === 'proxy-protocol' ? ' proxy_protocol' : '';
}

/** Uses the client's real address in an HTTP server. Clients that are not trusted proxies keep their own. */
export function realClient(forward: WebForward): readonly Line[] {
  const { trustedProxies } = forward;
  if (sharedPortOf(forward) !== undefined)
    return [
      '# Connections come from the stream context, which passes on the client address.',
      'set_real_ip_from unix:;',
      'real_ip_header proxy_protocol;',
    ];
  if (trustedProxies === undefined) return [];
  return [
    '# Only these proxies may name the client.',
    ...mergeCidrs(trustedProxies.from).map((c) => `set_real_ip_from ${c.text};`),
    ...(trustedProxies.by === 'proxy-protocol'
      ? ['real_ip_header proxy_protocol;']
      : ['real_ip_header X-Forwarded-For;', 'real_ip_recursive on;  # the last address that is not a trusted proxy']),
  ];
}

/** The same in a TCP server, and the PROXY protocol towards the target. A shared port is handled by another server. */
export function streamClient(
  forward: Pick<StreamForward, 'trustedProxies' | 'sendsProxyProtocol'> & { readonly sharedPort?: unknown },
): readonly Line[] {
  const from = mergeCidrs(forward.trustedProxies?.from ?? []).map((c) => c.text);
  return [
    ...(forward.sharedPort === undefined ? from : ['unix:']).map((source) => `set_real_ip_from ${source};`),
    ...(forward.sendsProxyProtocol ? ['proxy_protocol on;'] : []),
  ];
}
