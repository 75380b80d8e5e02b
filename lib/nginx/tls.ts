import type { Line } from './block';
import { certificateFiles } from './names';

/** Once for all HTTPS forwards: protocols, and sessions that returning clients resume instead of a full handshake. */
export function tlsSession(): readonly Line[] {
  return [
    '',
    'ssl_protocols TLSv1.2 TLSv1.3;',
    'ssl_prefer_server_ciphers off;  # clients know best which cipher they are fast at',
    'ssl_session_cache shared:portway:10m;',
    'ssl_session_timeout 1d;',
  ];
}

export function tlsLines(name: string): readonly Line[] {
  const { certificate, key } = certificateFiles(name);
  return [`ssl_certificate ${certificate};`, `ssl_certificate_key ${key};`];
}
