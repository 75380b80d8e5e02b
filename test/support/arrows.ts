/** The fields of dependency-cruiser's JSON report that are read. */
export interface Cruise {
  readonly modules: readonly CruisedModule[];
  readonly summary: { readonly violations: readonly unknown[] };
}

export interface CruisedModule {
  readonly source: string;
  readonly dependencies: readonly { readonly resolved: string }[];
}

/**
 * Draws the imports between the project's parts as a Mermaid flowchart. Omits tests, and arrows that follow from others, so the
 * picture shows layers.
 */
export function picture(modules: readonly CruisedModule[]): string {
  const arrows = new Map<string, Set<string>>();
  for (const { source, dependencies } of modules) {
    for (const { resolved } of dependencies) {
      const [from, to] = [partOf(source), partOf(resolved)];
      if (from === undefined || to === undefined || from === to) continue;
      arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
    }
  }
  const parts = [...arrows.keys()].sort();
  for (const from of parts)
    for (const to of [...(arrows.get(from) ?? [])].sort()) {
      arrows.get(from)?.delete(to);
      if (!reaches(arrows, from, to)) arrows.get(from)?.add(to);
    }
  const lines = parts.flatMap((from) => [...(arrows.get(from) ?? [])].sort().map((to) => `  ${from} --> ${to}`));
  return ['flowchart TD', ...lines].join('\n');
}

/** `lib/nginx`, `rehearsal`; `lib` for the files directly in it. Undefined: a test, or not the project's. */
function partOf(file: string): string | undefined {
  const [top = '', second, third] = file.split('/');
  if (!['bench', 'bin', 'lib', 'rehearsal'].includes(top) || second === 'test') return undefined;
  if (top !== 'lib') return top;
  return third === undefined ? 'lib' : `lib/${second}`;
}

function reaches(arrows: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const queue = [from];
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    if (part === to) return true;
    if (seen.has(part)) continue;
    seen.add(part);
    queue.push(...(arrows.get(part) ?? []));
  }
  return false;
}
