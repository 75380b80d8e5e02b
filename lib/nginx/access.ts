import { mergeCidrs } from '../forward/cidr';
import type { PortForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { variableName } from './names';

/** The gateway may always use its own forwards, here by loopback (with iptables by its own addresses too, which synth does not know). */
const GATEWAY_ITSELF = ['127.0.0.0/8', '::1/128'];

/**
 * The sources of an HTTP forward as a variable. Not `allow` and `deny`: those come after `return`, so a redirect would
 * answer everyone. A geo block also costs the same for one source and for thousands.
 */
export function sourceMap(forward: PortForward): readonly Block[] {
  if (forward.allowFrom.length === 0) return [];
  const sources = [...new Set([...GATEWAY_ITSELF, ...mergeCidrs(forward.allowFrom).map((c) => c.text)])];
  return [block(`geo ${variableName('allow', forward.name)}`, ['default 0;', ...sources.map((s) => `${s} 1;`)])];
}

/** The check against `sourceMap`; first in the server, before anything answers. */
export function sourceCheck(forward: PortForward): readonly Line[] {
  return forward.allowFrom.length === 0
    ? []
    : [block(`if (${variableName('allow', forward.name)} = 0)`, ['return 403;'])];
}

/** The sources of a stream forward; a stream has no `return` that could come first, and no `if`. */
export function streamSources(forward: PortForward): readonly Line[] {
  if (forward.allowFrom.length === 0) return [];
  return [
    ...GATEWAY_ITSELF.map((s) => `allow ${s};`),
    ...mergeCidrs(forward.allowFrom).map((c) => `allow ${c.text};`),
    'deny all;',
  ];
}
