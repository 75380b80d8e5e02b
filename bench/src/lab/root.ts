import type { Architecture } from '../../../lib/host/operating-system';
import { KERNELS } from '../../../rehearsal/src/image/image';
import { ensureDebianRoot } from '../../../rehearsal/src/image/root';

const PACKAGES = [
  ...['iptables', 'conntrack', 'ipset', 'nftables', 'nginx', 'libnginx-mod-stream', 'openssl', 'curl'],
  ...['haproxy', 'caddy', 'socat', 'wrk', 'iperf3'],
  ...['python3', 'iproute2', 'util-linux', 'procps', 'kmod'],
  // For counting: a compiler for the load generator.
  ...['tcc', 'libc6-dev'],
];

/**
 * Debian 13 with everything that is measured and everything that measures, so that versions are Debian's, and with the rehearsal's
 * kernel, for counting. Made once, then cached.
 *
 * @param architecture of its programs. Default: x86_64
 */
export function benchRoot(architecture: Architecture = 'x86_64'): Promise<string> {
  const packages = [KERNELS[architecture], ...PACKAGES];
  return ensureDebianRoot({ release: 'trixie', architecture, packages, name: 'bench' });
}
