import type { FoundTargetGroup } from './found-balancer';
import type { Told } from './group-differences';

/** States of a target that pass by themselves: it is new, or was taken out. The group takes a host out of service before it does so. */
const [NEW, LEAVING] = ['initial', 'draining'];

/**
 * The health of each host at each port, by the balancer's word. A host that is ill is so at all ports, so ports of the same
 * state are one line. Pure.
 *
 * @param groups the target groups, by what clients reach through them, such as `tcp 80`
 * @param serving the hosts of the group that are in service, by id
 */
export function targetsTold(
  groups: readonly { readonly what: string; readonly found: FoundTargetGroup }[],
  serving: readonly string[],
): Told {
  const passing = new Map<string, string[]>();
  const lasting = new Map<string, string[]>();
  const add = (lines: Map<string, string[]>, line: string, what: string) =>
    lines.set(line, [...(lines.get(line) ?? []), what]);
  for (const { what, found } of groups) {
    const registered = found.targets.map(({ Target }) => Target?.Id ?? '');
    for (const id of serving.filter((one) => !registered.includes(one)))
      add(lasting, `${id} is in service, and the balancer sends it nothing: it is no target of`, what);
    for (const { Target, TargetHealth: health } of found.targets) {
      const [id = '', state] = [Target?.Id, health?.State ?? 'unknown'];
      const why = [health?.Reason, health?.Description].filter(Boolean).join(': ');
      const line = `the balancer says that ${id} is ${state}${why && ` (${why})`} at`;
      const isServing = serving.includes(id);
      if (state === LEAVING && isServing)
        add(lasting, `${id} is in service, and somebody has taken it from the balancer: it is draining at`, what);
      else if (state === NEW || state === LEAVING) add(passing, line, what);
      else if (!isServing) add(lasting, `${id} is no host in service of the group, and a target of`, what);
      else if (state !== 'healthy') add(lasting, line, what);
    }
  }
  const lines = (all: Map<string, string[]>) => [...all].map(([line, ports]) => `${line} ${ports.join(', ')}`);
  return { differences: lines(lasting), notes: lines(passing) };
}
