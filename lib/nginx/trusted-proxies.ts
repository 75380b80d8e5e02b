import { mergeCidrs } from '../forward/cidr';
import { type NginxForward, type StreamForward, sharedPortOf, type WebForward } from '../forward/resolved';
import type { Line } from './block';

/** What a listener needs to find out clients that are gone without a word, however long connections may be silent. */
export const KEEPALIVE = ' so_keepalive=on';

/** What a listener needs to be told the client's address in front of each connection. */
export function listenParameter({ trustedProxies }: NginxForward): string {
  return trustedProxies?.by === 'proxy-protocol' ? ' proxy_protocol' : '';
}

/** Makes the client's real address the one that counts, in an HTTP server; whom it is not taken from keeps its own. */
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

/** The same in a TCP server, and the word to the target. Where the port is shared, it is another server that has it. */
export function streamClient(
  forward: Pick<StreamForward, 'trustedProxies' | 'sendsProxyProtocol'> & { readonly sharedPort?: unknown },
): readonly Line[] {
  const from = mergeCidrs(forward.trustedProxies?.from ?? []).map((c) => c.text);
  return [
    ...(forward.sharedPort === undefined ? from : ['unix:']).map((source) => `set_real_ip_from ${source};`),
    ...(forward.sendsProxyProtocol ? ['proxy_protocol on;'] : []),
  ];
}
