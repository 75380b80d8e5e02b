import { Forward } from '../forward/forward';
import { PortwayError } from '../forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../forward/resolve';
import { Code } from './code';
import type { ImportedForward, Remark, Said } from './imported';

type Tree = Record<string, unknown>;

/** The forward that the printed text makes. */
export function made({ kind, props }: ImportedForward): Forward {
  return Forward[kind](withValues(props) as never);
}

function withValues(value: unknown): unknown {
  if (value instanceof Code) return value.value;
  if (Array.isArray(value)) return value.map(withValues);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withValues(part)]));
}

/** Each round removes what the checks refuse. */
const MOST_ROUNDS = 500;

/**
 * Leaves out what Portway's own checks refuse, and says so: what is printed is always accepted.
 * @param main what remarks name as their place
 */
export function keepAccepted(
  forwards: ReadonlyMap<string, ImportedForward>,
  engine: unknown,
  main: Said,
): { readonly forwards: Record<string, ImportedForward>; readonly remarks: readonly Remark[] } {
  const kept: Record<string, ImportedForward> = structuredCloneOf(forwards);
  const remarks: Remark[] = [];
  for (let round = 0; round < MOST_ROUNDS && Object.keys(kept).length > 0; round += 1) {
    const [problem] = problemsOf(kept, engine);
    if (problem === undefined) return { forwards: kept, remarks };
    remarks.push({ fate: 'lost', ...main, why: problem });
    removeAt(kept, pathOf(problem));
  }
  return { forwards: {}, remarks };
}

function problemsOf(forwards: Readonly<Record<string, ImportedForward>>, engine: unknown): readonly string[] {
  const set = {
    forwards: Object.fromEntries(Object.entries(forwards).map(([name, one]) => [name, made(one)])),
    ...(engine === undefined ? {} : { engine }),
  };
  try {
    resolveForwardsOrThrow(set as ForwardSet);
    return [];
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
}

/** A problem begins with the path of the prop: `forwards.web.hosts["a.b"].routes["/x/*"].to[0]`. */
function pathOf(problem: string): readonly string[] {
  const parts: string[] = [];
  let rest = problem.replace(/^forwards/, '');
  for (;;) {
    const match = /^(?:\.([A-Za-z_$][\w$]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\])/.exec(rest);
    if (match === null) return parts;
    parts.push(match[1] ?? match[2] ?? (JSON.parse(match[3] ?? '""') as string));
    rest = rest.slice(match[0].length);
  }
}

/** Removes the part that a path names, or the one around it if that is not there, and what is empty then. */
function removeAt(forwards: Record<string, ImportedForward>, [name = '', ...path]: readonly string[]): void {
  const forward = forwards[name];
  if (forward === undefined || path.length === 0) {
    const [first = ''] = Object.keys(forwards);
    delete forwards[forward === undefined ? first : name];
    return;
  }
  const trail: Tree[] = [forward.props as Tree];
  for (const part of path.slice(0, -1)) {
    const next = trail.at(-1)?.[part];
    if (typeof next !== 'object' || next === null || next instanceof Code) break;
    trail.push(next as Tree);
  }
  const last = path[trail.length - 1] ?? '';
  const holder = trail.at(-1);
  if (holder === undefined || !Object.hasOwn(holder, last)) {
    removeAt(forwards, [name, ...path.slice(0, -1)]);
    return;
  }
  remove(holder, last);
  // A record that is empty is refused as well.
  for (let depth = trail.length - 1; depth > 0 && Object.keys(trail[depth] ?? {}).length === 0; depth -= 1)
    remove(trail[depth - 1] ?? {}, path[depth - 1] ?? '');
}

function remove(holder: Tree, name: string): void {
  if (Array.isArray(holder)) holder.splice(Number(name), 1);
  else delete holder[name];
}

function structuredCloneOf(forwards: ReadonlyMap<string, ImportedForward>): Record<string, ImportedForward> {
  const clone = (value: unknown): unknown => {
    if (value instanceof Code || typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(clone);
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, clone(part)]));
  };
  return Object.fromEntries(
    [...forwards].map(([name, { kind, props }]) => [name, { kind, props: clone(props) as Tree }]),
  );
}
