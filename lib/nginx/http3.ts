import type { PortForward } from '../forward/resolved';
import { block, type Line } from './block';
import { certificateFile } from './names';
import { wildcards } from './wildcards';

/** The client's Host header, with the port where it is not the scheme's. nginx hands on none of HTTP/3, which says it in another place. */
export const HOST = '$portway_host';

export function speaksHttp3(forwards: readonly PortForward[]): boolean {
  return forwards.some((f) => f.http3);
}

/** Once for all HTTP forwards. */
export function hostMap(): readonly Line[] {
  return [
    '',
    '# HTTP/3 has no Host header.',
    block(`map "$http3 $server_port $http_host" ${HOST}`, [
      '"~^h3 443 $" $host;',
      '"~^h3 \\d+ $" $host:$server_port;',
      'default $http_host;',
    ]),
  ];
}

/** Each worker has a socket of its own, so that all datagrams of a connection get to one; `first` says so once for all servers. */
export function quicListeners(
  { name, listen, tls, http3 }: PortForward,
  parameter: string,
  first: boolean,
): readonly Line[] {
  if (!http3) return [];
  const own = first ? ' reuseport' : '';
  return [
    ...wildcards(listen).map((address) => `listen ${address} quic${parameter}${own};`),
    `quic_host_key ${certificateFile(name, tls?.source ?? 'self-signed')};  # clients notice at once that a reload ended their connection`,
  ];
}
