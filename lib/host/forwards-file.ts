import { formatPorts } from '../forward/ports';
import { isPortForward, type ResolvedForward } from '../forward/resolved';
import { formatHost, formatTarget } from '../forward/target';
import type { HostFile } from './host-file';

/** The data of `portway status` on the host: one line per forward, with name, listener, engine and targets. */
export function forwardsFile(forwards: readonly ResolvedForward[]): HostFile {
  const lines = forwards.map((f) => [f.name, ...wordsOf(f)].join(' '));
  return { path: '/etc/portway/forwards', mode: '0644', text: `${lines.join('\n')}\n`, origin: 'rules' };
}

function wordsOf(forward: ResolvedForward): readonly string[] {
  if (!isPortForward(forward)) return [`${forward.protocol}`, forward.engine, formatHost(forward.target)];
  const { transport, listen, engine, targets } = forward;
  return [`${transport}/${formatPorts(listen)}`, engine, ...new Set(targets.map(formatTarget))];
}
