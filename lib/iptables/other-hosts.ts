import type { PortForward } from '../forward/resolved';
import { type PortRules, writeByPort } from './by-port';
import { CHAINS, TRANSLATED } from './chains';
import {
  matchOriginalPorts,
  matchTranslated,
  type ProtocolWay,
  type RemoteTarget,
  remoteTargets,
  type Way,
} from './rule';
import type { Table } from './table';

/** nat, mangle and filter: what targets on other hosts need beside a destination. */
export function writeOtherHosts(
  { nat, mangle, filter }: { readonly nat: Table; readonly mangle: Table; readonly filter: Table },
  ways: readonly Way[],
  protocols: readonly ProtocolWay[],
): void {
  const remote = ways.filter((way) => remoteTargets(way).length > 0);
  if (remote.length + protocols.length === 0) return;
  writeReturnWays(nat, remote, protocols);
  if (remote.some(({ forward }) => forward.transport === 'tcp')) {
    writeSegmentSize(mangle, TRANSLATED);
  }
  writePassages(filter, remote, protocols);
}

/**
 * A target must answer to the gateway, or its replies would reach the client from an address it never asked. Where the target is
 * to see clients, its own connections still need that: an answer to its own address would never leave it.
 */
function writeReturnWays(nat: Table, ways: readonly Way[], protocols: readonly ProtocolWay[]): void {
  nat.hook('POSTROUTING', TRANSLATED, CHAINS.snat);
  nat.remark(CHAINS.snat, 'targets on other hosts answer to the gateway');
  const matchSource = (forward: { readonly preserveClientAddress: boolean }, host = '') =>
    forward.preserveClientAddress ? `-s ${host}` : '';
  const returnWay = (forward: PortForward, target: RemoteTarget) => (chain: string) =>
    nat.add(chain, [matchSource(forward, target.host), matchTranslated(forward, target)], forward.name, MASQUERADE);
  writeByPort(nat, CHAINS.snat, ways.map(rulesByTarget(returnWay)), matchOriginalPorts);
  for (const { forward, target } of protocols) {
    const matches = [matchSource(forward, target.host), matchProtocol({ forward, target })];
    nat.add(CHAINS.snat, matches, forward.name, MASQUERADE);
  }
}

const MASQUERADE = '-j MASQUERADE';

/** Other software (docker, ufw) sets the policy of FORWARD to DROP. */
function writePassages(filter: Table, ways: readonly Way[], protocols: readonly ProtocolWay[]): void {
  filter.hook('FORWARD', TRANSLATED, CHAINS.forward);
  filter.remark(CHAINS.forward, 'to targets on other hosts, and back');
  filter.add(CHAINS.forward, ['-m conntrack --ctstate RELATED,ESTABLISHED'], '*', '-j ACCEPT');
  const passage = (forward: PortForward, target: RemoteTarget) => (chain: string) =>
    filter.add(chain, [matchTranslated(forward, target)], forward.name, '-j ACCEPT');
  writeByPort(filter, CHAINS.forward, ways.map(rulesByTarget(passage)), matchOriginalPorts);
  for (const way of protocols) filter.add(CHAINS.forward, [matchProtocol(way)], way.forward.name, '-j ACCEPT');
}

/**
 * Both sides of a connection are told to send no segment that is too large for the way through the gateway. They would find out by
 * themselves, but only where no firewall on the way keeps the notice from them.
 */
export function writeSegmentSize(mangle: Table, match: string): void {
  mangle.hook('FORWARD', '-p tcp --tcp-flags SYN,RST SYN', CHAINS.mss);
  if (mangle.isNew(CHAINS.mss)) mangle.remark(CHAINS.mss, 'no segment larger than the way through the gateway');
  mangle.add(CHAINS.mss, ['-p tcp', match], '*', '-j TCPMSS --clamp-mss-to-pmtu');
}

function rulesByTarget(write: (forward: PortForward, target: RemoteTarget) => (chain: string) => void) {
  return (way: Way): PortRules => {
    const rules = remoteTargets(way).map((target) => write(way.forward, target));
    return {
      transport: way.forward.transport,
      ports: way.forward.listen,
      rules: rules.length,
      write: (chain) => {
        for (const rule of rules) rule(chain);
      },
    };
  };
}

/** A protocol without ports leaves nothing more to match. */
function matchProtocol({ forward, target }: ProtocolWay): string {
  return `-d ${target.host} -p ${forward.protocol}`;
}
