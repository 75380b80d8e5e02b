import { mergeCidrs } from '../forward/cidr';
import type { NginxForward, StreamForward } from '../forward/resolved';
import type { Line } from './block';

/** What a listener needs to detect clients that vanished, even if connections may be silent for long. */
export const KEEPALIVE = ' so_keepalive=on';

/** What a listener needs to accept the client's address before each connection's data. */
export function listenParameter({ trustedProxies }: NginxForward): string {
  return trustedProxies?.by === 'proxy-protocol' ? ' proxy_protocol' : '';
}

/** Uses the client's real address in a TCP server, and the PROXY protocol towards the target. A shared port is handled by another server. */
export function streamClient(
  forward: Pick<StreamForward, 'trustedProxies' | 'sendsProxyProtocol'> & { readonly sharedPort?: unknown },
): readonly Line[] {
  const from = mergeCidrs(forward.trustedProxies?.from ?? []).map((c) => c.text);
  return [
    ...(forward.sharedPort === undefined ? from : ['unix:']).map((source) => `set_real_ip_from ${source};`),
    ...(forward.sendsProxyProtocol ? ['proxy_protocol on;'] : []),
  ];
}
