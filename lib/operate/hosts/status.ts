import type { HostStatus } from '../../host/outputs/status';
import { plainTable } from '../../plan/table';
import type { Answer } from './answers';

/** What `portway hosts status --json` prints. */
export interface HostsStatus {
  /** What each host says, by its instance id. */
  readonly hosts: Readonly<Record<string, HostStatus>>;
  /** Hosts that did not answer, by instance id, and why. */
  readonly unreachable: Readonly<Record<string, string>>;
  /** What some hosts say, and not all of those that answered. */
  readonly differs: readonly Difference[];
}

export interface Difference {
  /** Such as `forward web: 10.0.9.10:8080 is down`. */
  readonly what: string;
  /** The ids of the hosts that say it. */
  readonly hosts: readonly string[];
}

/** Joins what hosts say. Pure. */
export function hostsStatus(answers: readonly Answer<HostStatus>[]): HostsStatus {
  const said = answers.flatMap((one) => ('said' in one ? [[one.host.instanceId, one.said] as const] : []));
  const byFact = new Map<string, string[]>();
  for (const [id, status] of said)
    for (const fact of factsOf(status)) byFact.set(fact, [...(byFact.get(fact) ?? []), id]);
  return {
    hosts: Object.fromEntries(said),
    unreachable: Object.fromEntries(
      answers.flatMap((one) => ('trouble' in one ? [[one.host.instanceId, one.trouble]] : [])),
    ),
    differs: [...byFact].flatMap(([what, hosts]) => (hosts.length === said.length ? [] : [{ what, hosts }])),
  };
}

/** All that hosts of the same content say alike. Counters are not: they differ always. */
function factsOf({ forwards, problems, warnings, running = {} }: HostStatus): ReadonlySet<string> {
  return new Set([
    ...forwards.flatMap(({ forward, listener, engine, targets }) => [
      `forward ${forward}: ${listener} by ${engine}`,
      ...targets.map(({ target, up = true }) => `forward ${forward}: ${target}${up ? '' : ' is down'}`),
    ]),
    ...problems.map((text) => `NOT AS DEPLOYED: ${text}`),
    ...warnings.map((text) => `WARNING: ${text}`),
    ...Object.entries(running).map(([name, { version }]) => `runs ${name} ${version}`),
  ]);
}

/** For people: a row for each host, marked where it differs, and then what all say, and what some. Pure. */
export function statusText(answers: readonly Answer<HostStatus>[]): string {
  const { hosts, differs } = hostsStatus(answers);
  const marked = new Set(differs.flatMap((one) => one.hosts));
  const sum = (id: string, what: 'connections' | 'bytes') =>
    `${(hosts[id]?.forwards ?? []).reduce((all, forward) => all + (forward[what] ?? 0), 0)}`;
  const rows = answers.map((one) => {
    const { number, instanceId: id, zone } = one.host;
    const cells =
      'trouble' in one
        ? ['-', '-', 'NO ANSWER']
        : [sum(id, 'connections'), sum(id, 'bytes'), marked.has(id) ? 'DIFFERS' : ''];
    return [`${number}`, id, zone, ...cells];
  });
  const facts = new Set(Object.values(hosts).flatMap((status) => [...factsOf(status)]));
  const some = new Set(differs.map(({ what }) => what));
  const common = [...facts].filter((what) => !some.has(what));
  const numbers = new Map(answers.map(({ host }) => [host.instanceId, host.number]));
  return [
    plainTable(['', 'host', 'zone', 'connections', 'bytes', ''], rows),
    ...(common.length === 0 ? [] : ['', 'all that answered:', ...common.map((what) => `  ${what}`)]),
    ...differs.map(({ what, hosts: ids }) => `only ${ids.map((id) => numbers.get(id)).join(', ')}: ${what}`),
    ...answers.flatMap((one) => ('trouble' in one ? [`${one.host.instanceId} did not answer: ${one.trouble}`] : [])),
    '',
  ].join('\n');
}
