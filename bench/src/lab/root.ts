import { ensureDebianRoot } from '../../../rehearsal/src/image/root';

const PACKAGES = [
  ...['iptables', 'conntrack', 'ipset', 'nftables', 'nginx', 'libnginx-mod-stream', 'openssl', 'curl'],
  ...['haproxy', 'caddy', 'socat', 'wrk', 'iperf3'],
  ...['python3', 'iproute2', 'util-linux', 'procps', 'kmod'],
  // For counting: the rehearsal's kernel, and a compiler for the load generator.
  ...['linux-image-cloud-amd64', 'tcc', 'libc6-dev'],
];

/**
 * Debian 13 with everything that is measured and everything that measures, so that versions are Debian's. Made once,
 * then cached.
 */
export function benchRoot(): Promise<string> {
  return ensureDebianRoot({ release: 'trixie', packages: PACKAGES, name: 'bench' });
}
