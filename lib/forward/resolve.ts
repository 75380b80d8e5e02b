import { answerAcme, checkAcme } from './acme';
import { BALANCES } from './balance';
import { checkListeners } from './check-listeners';
import { checkTargets } from './check-targets';
import { ENGINES, type Engine, type Forward, type ForwardProps, type HttpForwardProps } from './forward';
import { readHttpsAnswers } from './https-answers';
import { type PortRange, parsePorts } from './ports';
import { forwardPath, Problems } from './problems';
import { readForwards, type WrittenForward } from './read-forwards';
import { readCommon, readHealthCheck, readLimits, refuseKernelProps, refuseNginxProps } from './read-kernel-props';
import { readEngine, readListener, readTargets } from './read-props';
import { checkProtocolOfTarget, readProtocol, readProtocolTarget } from './read-protocol';
import { readSites } from './read-sites';
import { readTls } from './read-tls';
import { readTlsHosts } from './read-tls-hosts';
import { readTransportDelivery } from './read-transport-delivery';
import { isWeb, type PortForward, type ProtocolForward, type ResolvedForward } from './resolved';
import { readSession } from './session';
import { sharePorts } from './shared-port';
import { readTrustedProxies } from './trusted-proxies';
import { readWhole } from './whole';

/**
 * The forwards and the engine that carries them.
 * @category Forwards and access
 */
