import type { HttpsForward, NginxForward } from '../forward/resolved';
import type { Line } from './block';
import { certificateFile } from './names';
import { wildcards } from './wildcards';

export function speaksHttp3(forwards: readonly NginxForward[]): boolean {
  return forwards.some((f) => f.kind === 'https' && f.http3);
}

/** Each worker has a socket of its own, so that all datagrams of a connection get to one; `first` says so once for all servers. */
export function quicListeners(
  { name, listen, tls, http3 }: HttpsForward,
  parameter: string,
  first: boolean,
): readonly Line[] {
  if (!http3) return [];
  const own = first ? ' reuseport' : '';
  return [
    ...wildcards(listen).map((address) => `listen ${address} quic${parameter}${own};`),
    `quic_host_key ${certificateFile(name, tls.source)};  # clients notice at once that a reload ended their connection`,
  ];
}
