import { hostRoot } from './host';

/** What a gateway needs for certificates from elsewhere; and a CA, and another clock. */
const PACKAGES = ['certbot', 'ca-certificates', 'pebble', 'faketime'];

export function certificatesRoot(): Promise<string> {
  return hostRoot(PACKAGES, 'certificates');
}
