import { BALANCES } from './balance';
import { FAILOVER } from './failover';
import type { Engine, ForwardProps } from './forward';
import type { Problems } from './problems';
import { checkBalance, readBalance } from './read-balance';
import { canFailOver, readFailover } from './read-failover';
import type { PortForward } from './resolved';
import type { Target } from './target';

/** Which target gets a connection of TCP or a client's datagrams. */
export function readTransportDelivery(
  at: string,
  props: Pick<ForwardProps, 'balance' | 'failover' | 'responses'>,
  {
    engine,
    transport,
    targets,
  }: { readonly engine: Engine; readonly transport: 'tcp' | 'udp'; readonly targets: readonly Target[] },
  problems: Problems,
): Pick<PortForward, 'balance' | 'failover'> {
  const by = engine === 'iptables' ? 'iptables' : 'nginx';
  const balance = readBalance(at, props.balance, by, problems) ?? BALANCES[by][0];
  if (props.balance !== undefined && targets.length < 2)
    problems.add(`${at}.balance`, 'must be left out where there is one target', props.balance);
  checkBalance(at, { balance, targets, by }, problems);
  const failover = readFailover(at, props.failover, by, problems) ?? FAILOVER;
  const possible = engine === 'nginx' && canFailOver(targets);
  if (engine === 'nginx' && props.failover !== undefined && !possible)
    problems.add(`${at}.failover`, 'must be left out where there is one target');
  if (engine === 'nginx' && transport === 'udp' && !props.responses) {
    const without = 'must go with responses, such as 1: nginx cannot tell otherwise that a target owes an answer';
    if (props.failover !== undefined) problems.add(`${at}.failover`, without);
    if (targets.some((t) => t.backup)) problems.add(`${at}.to`, `${without}, and would never ask a backup`);
  }
  return { balance, ...(possible ? { failover } : {}) };
}
