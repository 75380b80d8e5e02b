import type { Cidr } from './cidr';
import { ENGINES, type Engine, Forward, type ForwardKind } from './forward';
import { countPorts, formatPorts, isRange, type PortRange, parsePorts, portsOverlap, samePorts } from './ports';
import { Problems } from './problems';
import { readEngine, readListener, readRedirect, readSources, readTargets } from './read-props';
import type { Target } from './target';
import { Tls } from './tls';

/** A forward that was checked: what the renderers and constructs work with. */
export interface ResolvedForward {
  /** The forward's key in the stack's `forwards`: its id in comments, logs and file names. */
  readonly name: string;
  readonly kind: ForwardKind;
  readonly transport: 'tcp' | 'udp';
  readonly engine: Engine;
  readonly listen: PortRange;
  /** At least one, unless `redirectPort` is there. */
  readonly targets: readonly Target[];
  /** Empty: everyone. */
  readonly allowFrom: readonly Cidr[];
  /** The HTTPS port that every request is redirected to. */
  readonly redirectPort?: number;
  readonly tls?: Tls;
}

export interface ForwardSet {
  /**
   * The forwards by name. A record and not an array: the key is the id, so adding one never renames another.
   */
  readonly forwards: Readonly<Record<string, Forward>>;
  /**
   * What carries the TCP and UDP forwards that name no engine themselves.
   * @default 'nginx'
   */
  readonly engine?: Engine;
}

const DEFAULT_ENGINE: Engine = 'nginx';

/** Names appear in rule comments, nginx upstreams and file names; 20 characters fit all of them (a chain name holds 28). */
const NAME = /^[a-z][a-z0-9-]{0,19}$/i;

/** A forward with several targets gets an iptables chain of its own, `PORTWAY-<name>`, beside these. */
const CHAIN_NAMES: readonly string[] = ['DNAT', 'SNAT', 'FORWARD'];

/**
 * Checks a set of forwards and gives it in the form that renderers and constructs need, in the order it was written.
 * Every broken rule goes to `problems`; a forward that broke one is left out of the result.
 */
export function resolveForwards(set: ForwardSet, problems: Problems): readonly ResolvedForward[] {
  const engine = set.engine ?? DEFAULT_ENGINE;
  if (!ENGINES.includes(engine)) problems.add('engine', `must be ${ENGINES.join(' or ')}`, engine);
  const entries = Object.entries(set.forwards ?? {});
  if (entries.length === 0) problems.add('forwards', 'must hold at least one forward');
  checkNames(
    entries.map(([name]) => name),
    problems,
  );
  const httpsPorts = entries.flatMap(([, f]) =>
    f instanceof Forward && f.kind === 'https' ? (parsePorts(f.props.listen) ?? []) : [],
  );
  const resolved = entries.flatMap(
    ([name, forward]) => resolveForward(name, forward, engine, httpsPorts, problems) ?? [],
  );
  checkListeners(entries, engine, problems);
  return resolved;
}

/** The same, alone: for callers that have nothing else to check. @throws PortwayError with every broken rule */
export function resolveForwardsOrThrow(set: ForwardSet): readonly ResolvedForward[] {
  const problems = new Problems();
  const resolved = resolveForwards(set, problems);
  problems.throwIfAny();
  return resolved;
}

function path(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? `forwards.${name}` : `forwards[${JSON.stringify(name)}]`;
}

function checkNames(names: readonly string[], problems: Problems): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (!NAME.test(name)) {
      problems.add(
        path(name),
        'must have a name of a letter, then letters, digits or hyphens, at most 20 in all',
        name,
      );
    }
    if (CHAIN_NAMES.includes(name))
      problems.add(path(name), `must not have the name of one of Portway's own chains (${CHAIN_NAMES.join(', ')})`);
    // nginx compares the names of upstreams without regard to case.
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined)
      problems.add(path(name), `must differ from ${path(twin)} in more than upper and lower case`);
    seen.set(name.toLowerCase(), name);
  }
}

