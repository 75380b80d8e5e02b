import { nftFlowsByHand, nftMapByHand } from '../carriers/by-hand';
import { type Carrying, CONTENDERS } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { haproxyHttp3, nginxStockHttp2, nginxStockHttp3, nginxStockKept, nginxStockTls } from '../carriers/peers';
import { portwayFlows, portwayIptables, portwaySecure } from '../carriers/portway';
import { caching } from '../scenarios/cache';
import { manyJobs } from '../scenarios/many';
import { SECURE_WEB, WEB } from '../scenarios/set-up';
import { FLOODS } from './floods';
import { PRICES } from './prices';
import type { Section, Subject } from './section';

const DATAGRAMS: Job = { protocol: 'udp', listen: 81, port: WEB.port };
const BOTH = [WEB, DATAGRAMS];

function carrying(contender: Carrying, jobs: readonly Job[]): Subject {
  return { ...contender, jobs };
}

function many(count: number, contender: Carrying, jobs: readonly Job[]): Subject {
  const forwards = count.toLocaleString('en');
  return { ...contender, jobs, name: `${contender.name}-${count}`, title: `${contender.title}, ${forwards} forwards` };
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
    many(1_000, contender, [...manyJobs(1_000), DATAGRAMS]),
  ),
];

/** Established flows past the rules; only to other hosts. */
const FLOWS: Carrying = {
  name: 'portway-flows',
  title: 'Portway, `flowOffload`',
  carrier: portwayFlows,
  ours: true,
};

const FLOWS_BY_HAND: Carrying = {
  name: 'nftables-flows',
  title: 'nftables by hand, a flow table',
  carrier: nftFlowsByHand,
};

/** The single one is what the others are compared with. */
const TEN_THOUSAND: readonly Subject[] = [
  carrying(CONTENDERS.portwayIptables, [WEB]),
  ...[CONTENDERS.portwayIptables, CONTENDERS.iptables, NFT_MAP].map((contender) =>
    many(10_000, contender, manyJobs(10_000)),
  ),
];

const NGINX_KEPT: Carrying = {
  name: 'nginx-kept',
  title: "nginx, proxy_pass with targets' connections kept",
  carrier: nginxStockKept,
};

const NGINX_TLS: Carrying = {
  name: 'nginx',
  title: 'nginx, bare proxy_pass',
  carrier: nginxStockTls,
  tls: true,
};

const NGINX_HTTP2: Carrying = { ...NGINX_TLS, carrier: nginxStockHttp2 };
const NGINX_HTTP3: Carrying = { ...NGINX_TLS, carrier: nginxStockHttp3 };
const HAPROXY_HTTP3: Carrying = { ...CONTENDERS.haproxyTls, carrier: haproxyHttp3 };
const PORTWAY_HTTP3: Carrying = { ...CONTENDERS.portwayTls, carrier: portwaySecure({ http3: true }) };

const FORWARDS: readonly Section[] = [
  {
    name: 'remote',
    title: 'A forward to another host',
    applicationAt: 'backend',
    loads: ['kept', 'new', 'datagram'],
    peer: 'iptables',
    subjects: [...KERNEL, ...[FLOWS, FLOWS_BY_HAND].map((contender) => carrying(contender, BOTH))],
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
    loads: ['kept', 'new', 'kept-64', 'new-64'],
    peer: 'haproxy',
    subjects: [
      ...[
        ...[CONTENDERS.direct, CONTENDERS.nginxStock, NGINX_KEPT, CONTENDERS.haproxy, CONTENDERS.caddy],
        CONTENDERS.portwayNginx,
      ].map((contender) => carrying(contender, [WEB])),
      many(1_000, CONTENDERS.portwayNginx, manyJobs(1_000)),
    ],
  },
];

/** The same on Graviton's architecture, without many forwards. */
const ON_ARM = FORWARDS.map(
  (section): Section => ({
    ...section,
    name: `${section.name}-arm64`,
    title: `${section.title}, on arm64`,
    architecture: 'arm64',
    subjects: section.subjects.filter(({ jobs }) => jobs.length < 1_000),
  }),
);

export const SECTIONS: readonly Section[] = [
  ...FORWARDS,
  {
    name: 'tls',
    title: 'HTTPS (TLS 1.3) through a reverse proxy to another host',
    applicationAt: 'backend',
    loads: ['tls-kept', 'tls-full', 'tls-resumed', 'tls-kept-1m'],
    answers: 'tls-full',
    peer: 'haproxy',
    subjects: [NGINX_TLS, CONTENDERS.haproxyTls, CONTENDERS.portwayTls].map((contender) =>
      carrying(contender, [SECURE_WEB]),
    ),
  },
  {
    name: 'http2',
    title: 'HTTP/2 through a reverse proxy to another host',
    applicationAt: 'backend',
    loads: ['http2-kept', 'http2-new'],
    answers: 'http2-new',
    peer: 'haproxy',
    subjects: [NGINX_HTTP2, CONTENDERS.haproxyTls, CONTENDERS.caddyTls, CONTENDERS.portwayTls].map((contender) =>
      carrying(contender, [SECURE_WEB]),
    ),
  },
  {
    name: 'http3',
    title: 'HTTP/3 through a reverse proxy to another host',
    applicationAt: 'backend',
    loads: ['http3-kept', 'http3-new'],
    answers: 'http3-new',
    peer: 'haproxy',
    subjects: [NGINX_HTTP3, HAPROXY_HTTP3, CONTENDERS.caddyTls, PORTWAY_HTTP3].map((contender) =>
      carrying(contender, [SECURE_WEB]),
    ),
  },
  {
    name: 'many-remote',
    title: '10,000 forwards to another host, the last one',
    applicationAt: 'backend',
    loads: ['kept', 'new'],
    peer: 'iptables-10000',
    subjects: TEN_THOUSAND,
  },
  {
    name: 'many-local',
    title: '10,000 forwards to ports on the gateway, the last one',
    applicationAt: 'gateway',
    loads: ['kept', 'new'],
    peer: 'iptables-10000',
    subjects: TEN_THOUSAND,
  },
  {
    name: 'bodies',
    title: 'Bodies through a reverse proxy to another host',
    applicationAt: 'backend',
    loads: ['kept-1k', 'kept-1m'],
    peer: 'haproxy',
    subjects: [
      ...[CONTENDERS.direct, CONTENDERS.nginxStock, NGINX_KEPT, CONTENDERS.haproxy, CONTENDERS.caddy],
      CONTENDERS.portwayNginx,
    ].map((contender) => carrying(contender, [WEB])),
  },
  {
    name: 'cache',
    title: 'Answers from the cache',
    applicationAt: 'backend',
    loads: ['cached-1k', 'cached-1m'],
    answers: 'cached-1k',
    peer: 'nginx-file-tuned',
    subjects: [CONTENDERS.nginxFile, CONTENDERS.nginxFileTuned, caching].map((contender) => carrying(contender, [WEB])),
  },
  ...FLOODS,
  ...PRICES,
  ...ON_ARM,
];