export interface ForwardSet {
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

/** Names appear in rule comments, nginx upstreams and file names; 20 characters fit all of them (a chain name holds 28). */
const NAME = /^[a-z][a-z0-9-]{0,19}$/i;

/** A forward with several targets gets an iptables chain of its own, `PORTWAY-<name>`, beside these. */
const CHAIN_NAMES: readonly string[] = ['DNAT', 'SNAT', 'FORWARD', 'KEEP', 'LIMIT', 'MARK', 'MSS', 'EGRESS'];

/**
 * Checks a set of forwards and gives it in the form that renderers and constructs need, in the order it was written.
 * Every broken rule goes to `problems`; a forward that broke one is left out of the result.
 */
export function resolveForwards(set: ForwardSet, problems: Problems): readonly ResolvedForward[] {
  const engine = readStackEngine(set.engine, problems);
  const { names, written: entries } = readForwards(set.forwards, problems);
  checkNames(names, problems);
  const httpsPorts = entries.flatMap(([, f]) =>
    f.kind === 'https' || f.kind === 'tls' ? (parsePorts(f.props.listen) ?? []) : [],
  );
  const resolved = entries.flatMap(
    ([name, forward]) => resolveForward(name, forward, engine, httpsPorts, problems) ?? [],
  );
  checkListeners(entries, engine, problems);
  checkAcme(entries, problems);
  return sharePorts(answerAcme(resolved), problems);
}

function readStackEngine(value: unknown, problems: Problems): Engine {
  const engine = value === undefined ? DEFAULT_ENGINE : ENGINES.find((known) => known === value);
  if (engine === undefined) problems.add('engine', `must be ${ENGINES.join(' or ')}`, value);
  return engine ?? DEFAULT_ENGINE;
}

/** The same, alone: for callers that have nothing else to check. @throws PortwayError with every broken rule */
export function resolveForwardsOrThrow(set: ForwardSet): readonly ResolvedForward[] {
  const problems = new Problems();
  const resolved = resolveForwards(set, problems);
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
    if (CHAIN_NAMES.includes(name))
      problems.add(
        forwardPath(name),
        `must not have the name of one of Portway's own chains (${CHAIN_NAMES.join(', ')})`,
      );
    // nginx compares the names of upstreams without regard to case.
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
  stackEngine: Engine,
  httpsPorts: readonly PortRange[],
  problems: Problems,
): ResolvedForward | undefined {
  return forward.kind === 'protocol'
    ? resolveProtocolForward(name, forward, problems)
    : resolvePortForward(name, forward, stackEngine, httpsPorts, problems);
}

function resolvePortForward(
  name: string,
  forward: WrittenForward,
  stackEngine: Engine,
  httpsPorts: readonly PortRange[],
  problems: Problems,
): PortForward | undefined {
  const at = forwardPath(name);
  const before = problems.length;
  const { props } = forward;
  const kind = forward.kind as PortForward['kind'];
  const transport = kind === 'udp' ? 'udp' : 'tcp';
  const engine = readEngine(at, forward, stackEngine, problems);
  if (engine === 'nginx') refuseKernelProps(at, props, problems);
  else refuseNginxProps(at, props, problems);
  const listen = readListener(at, forward, transport, problems);
  const sites =
    isWeb(kind) && listen !== undefined
      ? readSites(at, props as HttpForwardProps, { name, kind, httpsPorts, listen }, problems)
      : [];
  const { tlsHosts, ...tlsDelivery } =
    kind === 'tls' && listen !== undefined ? readTlsHosts(at, props, { name, listen }, problems) : { tlsHosts: [] };
  const hosts = [...sites.flatMap((s) => s.routes), ...tlsHosts];
  const targets = ofHosts(kind) ? hosts.flatMap((h) => h.targets) : readTargets(at, forward, problems);
  const common = readCommon(at, props, targets, problems);
  const delivery = ofHosts(kind)
    ? { balance: BALANCES.http[0], ...tlsDelivery }
    : readTransportDelivery(at, props, { engine, transport, targets }, problems);
  const healthCheck = readHealthCheck(at, props.healthCheck, { transport, targets }, problems);
  // Limits of requests are the sites'.
  const limits = isWeb(kind) ? undefined : readLimits(at, props.limits, engine, problems);
  const client = readClient(at, kind, engine, props, problems);
  const session = isWeb(kind) || engine !== 'nginx' ? {} : readSession(at, props, transport, problems);
  for (const name of ['maintenance', 'underscoresInHeaders'] as const)
    if (props[name] !== undefined && typeof props[name] !== 'boolean')
      problems.add(`${at}.${name}`, 'must be true or false', props[name]);
  const maxHeaderKiB = readMaxHeader(at, kind, props.maxHeaderKiB, problems);
  const tls = kind === 'https' ? readTls(`${at}.tls`, props.tls, problems) : undefined;
  const answers = readHttpsAnswers(at, { kind, props, sites }, problems);
  if (listen === undefined || problems.length > before) return undefined;
  if (!ofHosts(kind)) checkTargets(at, { kind, engine, listen, targets }, problems);
  if (problems.length > before) return undefined;
  return {
    name,
    kind,
    transport,
    engine,
    listen,
    targets,
    ...common,
    ...delivery,
    ...(healthCheck === undefined ? {} : { healthCheck }),
    ...(limits === undefined ? {} : { limits }),
    ...client,
    session,
    sites,
    tlsHosts,
    ...answers,
    ...(maxHeaderKiB === undefined ? {} : { maxHeaderKiB }),
    ...(props.underscoresInHeaders === true ? { underscoresInHeaders: true } : {}),
    maintenance: props.maintenance === true,
    ...(tls === undefined ? {} : { tls }),
  };
}

/** nginx speaks the PROXY protocol over TCP: to clients on every kind of forward, to targets where it looks into nothing. */
function readClient(
  at: string,
  kind: PortForward['kind'],
  engine: Engine,
  props: ForwardProps,
  problems: Problems,
): Pick<PortForward, 'trustedProxies' | 'sendsProxyProtocol'> {
  if (engine !== 'nginx') return { sendsProxyProtocol: false };
  if (kind === 'udp') {
    if (props.proxyProtocol !== undefined)
      problems.add(`${at}.proxyProtocol`, 'must be left out: nginx speaks it over TCP alone', props.proxyProtocol);
    return { sendsProxyProtocol: false };
  }
  return readTrustedProxies(at, props, isWeb(kind) ? ['accept'] : ['accept', 'send'], problems);
}

function readMaxHeader(at: string, kind: PortForward['kind'], value: unknown, problems: Problems): number | undefined {
  if (value === undefined) return undefined;
  // Other kinds do not know it.
  return isWeb(kind) ? readWhole(`${at}.maxHeaderKiB`, value, { from: 8, to: 64 }, problems) : undefined;
}

/** Whether its hosts say where it leads. */
function ofHosts(kind: PortForward['kind']): boolean {
  return isWeb(kind) || kind === 'tls';
}

function resolveProtocolForward(
  name: string,
  forward: WrittenForward,
  problems: Problems,
): ProtocolForward | undefined {
  const at = forwardPath(name);
  const before = problems.length;
  const { props } = forward;
  if (props.engine !== undefined && props.engine !== 'iptables')
    problems.add(`${at}.engine`, 'must be iptables: nginx knows TCP and UDP alone', props.engine);
  const protocol = readProtocol(at, props.protocol, problems);
  const target = readProtocolTarget(at, props.to, problems);
  checkProtocolOfTarget(at, protocol, target, problems);
  const common = readCommon(at, props, target === undefined ? [] : [target], problems);
  if (protocol === undefined || target === undefined || problems.length > before) return undefined;
  return { name, kind: 'protocol', engine: 'iptables', protocol, target, ...common };
}
