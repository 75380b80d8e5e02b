import type { Cidr } from '../forward/cidr';
import { splitSources } from '../forward/lists';
import type { WebForward } from '../forward/resolved';
import { COMMON, type CommonForwardProps, readSourceLists, type SourceLists } from '../forward/sources';
import { type Block, block, type Line } from '../nginx/block';
import { variableName } from '../nginx/names';
import { geo, inAny, type Variables } from '../nginx/networks';
import { refuse } from '../nginx/refusals';
import type { AdmissionScope, ForwardFeature } from './feature';

declare module './values' {
  interface ForwardValues extends SourceLists {}
}

/** `allowFrom` and `denyFrom`, which every forward has. */
export const sources: ForwardFeature<CommonForwardProps, SourceLists> = {
  props: COMMON,
  read: readSourceLists,
  nginx: {
    http: { order: 12, lines: ({ forwards }) => listBlocks(forwards) },
    forward: { order: 0, lines: ({ forward }) => maps(forward) },
    admission: {
      order: 20,
      lines: checks,
      refuses: ({ allowFrom, denyFrom }) => (allowFrom.length + denyFrom.length > 0 ? [403] : []),
    },
  },
};

/** The stack's lists that forwards name: 1 for a client that is in the list. One block of each, for all forwards. */
function listBlocks(forwards: readonly WebForward[]): readonly Line[] {
  const { lists } = splitSources(forwards.flatMap((f) => [...f.allowFrom, ...f.denyFrom]));
  if (lists.size === 0) return [];
  return [
    '',
    "# The stack's lists.",
    ...[...lists].map(([name, networks]) => geo(listVariable(name), networks, { gateway: 0 })),
  ];
}

function listVariable(name: string): string {
  return variableName('list', name);
}

/**
 * The sources as variables. `allow` and `deny` take effect after `return`, so a redirect would answer everyone. A geo
 * block also costs the same for one source and for thousands. If there are both allowed and denied sources, there are
 * two blocks: in a single one the smaller network would win, but denied sources must always win. What names lists
 * needs a map too, which is 1 if the client is in any of them.
 */
function maps({ name, allowFrom, denyFrom }: WebForward): readonly Block[] {
  return [
    ...(allowFrom.length === 0
      ? []
      : inAny(allowVariables(name, allowFrom), splitSources(allowFrom), { gateway: 1, list: listVariable })),
    ...(denyFrom.length === 0
      ? []
      : inAny(denyVariables(name, denyFrom), splitSources(denyFrom), { gateway: 0, list: listVariable })),
  ];
}

/** The gateway itself is always among the allowed. */
function allowVariables(name: string, allowFrom: readonly Cidr[]): Variables {
  const alone = variableName('allow', name);
  return { alone, any: splitSources(allowFrom).lists.size === 0 ? alone : variableName('allowed', name) };
}

function denyVariables(name: string, denyFrom: readonly Cidr[]): Variables {
  const { alone, lists } = splitSources(denyFrom);
  const own = variableName('deny', name);
  if (lists.size === 0) return { alone: own, any: own };
  const [only] = lists.keys();
  if (alone.length === 0 && lists.size === 1) return { any: listVariable(only ?? '') };
  return { ...(alone.length === 0 ? {} : { alone: own }), any: variableName('denied', name) };
}

/** The check of these variables. It stands in the server, before anything answers. */
function checks({ forward: { name, allowFrom, denyFrom }, limited }: AdmissionScope): readonly Block[] {
  const refused = [refuse(403, limited)];
  return [
    ...(denyFrom.length === 0 ? [] : [block(`if (${denyVariables(name, denyFrom).any})`, refused)]),
    ...(allowFrom.length === 0 ? [] : [block(`if (${allowVariables(name, allowFrom).any} = 0)`, refused)]),
  ];
}
