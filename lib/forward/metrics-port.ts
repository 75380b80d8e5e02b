import type { GatewaySettings } from './gateway-settings';
import { formatPorts, type PortRange } from './ports';
import { forwardPath, type Problems } from './problems';
import { isPortForward, type ResolvedForward } from './resolved';

/** Whether the port of the metrics is nobody else's: neither a forward's nor that of an application on the gateway. */
export function checkMetricsPort(
  forwards: readonly ResolvedForward[],
  { prometheus }: Pick<GatewaySettings, 'prometheus'>,
  problems: Problems,
): void {
  if (prometheus === undefined) return;
  const { port } = prometheus;
  const isIn = ({ from, to }: PortRange) => from <= port && port <= to;
  const refuse = (what: string, ports: PortRange) =>
    problems.add('monitoring.prometheus.port', `must not be ${what} (${formatPorts(ports)}): choose another`, port);
  for (const forward of forwards.filter(isPortForward)) {
    if (forward.transport !== 'tcp') continue;
    const at = forwardPath(forward.name);
    if (isIn(forward.listen)) refuse(`in ${at}.listen`, forward.listen);
    for (const { kind, ports } of forward.targets)
      if (kind === 'local' && isIn(ports)) refuse(`a target of ${at} on the gateway`, ports);
  }
}
