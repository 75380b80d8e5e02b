import { mergeCidrs } from '../forward/cidr';
import type { WebForward } from '../forward/resolved';
import { COMMON, type CommonForwardProps, readSourceLists, type Sources } from '../forward/sources';
import { GATEWAY_ITSELF } from '../nginx/access';
import { type Block, block } from '../nginx/block';
import { variableName } from '../nginx/names';
import { refuse } from '../nginx/refusals';
import type { AdmissionScope, ForwardFeature } from './feature';

declare module './values' {
  interface ForwardValues extends Sources {}
}

/** `allowFrom` and `denyFrom`, which every forward has. */
export const sources: ForwardFeature<CommonForwardProps, Sources> = {
  props: COMMON,
  read: readSourceLists,
  nginx: {
    forward: { order: 0, lines: ({ forward }) => maps(forward) },
    admission: {
      order: 20,
      lines: checks,
      refuses: ({ allowFrom, denyFrom }) => (allowFrom.length + denyFrom.length > 0 ? [403] : []),
    },
  },
};

/**
 * The sources as variables. `allow` and `deny` take effect after `return`, so a redirect would answer everyone. A geo
 * block also costs the same for one source and for thousands. If there are both allowed and denied sources, there are
 * two blocks: in a single one the smaller network would win, but denied sources must always win.
 */
function maps({ name, allowFrom, denyFrom }: WebForward): readonly Block[] {
  const geo = (variable: string, lists: readonly string[], standard: number, lines: readonly string[]) =>
    block(`geo ${variableName(variable, name)}`, [`default ${standard};`, ...lines, ...lists]);
  const texts = (cidrs: typeof allowFrom, value: number) => mergeCidrs(cidrs).map((c) => `${c.text} ${value};`);
  const gatewayItself = (value: number) => GATEWAY_ITSELF.map((s) => `${s} ${value};`);
  return [
    ...(allowFrom.length === 0 ? [] : [geo('allow', texts(allowFrom, 1), 0, gatewayItself(1))]),
    ...(denyFrom.length === 0 ? [] : [geo('deny', texts(denyFrom, 1), 0, gatewayItself(0))]),
  ];
}

/** The check of these variables. It stands in the server, before anything answers. */
function checks({ forward: { name, allowFrom, denyFrom }, limited }: AdmissionScope): readonly Block[] {
  const refused = [refuse(403, limited)];
  return [
    ...(denyFrom.length === 0 ? [] : [block(`if (${variableName('deny', name)})`, refused)]),
    ...(allowFrom.length === 0 ? [] : [block(`if (${variableName('allow', name)} = 0)`, refused)]),
  ];
}
