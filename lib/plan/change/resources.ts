import { isDeepStrictEqual } from 'node:util';
import { CONTENT_TAG } from '../../host/content/stored-content';
import { RESTARTING, replacingNames } from './replacing';
import {
  allocationOf,
  gatewayId,
  listOf,
  namesIn,
  ofType,
  type Resource,
  type Resources,
  readableText,
  type Template,
} from './template';

/**
 * What a change does to the host. `unknown`: Portway does not know the resource, so it cannot tell.
 * - `nothing`: the host is not touched.
 * - `live`: the running host takes the change over; nothing stops.
 * - `restart`: the same instance stops and starts.
 * - `replace`: another instance takes its place, or another address that of the stack.
 */
export type Effect = (typeof EFFECTS)[number];

/** From the mildest to the hardest. */
export const EFFECTS = ['nothing', 'live', 'unknown', 'restart', 'replace'] as const;

/** The hardest of some effects. */
export function hardest(effects: readonly Effect[]): Effect {
  return EFFECTS[Math.max(0, ...effects.map((effect) => EFFECTS.indexOf(effect)))] as Effect;
}

/** What CloudFormation does to the resources of a stack when its template changes. */
export interface ResourceChanges {
  readonly before: Resources;
  readonly after: Resources;
  /** Logical ids of the resources that are new. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The properties that change, by the logical ids of resources that stay or are replaced. */
  readonly changed: ReadonlyMap<string, readonly string[]>;
  /** Logical ids of resources that keep their id in the template, but get another in AWS. */
  readonly replaced: ReadonlySet<string>;
  /** Logical ids of the gateways; undefined where there is none. */
  readonly gateway: { readonly before: string | undefined; readonly after: string | undefined };
  /** What becomes of the fixed address. */
  readonly address: 'stays' | 'changes';
  /** What becomes of the host, by CloudFormation's own rules. */
  readonly host: Effect;
}

export function compareResources(before: Template, after: Template, association?: string): ResourceChanges {
  const [old, now] = [before.Resources, after.Resources];
  const changed = new Map<string, readonly string[]>();
  for (const id of Object.keys(now)) {
    const names = id in old ? changedNames(old[id] as Resource, now[id] as Resource) : [];
    if (names.length > 0) changed.set(id, names);
  }
  const replaced = replacedIds(before, after);
  const gateway = { before: gatewayId(old, association), after: gatewayId(now, association) };
  const { before: was, after: is } = gateway;
  const allocation = allocationOf(now, association);
  const isMoved = namesIn(allocation).some((id) => replaced.has(id));
  return {
    ...{ before: old, after: now, changed, replaced, gateway },
    added: Object.keys(now).filter((id) => !(id in old)),
    removed: Object.keys(old).filter((id) => !(id in now)),
    address: isDeepStrictEqual(allocationOf(old, association), allocation) && !isMoved ? 'stays' : 'changes',
    host: effectOn(was, is, { old, now, replaced }),
  };
}

/** What becomes of the gateway. */
function effectOn(
  was: string | undefined,
  is: string | undefined,
  { old, now, replaced }: { readonly old: Resources; readonly now: Resources; readonly replaced: ReadonlySet<string> },
): Effect {
  if (was === undefined || was !== is || replaced.has(is)) return 'replace';
  const [before, after] = [old[is] as Resource, now[is] as Resource];
  if (RESTARTING.some((name) => propertyChanges(name, before, after, replaced))) return 'restart';
  return contentOf(old) === contentOf(now) ? 'nothing' : 'live';
}

/** The tag that tells a running host its content. Undefined: it polls, or its user-data tells it. */
export function contentTag({ Properties = {} }: Resource): string | undefined {
  const tags = listOf<{ readonly Key?: unknown; readonly Value?: unknown }>(Properties.Tags);
  const value = tags.find((tag) => tag?.Key === CONTENT_TAG)?.Value;
  return typeof value === 'string' ? value : undefined;
}

/** The pointer to the host's content; undefined for stacks of before there were pointers. */
export function pointerOf(resources: Resources): string | undefined {
  const parameters = ofType(resources, 'AWS::SSM::Parameter').map(([, { Properties }]) => Properties);
  const pointer = parameters.find((one) => /^\/portway\/[^/]+\/[^/]+\/now$/.test(readableText(one?.Name)));
  return pointer === undefined ? undefined : readableText(pointer.Value);
}

/** Whether the host takes changes over while it runs: then a condition waits for each, which the pointer names. */
export function isLive(resources: Resources): boolean {
  return /^\{"content":"[0-9a-f]+","live":/.test(pointerOf(resources) ?? '');
}

/** The SHA-256 of what the host must have, from its pointer. */
function contentOf(resources: Resources): string | undefined {
  return /"content":"([0-9a-f]+)"/.exec(pointerOf(resources) ?? '')?.[1];
}

/**
 * A resource is replaced if one of its replacing properties changes, or refers to something that is replaced. A changed
 * parameter, mapping or condition counts as replaced: its value is not known here.
 */
function replacedIds(before: Template, after: Template): ReadonlySet<string> {
  const parts = ['Parameters', 'Mappings', 'Conditions'] as const;
  const values = parts.flatMap((part) =>
    Object.entries(after[part] ?? {})
      .filter(([name, value]) => !isDeepStrictEqual(value, before[part]?.[name]))
      .map(([name]) => name),
  );
  const replaced = new Set(values);
  const both = Object.entries(after.Resources).filter(([id]) => id in before.Resources);
  for (let size = -1; size !== replaced.size; ) {
    size = replaced.size;
    for (const [id, is] of both) if (isReplaced(before.Resources[id] as Resource, is, replaced)) replaced.add(id);
  }
  return replaced;
}

function isReplaced(before: Resource, after: Resource, replaced: ReadonlySet<string>): boolean {
  if (before.Type !== after.Type || before.Condition !== after.Condition) return true;
  if (after.Condition !== undefined && replaced.has(after.Condition)) return true;
  const names = replacingNames(after.Type, { ...before.Properties, ...after.Properties });
  const isRestarting = (name: string) => after.Type === 'AWS::EC2::Instance' && RESTARTING.includes(name);
  return names.some((name) => !isRestarting(name) && propertyChanges(name, before, after, replaced));
}

function propertyChanges(name: string, before: Resource, after: Resource, replaced: ReadonlySet<string>): boolean {
  const value = after.Properties?.[name];
  return !isDeepStrictEqual(before.Properties?.[name], value) || namesIn(value).some((id) => replaced.has(id));
}

function changedNames({ Properties: old = {} }: Resource, { Properties: now = {} }: Resource): readonly string[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names.filter((name) => !isDeepStrictEqual(old[name], now[name]));
}
