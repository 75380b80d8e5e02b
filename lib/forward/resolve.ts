import { readHttpForward, readHttpsForward } from '../http/read-web-forward';
import { RESERVED_NAMES } from '../kernel/reserved-names';
import { answerAcme, checkAcme } from './acme';
import { checkListeners } from './check-listeners';
import { acceptBalancer, type FleetReading } from './fleet-reading';
import { ENGINES, type Engine, type Forward } from './forward';
import { PLACES } from './known-props';
import { type Lists, type ListsProps, readLists } from './lists';
import { type PortRange, parsePorts } from './ports';
import { forwardPath, Problems } from './problems';
import { type Reading, readForwards, type WrittenForward } from './read-forwards';
import { readProtocolForward } from './read-protocol';
import { readTlsForward } from './read-tls-forward';
import { readTransportForward } from './read-transport-forward';
import { readOneOf } from './read-value';
import type { ResolvedForward } from './resolved';
import { sharePorts } from './shared-port';

/**
 * The forwards and the engine that carries them.
 * @category Forwards and access
 */
export interface ForwardSet extends ListsProps {
  /**
   * The forwards by name. A name is an id: adding a forward never renames another.
   * @refused an empty record; invalid names; two forwards on one listener
   * @see docs/options.md#names
   */
  readonly forwards: Readonly<Record<string, Forward>>;
  /**
   * What carries TCP and UDP forwards that do not choose an engine: `'iptables'` or `'nginx'`.
   * @default 'nginx'
   * @refused `'iptables'` if an HTTP, HTTPS or TLS forward does not set `engine: 'nginx'` itself
   */
  readonly engine?: Engine;
}

const DEFAULT_ENGINE: Engine = 'nginx';

/**
 * Names appear in rule comments, nginx upstreams and file names. 20 characters fit everywhere (chain names hold 28).
 */
const NAME = /^[a-z][a-z0-9-]{0,19}$/i;

/**
 * Checks a set of forwards and resolves them for renderers and constructs, in the user's order. Every broken rule is
 * reported to `problems`; forwards that broke one are left out.
 * @param fleet undefined for a single gateway
 */
export function resolveForwards(
  set: Omit<ForwardSet, 'lists'>,
  lists: Lists,
  problems: Problems,
  fleet?: FleetReading,
): readonly ResolvedForward[] {
  const engine = readOneOf('engine', set.engine, ENGINES, problems) ?? DEFAULT_ENGINE;
  const { names, written: entries } = readForwards(set.forwards, problems);
  checkNames(names, problems);
  const httpsPorts = entries.flatMap(([, f]) =>
    f.kind === 'https' || f.kind === 'tls' ? (parsePorts(f.props.listen) ?? []) : [],
  );
  const resolved = entries.flatMap(
    ([name, forward]) =>
      resolveForward(name, forward, { stackEngine: engine, httpsPorts, lists, hosts: fleet?.hosts }, problems) ?? [],
  );
  checkListeners(entries, engine, problems);
  checkAcme(entries, problems);
  return sharePorts(acceptBalancer(answerAcme(resolved), fleet, problems), problems);
}

/**
 * Does the same on its own, for callers that have nothing else to check. @throws PortwayError with every broken rule
 */
export function resolveForwardsOrThrow(set: ForwardSet, fleet?: FleetReading): readonly ResolvedForward[] {
  const problems = new Problems(PLACES);
  const resolved = resolveForwards(set, readLists(set.lists, problems), problems, fleet);
  problems.throwIfAny();
  return resolved;
}

function checkNames(names: readonly string[], problems: Problems): void {
  const seen = new Map<string, string>();
  const withoutHyphens = new Map<string, string>();
  for (const name of names) {
    if (!NAME.test(name)) {
      problems.add(
        forwardPath(name),
        'must have a name of a letter, then letters, digits or hyphens, at most 20 in all',
        name,
      );
    }
    if (RESERVED_NAMES.includes(name))
      problems.add(
        forwardPath(name),
        `must not have the name of one of Portway's own chains (${RESERVED_NAMES.join(', ')})`,
      );
    // nginx ignores case in names of upstreams.
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined)
      problems.add(forwardPath(name), `must differ from ${forwardPath(twin)} in more than upper and lower case`);
    seen.set(name.toLowerCase(), name);
    const alike = withoutHyphens.get(name.replaceAll('-', ''));
    if (alike !== undefined)
      problems.add(
        forwardPath(name),
        `must differ from ${forwardPath(alike)} in more than hyphens, which the names of CloudFormation's outputs cannot have`,
      );
    withoutHyphens.set(name.replaceAll('-', ''), name);
  }
}

function resolveForward(
  name: string,
  forward: WrittenForward,
  context: Reading & { readonly httpsPorts: readonly PortRange[] },
  problems: Problems,
): ResolvedForward | undefined {
  switch (forward.kind) {
    case 'tcp':
    case 'udp':
      return readTransportForward(name, forward, context, problems);
    case 'tls':
      return readTlsForward(name, forward, context, problems);
    case 'http':
      return readHttpForward(name, forward, context, problems);
    case 'https':
      return readHttpsForward(name, forward, context, problems);
    case 'protocol':
      return readProtocolForward(name, forward, context.lists, problems);
  }
}
