import { type Carrying, CONTENDERS } from '../carriers/contenders';
import type { Carrier, Job } from '../carriers/job';
import {
  portwayFlows,
  portwayHttp,
  portwayKernel,
  portwayProtected,
  portwayTcp,
  portwayWatched,
} from '../carriers/portway';
import { WEB } from '../scenarios/set-up';
import type { Section, Subject } from './section';

const DATAGRAMS: Job = { protocol: 'udp', listen: 81, port: WEB.port };

/** Networks that nobody in the machine belongs to. */
const NETWORKS = Array.from({ length: 500 }, (_, i) => `203.${i >> 8}.${i & 255}.0/24`);
/** More requests than are asked. */
const MANY = { requestsPerSecond: 10_000, burst: 10_000 };
/** The application's second port. */
const OTHER_PORT = WEB.port + 1;

/** A subject that is the section's first one with an option. */
function option(title: string, carrier: Carrier): Carrying {
  return { name: title.replace(/\W+/g, '-').replace(/^-|-$/g, '').toLowerCase(), title, carrier };
}

function subjects(jobs: readonly Job[], plain: Carrying, ...options: readonly Carrying[]): readonly Subject[] {
  return [plain, ...options].map((carrying) => ({ ...carrying, jobs }));
}

/** Two targets, between which new connections are shared. Both are the one application. */
function shared(healthCheck: boolean): Carrier {
  return async (ground, jobs) => {
    await portwayKernel({ otherPort: OTHER_PORT, ...(healthCheck ? { healthCheck: true } : {}) })(ground, jobs);
    if (!healthCheck) return;
    // As its unit starts it.
    await ground.sh('gateway', 'mkdir -p /run/portway/health; setsid /usr/local/bin/portway health &');
    await ground.ready('gateway', 'targets are asked', `grep -q ${OTHER_PORT} /run/portway/health/state`);
  };
}

const uncounted: Carrier = async (ground, jobs) => {
  await portwayKernel()(ground, jobs);
  await ground.sh('gateway', 'sysctl -qw net.netfilter.nf_conntrack_acct=0 net.netfilter.nf_conntrack_events=0');
};

/** What an option costs: each subject has one option more than the first. */
export const PRICES: readonly Section[] = [
  {
    name: 'options-kernel',
    title: 'What an option costs a forward in the kernel, to another host',
    applicationAt: 'backend',
    loads: ['kept', 'new', 'datagram'],
    peer: 'portway-iptables',
    prices: true,
    subjects: subjects(
      [WEB, DATAGRAMS],
      CONTENDERS.portwayIptables,
      option('`limits.newConnectionsPerSecond`', portwayKernel({ limits: { newConnectionsPerSecond: 10_000 } })),
      option('`limits.openConnections`', portwayKernel({ limits: { openConnections: 10_000 } })),
      option('`denyFrom` with 500 networks', portwayKernel({ denyFrom: NETWORKS })),
      option('`blocked` with 500 networks', portwayKernel({}, { blocked: NETWORKS })),
      option('`preserveClientAddress`', portwayKernel({ preserveClientAddress: true })),
      option('two targets', shared(false)),
      option('two targets with `healthCheck`', shared(true)),
      option('`flowOffload`', portwayFlows),
      option('no counting', uncounted),
    ),
  },
  {
    name: 'options-tcp',
    title: 'What an option costs a TCP forward on nginx, to another host',
    applicationAt: 'backend',
    loads: ['kept', 'new'],
    peer: 'portway-nginx',
    prices: true,
    subjects: subjects(
      [WEB],
      CONTENDERS.portwayStream,
      option('`limits.openConnections`', portwayTcp({ limits: { openConnections: 10_000 } })),
      option('`denyFrom` with 500 networks', portwayTcp({ denyFrom: NETWORKS })),
      option('`proxyProtocol.send`', portwayTcp({ proxyProtocol: { send: true } })),
    ),
  },
  {
    name: 'options-http',
    title: 'What an option costs an HTTP forward, to another host',
    applicationAt: 'backend',
    loads: ['kept', 'new'],
    peer: 'portway-nginx',
    prices: true,
    subjects: subjects(
      [WEB],
      CONTENDERS.portwayNginx,
      option('`limits.requestsPerSecond`', portwayHttp({ limits: MANY })),
      option('the same and `protect`', portwayProtected({ limits: MANY }, {})),
      option('`limits.openConnections`', portwayHttp({ limits: { openConnections: 10_000 } })),
      option('`denyFrom` with 500 networks', portwayHttp({ denyFrom: NETWORKS })),
      option(
        "a header on each answer, as `hsts`' is",
        portwayHttp({ headers: { 'Permissions-Policy': 'max-age=31536000' } }),
      ),
      option('`targetKeepAlive: false`', portwayHttp({ targetKeepAlive: false })),
      option("`logs: { level: 'none' }`", portwayHttp({ logs: { level: 'none' } })),
      option('no request id (there is no such option)', portwayHttp({}, 's/[$]request_id/0/g')),
    ),
  },
  {
    name: 'watching',
    title: 'What metrics cost an HTTP forward, to another host',
    applicationAt: 'backend',
    // The service reads once a second.
    loads: ['kept-long'],
    peer: 'portway-nginx',
    prices: true,
    subjects: subjects([WEB], CONTENDERS.portwayNginx, {
      name: 'portway-watched',
      title: '`monitoring.prometheus`, with the service that reads',
      carrier: portwayWatched,
    }),
  },
];
