import { acceptsBalancer } from '../../forward/fleet-reading';
import { forwardPath, type Problems } from '../../forward/problems';
import { isKernelForward, isPortForward, type ResolvedForward, transportsOf } from '../../forward/resolved';
import { type Certificate, isCheckedOverHttp } from '../../forward/tls';
import { HEALTH_PORT } from '../../host/fleet';
import { type Listener, MOST_LISTENERS } from './listeners';

/** Reports forwards that a fleet cannot have. */
export function checkForwards(
  forwards: readonly ResolvedForward[],
  listeners: readonly Listener[],
  problems: Problems,
): void {
  for (const forward of forwards) checkForward(forward, problems);
  for (const forward of forwards.filter(acceptsBalancer).filter(isPortForward))
    if (
      listeners.some(
        ({ port, protocol }) => protocol === 'TCP_UDP' && forward.listen.from <= port && port <= forward.listen.to,
      )
    )
      problems.add(
        `${forwardPath(forward.name)}.proxyProtocol.accept`,
        "must not be 'balancer' on a port that also takes UDP: there the balancer always keeps the client's address. Use another port for one of them",
        'balancer',
      );
  if (listeners.length > MOST_LISTENERS) {
    const ranges = forwards.filter(isPortForward).filter(({ listen }) => listen.to > listen.from);
    const most = ranges.map((f) => `${f.name}: ${f.listen.to - f.listen.from + 1}`).join(', ');
    problems.add(
      'forwards',
      `must listen on at most ${MOST_LISTENERS} ports in all on a fleet, since each is a listener of the balancer${most === '' ? '' : ` (ranges: ${most})`}: use shorter ranges, several fleets, or a PortwayStack for the ranges`,
      listeners.length,
    );
  }
}

function checkForward(forward: ResolvedForward, problems: Problems): void {
  const at = forwardPath(forward.name);
  if (!isPortForward(forward)) {
    problems.add(at, 'must have ports on a fleet: a Network Load Balancer knows only TCP and UDP. Use a PortwayStack');
    return;
  }
  if (isKernelForward(forward) && forward.preserveClientAddress)
    problems.add(
      `${at}.preserveClientAddress`,
      "must be left out on a fleet: targets answer through one gateway's route, and a fleet has several hosts",
    );
  if (forward.kind === 'https' && forward.tls.source !== 'secret')
    problems.add(
      `${at}.tls`,
      `must be Tls.secret on a fleet: ${certificateTrouble(forward.tls)}`,
      forward.tls.source === 'acme' ? 'Tls.letsEncrypt' : 'Tls.selfSigned',
    );
  if (!transportsOf(forward).includes('tcp')) return;
  const { from, to } = forward.listen;
  if (from <= HEALTH_PORT && HEALTH_PORT <= to) problems.add(`${at}.listen`, OF_BALANCER, HEALTH_PORT);
  for (const { kind, ports } of forward.targets)
    if (kind === 'local' && ports.from <= HEALTH_PORT && HEALTH_PORT <= ports.to)
      problems.add(`${at}.to`, OF_BALANCER, HEALTH_PORT);
}

/** Why nothing else may have the port on a host. */
const OF_BALANCER = `must be another port on a fleet: the balancer asks each host on ${HEALTH_PORT} whether its forwards run`;

/** Why hosts cannot each have one from this source. */
function certificateTrouble(certificate: Certificate): string {
  if (certificate.source !== 'acme')
    return 'each host would make a certificate of its own, and clients would see another one at each connection';
  return isCheckedOverHttp(certificate)
    ? "the CA's challenge reaches any host, and only one has the answer"
    : "each host would get a certificate of its own, of which Let's Encrypt gives five a week for the same domains. Get one elsewhere, and store it in the secret";
}
