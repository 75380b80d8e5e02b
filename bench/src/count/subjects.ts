import { nftMapByHand } from '../carriers/by-hand';
import { type Carrying, CONTENDERS } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { nginxStockKept } from '../carriers/peers';
import { portwayIptables } from '../carriers/portway';
import { manyJobs } from '../scenarios/many';
import { WEB } from '../scenarios/set-up';

/** What the load generator asks for, and how often in a batch. */
export const LOADS = {
  kept: { title: 'a request on a kept connection', count: 400 },
  new: { title: 'a new connection with one request', count: 200 },
  datagram: { title: 'a datagram there and back', count: 400 },
} as const;
export type LoadName = keyof typeof LOADS;

/** A contender with what it carries. The last job of each protocol leads to the application. */
export interface Subject extends Carrying {
  readonly jobs: readonly Job[];
}

/** Subjects that are compared with each other. The first one is the reference. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly applicationAt: 'gateway' | 'backend';
  readonly loads: readonly LoadName[];
  /** The subject that ours is also compared with. */
  readonly peer: string;
  readonly subjects: readonly Subject[];
}

const DATAGRAMS: Job = { protocol: 'udp', listen: 81, port: WEB.port };
const BOTH = [WEB, DATAGRAMS];
const MANY = 1_000;

function carrying(contender: Carrying, jobs: readonly Job[]): Subject {
  return { ...contender, jobs };
}

function many(contender: Carrying, jobs: readonly Job[]): Subject {
  const forwards = MANY.toLocaleString('en');
  return { ...contender, jobs, name: `${contender.name}-${MANY}`, title: `${contender.title}, ${forwards} forwards` };
}

/** Portway's rules while nothing counts what a forward carries. */
const UNCOUNTED: Carrying = {
  name: 'portway-uncounted',
  title: 'the same, without counting',
  async carrier(ground, jobs) {
    await portwayIptables(ground, jobs);
    await ground.sh('gateway', 'sysctl -qw net.netfilter.nf_conntrack_acct=0 net.netfilter.nf_conntrack_events=0');
  },
};

const NFT_MAP: Carrying = { name: 'nftables-map', title: 'nftables by hand, a map', carrier: nftMapByHand };

const KERNEL: readonly Subject[] = [
  ...[CONTENDERS.direct, CONTENDERS.tracked, CONTENDERS.iptables, CONTENDERS.nftables, NFT_MAP].map((contender) =>
    carrying(contender, BOTH),
  ),
  ...[CONTENDERS.portwayIptables, UNCOUNTED].map((contender) => carrying(contender, BOTH)),
  ...[CONTENDERS.iptables, CONTENDERS.portwayIptables].map((contender) =>
    many(contender, [...manyJobs(MANY), DATAGRAMS]),
  ),
];

const NGINX_KEPT: Carrying = {
  name: 'nginx-kept',
  title: "nginx, proxy_pass with targets' connections kept",
  carrier: nginxStockKept,
};

export const SECTIONS: readonly Section[] = [
  {
    name: 'remote',
    title: 'A forward to another host',
    applicationAt: 'backend',
    loads: ['kept', 'new', 'datagram'],
    peer: 'iptables',
    subjects: KERNEL,
  },
  {
    name: 'local',
    title: 'A forward to a port on the gateway',
    applicationAt: 'gateway',
    loads: ['kept', 'new', 'datagram'],
    peer: 'iptables',
    subjects: KERNEL,
  },
  {
    name: 'http',
    title: 'HTTP through a reverse proxy to another host',
    applicationAt: 'backend',
    loads: ['kept', 'new'],
    peer: 'haproxy',
    subjects: [
      ...[
        ...[CONTENDERS.direct, CONTENDERS.nginxStock, NGINX_KEPT, CONTENDERS.haproxy, CONTENDERS.caddy],
        CONTENDERS.portwayNginx,
      ].map((contender) => carrying(contender, [WEB])),
      many(CONTENDERS.portwayNginx, manyJobs(MANY)),
    ],
  },
];
