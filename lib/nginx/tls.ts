import type { HttpsForward } from '../forward/resolved';
import type { Line } from './block';
import { certificateFile } from './names';

/** For TLS 1.2: those with forward secrecy. @see RFC 9325, section 4.2 */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** Once for all HTTPS forwards: protocols, and sessions that returning clients resume without a full handshake. */
export function tlsSession(): readonly Line[] {
  return [
    '',
    'ssl_protocols TLSv1.2 TLSv1.3;',
    `ssl_ciphers ${CIPHERS.join(':')};`,
    'ssl_prefer_server_ciphers off;  # clients know best which cipher is fast for them',
    'ssl_session_cache shared:portway:10m;',
    'ssl_session_timeout 1d;',
  ];
}

export function tlsLines({ name, tls }: HttpsForward): readonly Line[] {
  const file = certificateFile(name, tls.source);
  return [`ssl_certificate ${file};`, `ssl_certificate_key ${file};`];
}
