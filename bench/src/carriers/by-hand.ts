import type { Ground } from '../lab/ground';
import { type Job, remoteHost } from './job';

/** What an administrator types: one `-A` for each listener. Behind it, replies must return through the gateway. */
export function iptablesRules(ground: Ground, jobs: readonly Job[]): string {
  const host = remoteHost(ground);
  const jump = (port: number) =>
    host === undefined ? `REDIRECT --to-ports ${port}` : `DNAT --to-destination ${host}:${port}`;
  return [
    '*nat',
    ...jobs.map(({ protocol, listen, port }) => `-A PREROUTING -p ${protocol} --dport ${listen} -j ${jump(port)}`),
    ...(host === undefined ? [] : [`-A POSTROUTING -d ${host} -j MASQUERADE`]),
    'COMMIT',
    '',
  ].join('\n');
}

export async function iptablesByHand(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await ground.sh('gateway', 'iptables-nft-restore', iptablesRules(ground, jobs));
}

/** The same in nftables, one rule for each listener. */
export function nftRules(ground: Ground, jobs: readonly Job[]): string {
  const host = remoteHost(ground);
  const verdict = (port: number) => (host === undefined ? `redirect to :${port}` : `dnat to ${host}:${port}`);
  return nftTable(
    ground,
    jobs.map(({ protocol, listen, port }) => `${protocol} dport ${listen} ${verdict(port)}`),
  );
}

/** What nftables' documentation shows for many listeners: one rule and a map. */
export function nftMap(ground: Ground, jobs: readonly Job[]): string {
  const host = remoteHost(ground);
  const element = (port: number) => (host === undefined ? `${port}` : `${host} . ${port}`);
  const protocols = [...new Set(jobs.map((job) => job.protocol))];
  return nftTable(
    ground,
    protocols.map((protocol) => {
      const own = jobs.filter((job) => job.protocol === protocol);
      const map = `${protocol} dport map { ${own.map(({ listen, port }) => `${listen} : ${element(port)}`).join(', ')} }`;
      return host === undefined ? `meta l4proto ${protocol} redirect to :${map}` : `dnat ip to ${map}`;
    }),
  );
}

export async function nftByHand(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await ground.sh('gateway', 'nft -f -', nftRules(ground, jobs));
}

export async function nftMapByHand(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await ground.sh('gateway', 'nft -f -', nftMap(ground, jobs));
}

/** A flow table as its documentation shows it, for the lane's devices. */
export async function nftFlowsByHand(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await nftMapByHand(ground, jobs);
  const flows = [
    'table ip flows {',
    '  flowtable fast { hook ingress priority filter; devices = { ens5, ens6 }; counter; }',
    '  chain forward {',
    '    type filter hook forward priority filter;',
    '    ct state established ct status dnat meta l4proto { tcp, udp } flow add @fast',
    '  }',
    '}',
    '',
  ].join('\n');
  await ground.sh('gateway', 'nft -f -; sysctl -qw net.netfilter.nf_conntrack_acct=1', flows);
}

function nftTable(ground: Ground, rules: readonly string[]): string {
  const host = remoteHost(ground);
  return [
    // Created if missing, then deleted, so that the following table is new, in one transaction.
    'table ip forwarding',
    'delete table ip forwarding',
    'table ip forwarding {',
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat;',
    ...(host === undefined ? [] : [`    ip daddr ${host} masquerade`]),
    '  }',
    '}',
    '',
  ].join('\n');
}