function resolveForward(
  name: string,
  forward: unknown,
  stackEngine: Engine,
  httpsPorts: readonly PortRange[],
  problems: Problems,
): ResolvedForward | undefined {
  const at = path(name);
  if (!(forward instanceof Forward)) {
    problems.add(at, 'must be made by Forward.tcp, Forward.udp, Forward.http or Forward.https', forward);
    return undefined;
  }
  const before = problems.length;
  const { kind, props } = forward;
  const transport = kind === 'udp' ? 'udp' : 'tcp';
  const engine = readEngine(at, forward, stackEngine, problems);
  const listen = readListener(at, forward, transport, problems);
  const targets = readTargets(at, forward, problems);
  const allowFrom = readSources(at, props.allowFrom, problems);
  const redirectPort = readRedirect(at, forward, httpsPorts, problems);
  if (kind === 'https' && !(props.tls instanceof Tls)) {
    problems.add(`${at}.tls`, 'must say where the certificate comes from, such as Tls.selfSigned()', props.tls);
  }
  if (listen === undefined || problems.length > before) return undefined;
  checkTargets(at, { kind, engine, listen, targets }, problems);
  if (problems.length > before) return undefined;
  return {
    name,
    kind,
    transport,
    engine,
    listen,
    targets,
    allowFrom,
    ...(redirectPort === undefined ? {} : { redirectPort }),
    ...(props.tls === undefined ? {} : { tls: props.tls }),
  };
}

/** The rules that take listener, targets and engine together. */
function checkTargets(
  at: string,
  forward: Pick<ResolvedForward, 'kind' | 'engine' | 'listen' | 'targets'>,
  problems: Problems,
): void {
  const { kind, engine, listen, targets } = forward;
  if (engine === 'nginx' && targets.length > 1) {
    if (targets.some((t) => t.kind === 'name'))
      problems.add(
        `${at}.to`,
        'must not mix a name with other targets: a name may already stand for several addresses',
      );
    if (targets.some((t) => isRange(t.ports)))
      problems.add(`${at}.to`, 'must be one target when it is a range of ports on nginx (iptables takes several)');
  }
  for (const [i, target] of targets.entries()) {
    const where = targets.length > 1 ? `${at}.to[${i}]` : `${at}.to`;
    const got = formatPorts(target.ports);
    if (kind === 'http' || kind === 'https') {
      if (isRange(target.ports)) problems.add(where, `must have one port for ${kind.toUpperCase()}`, got);
    } else if (engine === 'nginx') {
      // nginx can hand on the port that the client used, but cannot count with it.
      if (isRange(target.ports) && !samePorts(target.ports, listen)) {
        problems.add(
          where,
          `must have one port, or the listener's own range ${formatPorts(listen)} (only iptables shifts a range)`,
          got,
        );
      }
    } else if (countPorts(target.ports) !== countPorts(listen) && isRange(target.ports)) {
      problems.add(
        where,
        `must have one port or as many ports as the listener (${countPorts(listen)})`,
        `${got} (${countPorts(target.ports)})`,
      );
    }
    if (engine === 'iptables' && target.kind === 'name') {
      problems.add(
        where,
        "must have an address, since iptables does not resolve names: write the address, or engine: 'nginx'",
        target.host,
      );
    }
    // iptables leads 80 to 80 on the gateway itself nowhere new; nginx would call itself without end.
    if (target.kind === 'local' && portsOverlap(target.ports, listen)) {
      problems.add(where, `must not lead back to the forward's own listener (${formatPorts(listen)})`, got);
    }
  }
}

/** Also looks at forwards that broke other rules: a second run should not be needed to hear of a clash. */
function checkListeners(
  entries: readonly (readonly [string, Forward])[],
  stackEngine: Engine,
  problems: Problems,
): void {
  const listeners = entries.flatMap(([name, forward]) => {
    const listen = forward instanceof Forward ? parsePorts(forward.props.listen) : undefined;
    if (listen === undefined) return [];
    const { kind, props } = forward;
    const engine = kind === 'tcp' || kind === 'udp' ? (props.engine ?? stackEngine) : 'nginx';
    return [{ at: path(name), transport: kind === 'udp' ? 'udp' : 'tcp', engine, listen }];
  });
  for (const [i, a] of listeners.entries()) {
    for (const b of listeners.slice(i + 1)) {
      if (a.transport !== b.transport || !portsOverlap(a.listen, b.listen)) continue;
      const engines = a.engine === b.engine ? '' : '; iptables would take every packet before nginx could';
      problems.add(
        `${b.at}.listen`,
        `must not overlap with ${a.at}.listen, which has ${a.transport} ${formatPorts(a.listen)}${engines}`,
        formatPorts(b.listen),
      );
    }
  }
}
