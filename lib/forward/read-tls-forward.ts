import { readLimits } from '../kernel/limits/limits';
import { readStreamOptions } from '../stream/options';
import { ANY_FAMILY } from './cidr';
import { forwardPath, type Problems } from './problems';
import type { Reading, Written } from './read-forwards';
import { readEngine, readListener } from './read-props';
import { readTlsHosts } from './read-tls-hosts';
import type { TlsForward } from './resolved';
import { readSourceLists } from './sources';

/** A forward of TLS connections by host name. */
export function readTlsForward(
  name: string,
  forward: Written<'tls'>,
  { stackEngine, lists, hosts: most }: Reading,
  problems: Problems,
): TlsForward | undefined {
  const { kind, props } = forward;
  const at = forwardPath(name);
  const before = problems.length;
  readEngine(at, forward, stackEngine, problems);
  const listen = readListener(at, forward, 'tcp', problems);
  const hosts = listen === undefined ? undefined : readTlsHosts(at, props, { name, listen }, problems);
  const sources = readSourceLists(at, props, problems, lists);
  const limits = readLimits(at, props.limits, { engine: 'nginx', hosts: most }, problems);
  const options = readStreamOptions(at, props, { transport: 'tcp', lists }, problems);
  if (listen === undefined || hosts === undefined || problems.length > before) return undefined;
  return {
    name,
    kind,
    engine: 'nginx',
    transport: 'tcp',
    listen,
    families: ANY_FAMILY,
    ...sources,
    targets: hosts.tlsHosts.flatMap((h) => h.targets),
    ...hosts,
    ...(limits === undefined ? {} : { limits }),
    ...options,
  };
}
