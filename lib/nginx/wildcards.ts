import { formatPorts, type PortRange } from '../forward/ports';

/** The addresses of a listener, one of each IP version. Wildcards only: nginx cannot move from a wildcard to one address by a reload. */
export function wildcards(listen: PortRange): readonly string[] {
  const ports = formatPorts(listen);
  return [ports, `[::]:${ports}`];
}
