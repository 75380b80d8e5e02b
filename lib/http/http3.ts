import { readFlag } from '../forward/read-value';
import type { HttpsForward } from '../forward/resolved';
import type { Line } from '../nginx/block';
import { certificateFile } from '../nginx/names';
import { wildcards } from '../nginx/wildcards';
import type { ForwardFeature } from './feature';
import { setsHeader } from './sites';

/** @category Forward.https */
export interface Http3Props {
  /**
   * Whether to offer HTTP/3 too, over QUIC on the same port of UDP. Clients learn of it from `Alt-Svc`.
   * @default false
   * @refused another `os` than Debian 13; a UDP forward on the port; `proxyProtocol`; a `Forward.tls` on the port; a
   * header `Alt-Svc` in `headers`
   * @see docs/tls.md#http3
   * @see https://www.rfc-editor.org/rfc/rfc9114
   */
  readonly http3?: boolean;
}

/** For how many seconds clients remember that HTTP/3 is available. */
const REMEMBERED = 86_400;

/** Whether the forward also listens on the UDP port. */
export interface Http3 {
  readonly http3?: true;
}

declare module './values' {
  interface HttpsValues extends Http3 {}
}

export const http3: ForwardFeature<Http3Props, Http3> = {
  props: { http3: true },
  read: (at, props, problems) => (readFlag(`${at}.http3`, props.http3, problems) ? { http3: true } : {}),
  check(at, { values, sites, props }, problems) {
    if (!values.http3) return;
    if ('proxyProtocol' in props)
      problems.add(`${at}.http3`, 'must be left out beside proxyProtocol, which works only over TCP', true);
    if (setsHeader(sites, 'alt-svc')) problems.add(`${at}.http3`, 'must not stand beside a header Alt-Svc of your own');
  },
  nginx: {
    shutdown: (forwards) =>
      forwards.some((f) => f.kind === 'https' && f.http3)
        ? [
            '# After a reload old workers stop soon: they also get HTTP/3 packets of new clients, and do not answer.',
            'worker_shutdown_timeout 10s;',
          ]
        : [],
    headers: (forward) =>
      forward.kind === 'https' && forward.http3 ? [['Alt-Svc', `h3=":${forward.listen.from}"; ma=${REMEMBERED}`]] : [],
    listen: ({ forward, parameter, isFirst }) =>
      forward.kind === 'https' ? quicListeners(forward, parameter, isFirst) : [],
  },
};

/**
 * Each worker has a socket of its own, so that all datagrams of a connection reach the same worker. `first` sets this
 * once for all servers.
 */
function quicListeners({ name, listen, tls, http3 }: HttpsForward, parameter: string, first: boolean): readonly Line[] {
  if (!http3) return [];
  const reuseport = first ? ' reuseport' : '';
  return [
    ...wildcards(listen).map((address) => `listen ${address} quic${parameter}${reuseport};`),
    `quic_host_key ${certificateFile(name, tls.source)};  # clients notice at once when a reload ends their connection`,
  ];
}
