import { mergeCidrs } from './cidr';
import { coversHost } from './host-name';
import { portsOverlap } from './ports';
import { forwardPath, type Problems } from './problems';
import { isPortForward, type PortForward, type ResolvedForward } from './resolved';
import type { SharedPort } from './tls-hosts';

/** The forwards, of which a TLS and an HTTPS forward on one port know of each other. */
export function sharePorts(forwards: readonly ResolvedForward[], problems: Problems): readonly ResolvedForward[] {
  const ofKind = (kind: PortForward['kind']) => forwards.filter(isPortForward).filter((f) => f.kind === kind);
  const shared = ofKind('tls').flatMap((tls): readonly SharedPort[] => {
    const https = ofKind('https').find((f) => portsOverlap(f.listen, tls.listen));
    if (https === undefined) return [];
    check(tls, https, problems);
    const stars = hostsOf(tls).filter((host) => host.startsWith('*.'));
    const httpsHosts = hostsOf(https).filter((host) => stars.some((star) => coversHost(star, host)));
    return [{ tls: tls.name, https: https.name, httpsHosts }];
  });
  return forwards.map((f) => {
    const sharedPort = shared.find((s) => s.tls === f.name || s.https === f.name);
    return sharedPort === undefined ? f : ({ ...f, sharedPort } as ResolvedForward);
  });
}

function check(tls: PortForward, https: PortForward, problems: Problems): void {
  const at = { tls: forwardPath(tls.name), https: forwardPath(https.name) };
  if (tls.tlsHosts.some((h) => h.host === undefined))
    problems.add(`${at.tls}.to`, `must be left out: other names go to ${at.https}, on the same port`);
  for (const host of hostsOf(https).filter((name) => hostsOf(tls).includes(name)))
    problems.add(`${at.tls}.hosts[${JSON.stringify(host)}]`, `must differ from those of ${at.https}, on the same port`);
  // nginx takes the client's address from one place in a server: here from what leads the connection to it.
  if (https.trustedProxies?.by === 'x-forwarded-for')
    problems.add(
      `${at.https}.trustedProxies`,
      `must be left out while ${at.tls} has the same port: the client's address comes from there`,
    );
  if (https.http3)
    problems.add(
      `${at.https}.http3`,
      `must be left out while ${at.tls} has the same port: nginx reads no names in QUIC`,
      true,
    );
  if (accepted(tls) !== accepted(https))
    problems.add(
      `${at.https}.proxyProtocol`,
      `must accept from the same networks as ${at.tls}.proxyProtocol: connections to one port begin in one way`,
      accepted(https) === '' ? 'none' : accepted(https),
    );
}

function accepted({ trustedProxies }: PortForward): string {
  return trustedProxies?.by === 'proxy-protocol'
    ? mergeCidrs(trustedProxies.from)
        .map((c) => c.text)
        .join(', ')
    : '';
}

function hostsOf({ tlsHosts, sites }: PortForward): readonly string[] {
  return [...tlsHosts, ...sites].flatMap(({ host }) => host ?? []);
}
