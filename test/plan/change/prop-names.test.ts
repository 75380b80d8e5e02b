import { Forward } from '../../../lib/forward/forward';
import { NO_SETTINGS } from '../../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { hostContent } from '../../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import { compareForwards } from '../../../lib/plan/change/forwards';

/** The host's files of one forward. */
function filesOf(web: Forward): ReadonlyMap<string, string> {
  const { files } = hostContent({
    forwards: resolveForwardsOrThrow({ forwards: { web } }),
    settings: { ...NO_SETTINGS },
    os: OPERATING_SYSTEMS['debian-13'],
    live: true,
  });
  return new Map(files.map(({ path, text }) => [path, text]));
}

type Make = (props: never) => Forward;
const TWO = { to: ['10.0.0.20:8080', '10.0.0.21:8080'] };
const http = [Forward.http, { listen: 80, to: '10.0.0.20:8080' }] as const;
const several = [Forward.http, { listen: 80, ...TWO }] as const;
const https = [Forward.https, { listen: 443, to: '10.0.0.20:8080', tls: Tls.selfSigned() }] as const;
const nginx = [Forward.tcp, { listen: 81, ...TWO, engine: 'nginx' }] as const;
const kernel = [Forward.tcp, { listen: 81, ...TWO, engine: 'iptables' }] as const;

test.each<[names: string, base: readonly [unknown, object], change: object]>([
  ['balance', several, { balance: 'least-connections' }],
  ['weight', several, { to: [{ to: '10.0.0.20:8080', weight: 2 }, '10.0.0.21:8080'] }],
  ['failover', several, { failover: { failTimeout: 30 } }],
  ['cache', http, { cache: { sizeMb: 100 } }],
  ['targetKeepAlive', http, { targetKeepAlive: false }],
  ['streaming', http, { streaming: true }],
  ['limits', http, { limits: { requestsPerSecond: 5, openConnections: 10 } }],
  ['maxBodyMiB', http, { maxBodyMiB: 5 }],
  ['timeouts', http, { timeouts: { response: 300 } }],
  ['methods', http, { methods: ['GET'] }],
  ['headers', http, { headers: { 'X-A': 'b' } }],
  ['logs', http, { logs: { redact: true } }],
  ['errors', http, { errors: { title: 'x', message: 'y' } }],
  ['trustedProxies', http, { trustedProxies: ['10.0.0.0/16'] }],
  ['maintenance', http, { maintenance: true }],
  ['routes', http, { routes: { '/a/*': { to: 8081, limits: { requestsPerSecond: 5 } } } }],
  ['redirectTo', http, { to: undefined, redirectTo: 'https://x.example' }],
  ['maxHeaderKiB', http, { maxHeaderKiB: 16 }],
  ['limits, maxBodyMiB', http, { limits: { openConnections: 10 }, maxBodyMiB: 5 }],
  ['hsts', https, { hsts: true }],
  ['http3', https, { http3: true }],
  ['balance', nginx, { balance: 'source' }],
  ['limits', nginx, { limits: { openConnections: 5 } }],
  ['failover', nginx, { failover: { failTimeout: 30 } }],
  ['idleTimeout', nginx, { idleTimeout: 300 }],
  ['proxyProtocol', nginx, { proxyProtocol: { send: true } }],
  ['weight', nginx, { to: [{ to: '10.0.0.20:8080', weight: 2 }, '10.0.0.21:8080'] }],
  ['limits', kernel, { limits: { newConnectionsPerSecond: 5, openConnections: 5 } }],
  ['healthCheck', kernel, { healthCheck: true }],
  ['preserveClientAddress', kernel, { preserveClientAddress: true }],
  ['interface', kernel, { interface: 'ens5' }],
  ['weight', kernel, { to: [{ to: '10.0.0.20:8080', weight: 2 }, '10.0.0.21:8080'] }],
])('names %s', (names, [make, base], change) => {
  const of = (props: object) => filesOf((make as Make)(props as never));
  const [before, after] = [of(base), of({ ...base, ...change })];
  for (const [old, now] of [
    [before, after],
    [after, before],
  ] as const) {
    const [web] = compareForwards(old, now).forwards;
    const told = (web?.how ?? []).filter((line) => /^[a-zA-Z0-9]+(, [a-zA-Z0-9]+)*$/.test(line));
    expect(told).toEqual([names]);
  }
});
