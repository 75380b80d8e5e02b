import type { Cidr } from '../forward/cidr';
import { type SplitSources, splitSources } from '../forward/lists';
import type { WebForward } from '../forward/resolved';
import { COMMON, type CommonForwardProps, readSourceLists, type SourceLists } from '../forward/sources';
import { GATEWAY_ITSELF } from '../nginx/access';
import { type Block, block, type Line } from '../nginx/block';
import { variableName } from '../nginx/names';
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
    ...[...lists].map(([name, networks]) =>
      block(`geo ${listVariable(name)}`, ['default 0;', ...itself(0), ...texts(networks, 1)]),
    ),
  ];
}

function listVariable(name: string): string {
  return variableName('list', name);
}

function texts(networks: readonly Cidr[], value: number): readonly string[] {
  return networks.map((c) => `${c.text} ${value};`);
}

function itself(value: number): readonly string[] {
  return GATEWAY_ITSELF.map((s) => `${s} ${value};`);
}

/**
 * The sources as variables. `allow` and `deny` take effect after `return`, so a redirect would answer everyone. A geo
 * block also costs the same for one source and for thousands. If there are both allowed and denied sources, there are
 * two blocks: in a single one the smaller network would win, but denied sources must always win. What names lists
 * needs a map too, which is 1 if the client is in any of them.
 */
function maps({ name, allowFrom, denyFrom }: WebForward): readonly Block[] {
  return [
    ...(allowFrom.length === 0 ? [] : oneOf(allowVariables(name, allowFrom), splitSources(allowFrom), 1)),
    ...(denyFrom.length === 0 ? [] : oneOf(denyVariables(name, denyFrom), splitSources(denyFrom), 0)),
  ];
}

/** Variables that say whether a client is in some sources. */
interface Variables {
  /** In those that stand in no list; undefined if there are none. */
  readonly alone?: string;
  /** In any of them. */
  readonly any: string;
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

function oneOf({ alone, any }: Variables, sources: SplitSources, gateway: 0 | 1): readonly Block[] {
  const own =
    alone === undefined ? [] : [block(`geo ${alone}`, ['default 0;', ...itself(gateway), ...texts(sources.alone, 1)])];
  const all = [...(alone === undefined ? [] : [alone]), ...[...sources.lists.keys()].map(listVariable)];
  return all.includes(any) ? own : [...own, block(`map ${all.join('')} ${any}`, ['default 0;', '~1 1;'])];
}

/** The check of these variables. It stands in the server, before anything answers. */
function checks({ forward: { name, allowFrom, denyFrom }, limited }: AdmissionScope): readonly Block[] {
  const refused = [refuse(403, limited)];
  return [
    ...(denyFrom.length === 0 ? [] : [block(`if (${denyVariables(name, denyFrom).any})`, refused)]),
    ...(allowFrom.length === 0 ? [] : [block(`if (${allowVariables(name, allowFrom).any} = 0)`, refused)]),
  ];
}
