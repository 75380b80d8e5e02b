import { formatPorts, type PortRange } from '../forward/ports';

/**
 * The addresses of a listener, one for each IP version. Always wildcards: nginx cannot change from a wildcard to a
 * single address by a reload.
 */
export function wildcards(listen: PortRange): readonly string[] {
  const ports = formatPorts(listen);
  return [ports, `[::]:${ports}`];
}
