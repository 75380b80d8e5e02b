import { mergeCidrs } from '../forward/cidr';
import type { PortForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { variableName } from './names';
import { refuse } from './refusals';

/**
 * The gateway itself may always use its forwards. On nginx this means over loopback; on iptables also by its own
 * addresses, which are unknown at synth.
 */
const GATEWAY_ITSELF = ['127.0.0.0/8', '::1/128'];

/**
 * The sources of an HTTP forward, as variables. `allow` and `deny` take effect after `return`, so a redirect would
 * answer everyone. A geo block also costs the same for one source and for thousands. If there are both allowed and
 * denied sources, there are two blocks: in a single one the smaller network would win, but denied sources must always
 * win.
 */
export function sourceMaps(forward: PortForward): readonly Block[] {
  const { name, allowFrom, denyFrom } = forward;
  const geo = (variable: string, sources: readonly string[], standard: number, lines: readonly string[]) =>
    block(`geo ${variableName(variable, name)}`, [`default ${standard};`, ...lines, ...sources]);
  const texts = (cidrs: typeof allowFrom, value: number) => mergeCidrs(cidrs).map((c) => `${c.text} ${value};`);
  const own = (value: number) => GATEWAY_ITSELF.map((s) => `${s} ${value};`);
  return [
    ...(allowFrom.length === 0 ? [] : [geo('allow', texts(allowFrom, 1), 0, own(1))]),
    ...(denyFrom.length === 0 ? [] : [geo('deny', texts(denyFrom, 1), 0, own(0))]),
  ];
}

/** The check of `sourceMaps`. It stands in the server, before anything answers. */
export function sourceCheck({ name, allowFrom, denyFrom }: PortForward, limited: boolean): readonly Line[] {
  const refused = [refuse(403, limited)];
  return [
    ...(denyFrom.length === 0 ? [] : [block(`if (${variableName('deny', name)})`, refused)]),
    ...(allowFrom.length === 0 ? [] : [block(`if (${variableName('allow', name)} = 0)`, refused)]),
  ];
}

/**
 * The sources of a stream forward. Streams have no `if`, and no `return` that could answer first. A list of hundreds
 * costs less than a microsecond for each connection.
 */
export function streamSources({ allowFrom, denyFrom }: PortForward): readonly Line[] {
  if (allowFrom.length === 0 && denyFrom.length === 0) return [];
  return [
    ...GATEWAY_ITSELF.map((s) => `allow ${s};`),
    ...mergeCidrs(denyFrom).map((c) => `deny ${c.text};`),
    ...mergeCidrs(allowFrom).map((c) => `allow ${c.text};`),
    ...(allowFrom.length === 0 ? [] : ['deny all;']),
  ];
}
