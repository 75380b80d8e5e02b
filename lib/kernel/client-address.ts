import { readFlag } from '../forward/read-value';
import { type PortRules, writeByPort } from '../iptables/by-port';
import { CHAINS } from '../iptables/chains';
import { MARKS, MATCH_MARKED, matchMark, UNMARK } from '../iptables/marks';
import { matchOriginalPorts } from '../iptables/rule';
import type { Table } from '../iptables/table';
import type { ForwardOption, KernelFeature } from './feature';
import { isPortWay, markOf, type PortWay, type Way } from './ways';

/** @category With engine iptables */
export interface ClientAddressProps {
  /**
   * Whether targets on other hosts see the client's address instead of the gateway's. Their replies must then return
   * through the gateway, so it must be their default route.
   * @default false
   * @refused a forward to the gateway itself, where targets see the client's address anyway; engine nginx
   * @see docs/nat.md#preserveclientaddress
   */
  readonly preserveClientAddress?: boolean;
}

export interface ClientAddressValues {
  readonly preserveClientAddress: boolean;
}

declare module './values' {
  interface KernelForwardValues extends ClientAddressValues {}
}

/**
 * nat: which address targets on other hosts see. Without `preserveClientAddress` it is the gateway's, and they reply to
 * the gateway.
 */
export const clientAddress: ForwardOption<ClientAddressProps, ClientAddressValues> = {
  on: 'forward',
  props: { preserveClientAddress: true },
  read(at, props, problems, { hosts }) {
    const where = `${at}.preserveClientAddress`;
    const preserves = readFlag(where, props.preserveClientAddress, problems) === true;
    if (preserves && hosts.length > 0 && hosts.every((h) => h.kind === 'local'))
      problems.add(where, "must be left out: what runs on the gateway itself sees the client's address anyway", true);
    return { preserveClientAddress: preserves };
  },
  iptables: ({ nat, ways }) => {
    if (ways.some((way) => markOf(way) === MARKS.answered)) writeAnswered(nat);
    const kept = ways.filter((way) => markOf(way) === MARKS.kept);
    if (kept.length > 0) writeKept(nat, kept);
  },
};

/** nat: clears the marks of packets to the gateway itself, which never reach the chains of `clientAddress`. */
export const unmarking: KernelFeature = { iptables: ({ nat, ways }) => writeUnmarking(nat, ways) };

/**
 * A target must reply to the gateway. If it replied to the client directly, the reply would come from an address that
 * the client never contacted.
 */
function writeAnswered(nat: Table): void {
  nat.hook('POSTROUTING', matchMark(MARKS.answered), CHAINS.snat);
  nat.remark(CHAINS.snat, 'targets on other hosts answer to the gateway');
  nat.addCommon(CHAINS.snat, '', UNMARK);
  // A forward may also have targets on the gateway, and the gateway may be its client.
  nat.addCommon(CHAINS.snat, '! -o lo', '-j MASQUERADE');
}

/**
 * The target's own connections must still come from the gateway's address: a reply to itself would never leave the
 * target.
 */
function writeKept(nat: Table, ways: readonly Way[]): void {
  nat.hook('POSTROUTING', matchMark(MARKS.kept), CHAINS.keep);
  nat.remark(CHAINS.keep, 'targets on other hosts see the client, but not themselves');
  nat.addCommon(CHAINS.keep, '', UNMARK);
  const toItself = (way: Way): PortRules['write'] => {
    const hosts = new Set(way.targets.flatMap((t) => t.host ?? []));
    return (chain) => {
      for (const host of hosts) nat.add(chain, [`-s ${host} -d ${host}`], way.forward.name, '-j MASQUERADE');
    };
  };
  const rules = ways.filter(isPortWay).map((way: PortWay) => ({
    transport: way.forward.transport,
    ports: way.forward.listen,
    rules: way.targets.length,
    write: toItself(way),
  }));
  writeByPort(nat, CHAINS.keep, rules, matchOriginalPorts);
  for (const way of ways) if (!isPortWay(way)) toItself(way)(CHAINS.keep);
}

function writeUnmarking(nat: Table, ways: readonly Way[]): void {
  const stays = (way: Way) => way.targets.some((t) => t.kind === 'local');
  const isPlaced = (way: Way) => isPortWay(way) && way.forward.balance === 'source' && way.targets.length > 1;
  if (!ways.some((way) => stays(way) && (isPlaced(way) || markOf(way) !== MARKS.none))) return;
  for (const builtIn of ['INPUT', 'POSTROUTING']) nat.hook(builtIn, MATCH_MARKED, CHAINS.mark);
  nat.remark(CHAINS.mark, 'marks are for our own rules alone');
  nat.addCommon(CHAINS.mark, '', UNMARK);
}
