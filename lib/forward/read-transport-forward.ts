import { readLimits } from '../kernel/limits/limits';
import { FORWARD_PROPS, PORT_PROPS, readPortOptions } from '../kernel/options';
import type { KernelForwardValues, KernelPortValues } from '../kernel/values';
import { readTransportOptions, STREAM_PROPS, TRANSPORT_PROPS } from '../stream/options';
import type { StreamValues, TransportValues } from '../stream/values';
import { BALANCES, type TransportBalance } from './balance';
import { checkTargets } from './check-targets';
import { ANY_FAMILY } from './cidr';
import { FAILOVER } from './failover';
import type { Engine, TransportForwardProps } from './forward';
import type { Lists } from './lists';
import { forwardPath, type Problems } from './problems';
import { checkBalance, readBalance } from './read-balance';
import { canFailOver, readFailover } from './read-failover';
import type { Reading, Written } from './read-forwards';
import { readEngine, readListener, readTargets } from './read-props';
import type { KernelPortForward, NginxTransportForward } from './resolved';
import { readSourceLists, type SourceLists } from './sources';
import type { Target } from './target';

type Props = Partial<TransportForwardProps>;

/** Props that only iptables supports. */
const KERNEL_PROPS = Object.keys({ ...FORWARD_PROPS, ...PORT_PROPS }) as (keyof Props)[];

/** Props that only nginx supports. */
const NGINX_PROPS = Object.keys({ ...STREAM_PROPS, ...TRANSPORT_PROPS }) as (keyof Props)[];

interface Context {
  readonly kind: 'tcp' | 'udp';
  readonly targets: readonly Target[];
  /** The most hosts of a fleet. */
  readonly most: number | undefined;
}

/** A TCP or UDP forward. */
export function readTransportForward(
  name: string,
  forward: Written<'tcp' | 'udp'>,
  { stackEngine, lists, hosts: most }: Reading,
  problems: Problems,
): KernelPortForward | NginxTransportForward | undefined {
  const { kind, props } = forward;
  const at = forwardPath(name);
  const before = problems.length;
  const engine = readEngine(at, forward, stackEngine, problems);
  refuseOtherEngine(at, engine, props, problems);
  const listen = readListener(at, forward, kind, problems);
  const targets = readTargets(at, forward, problems);
  const sources = readSourceLists(at, props, problems, lists);
  const delivery =
    engine === 'iptables'
      ? { engine, ...readKernelDelivery(at, props, { kind, targets, most, ...sources }, problems) }
      : { engine, families: ANY_FAMILY, ...readNginxDelivery(at, props, { kind, targets, most, lists }, problems) };
  if (listen === undefined || problems.length > before) return undefined;
  checkTargets(at, { kind, engine, listen, targets }, problems);
  if (problems.length > before) return undefined;
  return { name, kind, transport: kind, listen, targets, ...sources, ...delivery };
}

/** An engine must not ignore a prop: the user would rely on it. */
function refuseOtherEngine(at: string, engine: Engine, props: Props, problems: Problems): void {
  const [refused, other] = engine === 'nginx' ? [KERNEL_PROPS, 'iptables'] : [NGINX_PROPS, 'nginx'];
  for (const prop of refused) {
    if (props[prop] !== undefined)
      problems.add(
        `${at}.${prop}`,
        `must be left out on ${engine}: only engine: '${other}' carries it out`,
        props[prop],
      );
  }
}

function readKernelDelivery(
  at: string,
  props: Props,
  { kind, targets, most, ...sources }: Context & SourceLists,
  problems: Problems,
): Pick<KernelPortForward, 'balance' | 'limits'> & KernelForwardValues & KernelPortValues {
  const balance = readTransportBalance(at, props.balance, 'iptables', targets, problems);
  readFailover(at, props.failover, 'iptables', problems);
  const limits = readLimits(at, props.limits, { engine: 'iptables', hosts: most }, problems);
  const options = readPortOptions(at, props, { transport: kind, targets, hosts: targets, ...sources }, problems);
  return { balance, ...(limits === undefined ? {} : { limits }), ...options };
}

function readNginxDelivery(
  at: string,
  props: Props,
  { kind, targets, most, lists }: Context & { readonly lists: Lists },
  problems: Problems,
): Pick<NginxTransportForward, 'balance' | 'failover' | 'limits'> & StreamValues & TransportValues {
  const balance = readTransportBalance(at, props.balance, 'nginx', targets, problems);
  const failover = readFailover(at, props.failover, 'nginx', problems) ?? FAILOVER;
  const possible = canFailOver(targets);
  if (props.failover !== undefined && !possible)
    problems.add(`${at}.failover`, 'must be left out where there is one target');
  if (kind === 'udp' && !props.responses) {
    const without = 'must go with responses, such as 1: otherwise nginx does not know that a target owes an answer';
    if (props.failover !== undefined) problems.add(`${at}.failover`, without);
    if (targets.some((t) => t.backup)) problems.add(`${at}.to`, `${without}, and would never ask a backup`);
  }
  const limits = readLimits(at, props.limits, { engine: 'nginx', hosts: most }, problems);
  const options = readTransportOptions(at, props, { transport: kind, lists }, problems);
  return {
    balance,
    ...(possible ? { failover } : {}),
    ...(limits === undefined ? {} : { limits }),
    ...options,
  };
}

function readTransportBalance(
  at: string,
  value: unknown,
  by: Engine,
  targets: readonly Target[],
  problems: Problems,
): TransportBalance {
  const balance = readBalance(at, value, by, problems) ?? BALANCES[by][0];
  if (value !== undefined && targets.length < 2)
    problems.add(`${at}.balance`, 'must be left out where there is one target', value);
  checkBalance(at, { balance, targets, by }, problems);
  return balance;
}
