import { hostRoot } from './host';

/** What a gateway needs for certificates from elsewhere; and a CA, another clock, and a scanner. */
const PACKAGES = ['certbot', 'ca-certificates', 'pebble', 'faketime', 'testssl.sh'];

export function certificatesRoot(): Promise<string> {
  return hostRoot(PACKAGES, 'certificates');
}
