import { hostRoot } from './host';

/** Packages for fetching certificates and, for the tests, a CA, a fake clock and a scanner. */
const PACKAGES = ['certbot', 'python3-certbot-dns-route53', 'ca-certificates', 'pebble', 'faketime', 'testssl.sh'];

export function certificatesRoot(): Promise<string> {
  return hostRoot(PACKAGES, 'certificates');
}
