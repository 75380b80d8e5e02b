import { mergeCidrs } from './cidr';
import { coversHost } from './host-name';
import { portsOverlap } from './ports';
import { forwardPath, type Problems } from './problems';
import { type HttpsForward, isHttpsForward, type ResolvedForward, type TlsForward } from './resolved';
import type { SharedPort } from './tls-hosts';

/** The forwards. A TLS and an HTTPS forward on one port get to know each other. */
export function sharePorts(forwards: readonly ResolvedForward[], problems: Problems): readonly ResolvedForward[] {
  const shared = forwards
    .filter((f) => f.kind === 'tls')
    .flatMap((tls): readonly SharedPort[] => {
      const https = forwards.filter(isHttpsForward).find((f) => portsOverlap(f.listen, tls.listen));
      if (https === undefined) return [];
      check(tls, https, problems);
      const stars = hostsOf(tls).filter((host) => host.startsWith('*.'));
      const httpsHosts = hostsOf(https).filter((host) => stars.some((star) => coversHost(star, host)));
      return [{ tls: tls.name, https: https.name, httpsHosts }];
    });
  return forwards.map((f) => {
    if (f.kind !== 'tls' && f.kind !== 'https') return f;
    const sharedPort = shared.find((s) => s[f.kind] === f.name);
    return sharedPort === undefined ? f : { ...f, sharedPort };
  });
}

function check(tls: TlsForward, https: HttpsForward, problems: Problems): void {
  const at = { tls: forwardPath(tls.name), https: forwardPath(https.name) };
  if (tls.tlsHosts.some((h) => h.host === undefined))
    problems.add(`${at.tls}.to`, `must be left out: other names go to ${at.https}, on the same port`);
  for (const host of hostsOf(https).filter((name) => hostsOf(tls).includes(name)))
    problems.add(`${at.tls}.hosts[${JSON.stringify(host)}]`, `must differ from those of ${at.https}, on the same port`);
  // An nginx server takes the client's address from one source. Here that is the server that hands over the connection.
  if (https.trustedProxies?.by === 'x-forwarded-for')
    problems.add(
      `${at.https}.trustedProxies`,
      `must be left out while ${at.tls} has the same port: the client's address comes from there`,
    );
  if (https.trustedProxies?.only)
    problems.add(
      `${at.https}.proxiesOnly`,
      `must be left out while ${at.tls} has the same port: the security group admits only the proxies there already`,
      true,
    );
  if (https.http3)
    problems.add(
      `${at.https}.http3`,
      `must be left out while ${at.tls} has the same port: nginx does not read host names from QUIC`,
      true,
    );
  if (accepted(tls) !== accepted(https))
    problems.add(
      `${at.https}.proxyProtocol`,
      `must accept from the same networks as ${at.tls}.proxyProtocol: all connections to a port begin the same way`,
      accepted(https) === '' ? 'none' : accepted(https),
    );
}

function accepted({ trustedProxies }: TlsForward | HttpsForward): string {
  return trustedProxies?.by === 'proxy-protocol'
    ? mergeCidrs(trustedProxies.from)
        .map((c) => c.text)
        .join(', ')
    : '';
}

function hostsOf(forward: TlsForward | HttpsForward): readonly string[] {
  const places = forward.kind === 'tls' ? forward.tlsHosts : forward.sites;
  return places.flatMap(({ host }) => host ?? []);
}
