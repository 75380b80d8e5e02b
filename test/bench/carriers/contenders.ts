import type { Contender } from '../model';
import { iptablesByHand, nftByHand } from './by-hand';
import type { Carrier } from './job';
import { nothing, tracking } from './nothing';
import { caddy, haproxy, nginxStock, socat } from './peers';
import { portwayIptables, portwayNginx, portwayStream } from './portway';

/** A contender, with the way it carries and whether its clients ask the target itself. */
export interface Carrying extends Contender {
  readonly carrier: Carrier;
  readonly direct?: boolean;
}

/** The same, but not in quick runs. */
export function slow(contender: Carrying): Carrying {
  return { ...contender, slow: true };
}

export const CONTENDERS = {
  direct: { name: 'direct', title: 'direct, no forwarding', carrier: nothing, direct: true },
  tracked: { name: 'tracked', title: 'direct, with connection tracking', carrier: tracking, direct: true },
  portwayIptables: { name: 'portway-iptables', title: 'Portway, iptables', carrier: portwayIptables, ours: true },
  iptables: { name: 'iptables', title: 'iptables by hand', carrier: iptablesByHand },
  nftables: { name: 'nftables', title: 'nftables by hand', carrier: nftByHand },
  socat: { name: 'socat', title: 'socat', carrier: socat },
  portwayNginx: { name: 'portway-nginx', title: 'Portway, nginx', carrier: portwayNginx, ours: true },
  portwayStream: { name: 'portway-nginx', title: 'Portway, nginx', carrier: portwayStream, ours: true },
  nginxStock: { name: 'nginx', title: 'nginx, bare proxy_pass', carrier: nginxStock },
  haproxy: { name: 'haproxy', title: 'haproxy', carrier: haproxy },
  caddy: { name: 'caddy', title: 'caddy', carrier: caddy },
} as const satisfies Readonly<Record<string, Carrying>>;
