import { ENGINES, type Engine, type ForwardKind, type ForwardProps } from './forward';
import { isRange, type PortRange, parsePorts } from './ports';
import type { Problems } from './problems';
import type { Written } from './read-forwards';
import { isPlainObject, readObject } from './read-object';
import { readFlag, readOneOf, readWhole } from './read-value';
import type { PortForward } from './resolved';
import { isTarget, readTarget, type Target, WEIGHTED_TARGET } from './target';
import { isNumberToken, isToken } from './token';

/** Ports that cannot be forwarded, because the gateway itself needs them. */
const RESERVED: readonly { readonly transport: 'tcp' | 'udp'; readonly port: number; readonly why: string }[] = [
  { transport: 'tcp', port: 22, why: "the gateway's own SSH" },
  { transport: 'udp', port: 68, why: "the gateway's own DHCP client" },
  { transport: 'udp', port: 546, why: "the gateway's own DHCPv6 client" },
];

/** The engine of the forward, else the stack's. HTTP and HTTPS need nginx. */
export function readEngine(
  at: string,
  { kind, props }: Written<PortForward['kind']>,
  stackEngine: Engine,
  problems: Problems,
): Engine {
  const engine = readOneOf(`${at}.engine`, props.engine, ENGINES, problems);
  if (kind === 'tcp' || kind === 'udp') return engine ?? stackEngine;
  // The stack's engine applies here too: a team that chose iptables should not get nginx on its host without asking.
  const wish = props.engine ?? stackEngine;
  if (wish === 'iptables') {
    problems.add(
      props.engine === undefined ? at : `${at}.engine`,
      `must run on nginx, since iptables does not read ${kind === 'http' ? 'HTTP' : 'TLS'}: write engine: 'nginx' here, or use Forward.tcp`,
      'iptables',
    );
  }
  return 'nginx';
}

/** The ports on the gateway; undefined if they are invalid. */
export function readListener(
  at: string,
  { kind, props }: Written<PortForward['kind']>,
  transport: 'tcp' | 'udp',
  problems: Problems,
): PortRange | undefined {
  const where = `${at}.listen`;
  if (isToken(props.listen) || isNumberToken(props.listen)) {
    problems.add(
      where,
      'must be known at synth (rules, security group and duplicates depend on it); tokens may stand in addresses only',
    );
    return undefined;
  }
  const listen = parsePorts(props.listen);
  if (listen === undefined) {
    problems.add(
      where,
      kind === 'tcp' || kind === 'udp' ? "must be 1-65535 or a range such as '6000-6100'" : 'must be 1-65535',
      props.listen,
    );
    return undefined;
  }
  if (isRange(listen) && kind !== 'tcp' && kind !== 'udp') {
    problems.add(
      where,
      `must be one port for ${kind.toUpperCase()}; ranges are for Forward.tcp and Forward.udp`,
      props.listen,
    );
  }
  for (const { port, why } of RESERVED.filter((r) => r.transport === transport)) {
    if (listen.from <= port && port <= listen.to)
      problems.add(where, `must leave ${transport} port ${port} free (${why})`, props.listen);
  }
  return listen;
}

/** Valid targets; invalid ones are reported and dropped. */
export function readTargets(
  at: string,
  { kind, props }: { readonly kind: ForwardKind; readonly props: Pick<ForwardProps, 'to' | 'redirectTo'> },
  problems: Problems,
): readonly Target[] {
  if (props.to === undefined) {
    if (kind !== 'http') problems.add(`${at}.to`, 'must say where the forward leads, such as 8080 or 10.0.1.20:8080');
    else if (props.redirectTo === undefined)
      problems.add(at, "must have either to (such as 8080) or redirectTo: 'https'");
    return [];
  }
  const specs = Array.isArray(props.to) ? props.to : [props.to];
  if (specs.length === 0) problems.add(`${at}.to`, 'must hold at least one target');
  const seen = new Set<string>();
  return specs.flatMap((spec: unknown, i) => {
    const where = Array.isArray(props.to) ? `${at}.to[${i}]` : `${at}.to`;
    const weighted = isPlainObject(spec);
    const { to, weight, backup } = weighted ? readWeighted(where, spec, problems) : { to: spec };
    const target = readTarget(to);
    if (!isTarget(target)) {
      problems.add(weighted ? `${where}.to` : where, target.rule, to);
      return [];
    }
    const key = String(to);
    if (seen.has(key)) problems.add(where, 'must not be listed twice', to);
    seen.add(key);
    return [
      {
        ...target,
        weight: readWhole(`${where}.weight`, weight, { from: 1, to: 1000 }, problems) ?? 1,
        ...(readFlag(`${where}.backup`, backup, problems) === true ? { backup: true } : {}),
      },
    ];
  });
}

function readWeighted(at: string, spec: object, problems: Problems) {
  return (
    readObject(at, spec, { parts: WEIGHTED_TARGET, example: "{ to: '10.0.1.20:8080', weight: 3 }" }, problems) ?? {}
  );
}
