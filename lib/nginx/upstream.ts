import { type Balance, isSticky } from '../forward/balance';
import type { Failover } from '../forward/failover';
import { formatTarget, type Target } from '../forward/target';
import { balanceMethod } from './balance';
import { type Block, block, type Line } from './block';
import { upstreamName, variableName } from './names';
import { bindSource } from './source-address';

/**
 * Amazon's resolver, at the same address in every VPC.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
const RESOLVER = '169.254.169.253';

/** Targets that are addressed together: those of a forward or of one of its routes. */
export interface Group {
  readonly id: string;
  readonly targets: readonly Target[];
  readonly balance: Balance;
  readonly failover?: Failover;
}

/** A target as nginx connects to it. A port alone is on the gateway itself. */
function serverAddress(target: Target): string {
  return target.kind === 'local' ? `127.0.0.1:${formatTarget(target)}` : formatTarget(target);
}

/** A name is the only target of its forward (checked at synth). */
function namedTarget({ targets }: Pick<Group, 'targets'>): Target | undefined {
  return targets.find((t) => t.kind === 'name');
}

/** Needed for targets that are names: they are resolved while nginx runs, not once at start. */
export function resolver(groups: readonly Pick<Group, 'targets'>[]): readonly Line[] {
  if (!groups.some(namedTarget)) return [];
  return [`resolver ${RESOLVER} valid=10s ipv6=off;  # names are resolved again after 10 s`, 'resolver_timeout 3s;'];
}

/**
 * The group of targets. A name in a group would be resolved only once, and nginx would not start if that failed, so a
 * named target has no group.
 */
export function upstream(group: Group, extra: readonly Line[]): readonly Block[] {
  if (namedTarget(group) !== undefined || group.targets.length === 0) return [];
  return [
    block(`upstream ${upstreamName(group.id)}`, [
      // Without the shared zone, each worker would count and detect dead targets on its own.
      `zone ${upstreamName(group.id)} ${zoneKiB(group.targets.length)}k;`,
      ...(group.targets.length > 1 ? balanceMethod(group.balance) : []),
      ...group.targets.map((t) => server(t, group.failover)),
      ...lastResort(group),
      ...extra,
    ]),
  ];
}

/** A target and its second entry take less than 2 KiB. */
function zoneKiB(targets: number): number {
  return Math.max(64, 2 * targets + 32);
}

function server(target: Target, failover: Failover | undefined): Line {
  const weight = target.weight === 1 ? '' : ` weight=${target.weight}`;
  // A backup is the last resort, so it is never left out.
  if (target.backup) return `server ${serverAddress(target)}${weight} max_fails=0 backup;`;
  const fails = failover === undefined ? '' : ` max_fails=${failover.maxFails} fail_timeout=${failover.failTimeout}s`;
  return `server ${serverAddress(target)}${weight}${fails};`;
}

/**
 * If all targets failed recently, nginx would try none of them. After a restart of the application, nobody would be
 * served until `fail_timeout` is over, and one path that always answers 503 would be enough to leave out all targets.
 */
function lastResort({ targets, balance, failover }: Group): readonly Line[] {
  if (failover === undefined || isSticky(balance) || targets.some((t) => t.backup)) return [];
  return [
    '# If all targets failed recently, they are tried anyway.',
    ...targets.map((t) => server({ ...t, backup: true }, failover)),
  ];
}

/** The address of the group, as the value of a variable in `proxy_pass`. */
export function destination(group: Group): string {
  const named = namedTarget(group);
  return named === undefined ? upstreamName(group.id) : serverAddress(named);
}

/**
 * The lines that forward a request or connection. A variable makes nginx resolve a name when it is used. `uri` is a
 * variable with the path that the target gets; if it is empty, nginx uses its own.
 */
export function passTo(group: Group, scheme: 'http://' | 'grpc://' | '', uri = ''): readonly Line[] {
  const pass = scheme === 'grpc://' ? 'grpc_pass' : 'proxy_pass';
  const named = namedTarget(group);
  if (named === undefined) {
    const bind = bindSource(group, scheme === 'grpc://' ? 'grpc' : 'proxy');
    return [...bind, `${pass} ${scheme}${upstreamName(group.id)}${uri};`];
  }
  const variable = variableName('target', group.id);
  return [`set ${variable} ${serverAddress(named)};`, `${pass} ${scheme}${variable}${uri};`];
}
