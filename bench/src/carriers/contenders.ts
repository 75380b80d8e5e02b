import type { Contender } from '../model';
import { iptablesByHand, nftByHand } from './by-hand';
import type { Carrier } from './job';
import { nothing, tracking } from './nothing';
import { caddy, caddyTls, haproxy, haproxyTls, nginxFile, nginxFileTuned, nginxStock, socat } from './peers';
import { portwayHttp, portwayHttps, portwayIptables, portwayStream } from './portway';

/** A contender, how it carries traffic, and whether its clients ask the target directly. */
export interface Carrying extends Contender {
  readonly carrier: Carrier;
  readonly direct?: boolean;
  /** Whether clients speak TLS to it. */
  readonly tls?: boolean;
}

/** The same, but left out of quick runs. */
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
  portwayNginx: { name: 'portway-nginx', title: 'Portway, nginx', carrier: portwayHttp(), ours: true },
  portwayTls: { name: 'portway-nginx', title: 'Portway, nginx', carrier: portwayHttps, ours: true, tls: true },
  portwayStream: { name: 'portway-nginx', title: 'Portway, nginx', carrier: portwayStream, ours: true },
  nginxStock: { name: 'nginx', title: 'nginx, bare proxy_pass', carrier: nginxStock },
  nginxFile: { name: 'nginx-file', title: 'nginx, the file on its disk', carrier: nginxFile },
  nginxFileTuned: { name: 'nginx-file-tuned', title: 'the same, tuned for files', carrier: nginxFileTuned },
  haproxy: { name: 'haproxy', title: 'haproxy', carrier: haproxy },
  haproxyTls: { name: 'haproxy', title: 'haproxy', carrier: haproxyTls, tls: true },
  caddy: { name: 'caddy', title: 'caddy', carrier: caddy },
  caddyTls: { name: 'caddy', title: 'caddy', carrier: caddyTls, tls: true },
} as const satisfies Readonly<Record<string, Carrying>>;
