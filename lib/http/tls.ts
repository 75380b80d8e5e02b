import { readTls } from '../forward/read-tls';
import type { HttpsForward } from '../forward/resolved';
import type { Certificate, Tls } from '../forward/tls';
import type { Line } from '../nginx/block';
import { certificateFile } from '../nginx/names';
import type { ForwardFeature } from './feature';

/** @category Forward.https */
export interface TlsProps {
  /**
   * Where the certificate comes from: `Tls.selfSigned()`, `Tls.letsEncrypt({ … })` or `Tls.secret(secret)`.
   * @see docs/tls.md#certificates
   */
  readonly tls: Tls;
}

export interface TlsValues {
  readonly tls: Certificate;
}

declare module './values' {
  interface HttpsValues extends TlsValues {}
}

export const tls: ForwardFeature<TlsProps, TlsValues> = {
  props: { tls: true },
  // A forward without a valid certificate is refused; the value only lets later checks go on.
  read: (at, props, problems) => ({ tls: readTls(`${at}.tls`, props.tls, problems) ?? { source: 'self-signed' } }),
  nginx: {
    http: { order: 110, lines: ({ forwards }) => (forwards.some((f) => f.kind === 'https') ? session() : []) },
    siteHead: {
      order: 10,
      lines: ({ forward }) =>
        forward.kind === 'https' ? [...certificateLines(forward), 'proxy_cookie_flags ~ secure;'] : [],
    },
    closed: {
      lines: ({ forward }) =>
        forward.kind === 'https' ? [...certificateLines(forward), 'ssl_reject_handshake on;'] : [],
    },
  },
};

/** For TLS 1.2: those with forward secrecy. @see RFC 9325, section 4.2 */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/**
 * Once for all HTTPS forwards: protocols, and sessions that returning clients resume without a full handshake. One ticket of TLS 1.3
 * for each connection: the two that OpenSSL sends would cost a handshake 3 % more.
 */
function session(): readonly Line[] {
  return [
    '',
    'ssl_protocols TLSv1.2 TLSv1.3;',
    `ssl_ciphers ${CIPHERS.join(':')};`,
    'ssl_prefer_server_ciphers off;  # clients know best which cipher is fast for them',
    'ssl_session_cache shared:portway:10m;',
    'ssl_session_timeout 1d;',
    'ssl_conf_command NumTickets 1;',
  ];
}

function certificateLines({ name, tls: { source } }: HttpsForward): readonly Line[] {
  const file = certificateFile(name, source);
  return [`ssl_certificate ${file};`, `ssl_certificate_key ${file};`];
}
