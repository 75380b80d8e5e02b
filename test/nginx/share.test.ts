import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isNginxForward } from '../../lib/forward/resolved';
import { Tls } from '../../lib/forward/tls';
import { withShares, workerConnections, workerFiles } from '../../lib/nginx/share';

const shares = (forwards: Readonly<Record<string, Forward>>, memoryMiB = 1024) =>
  Object.fromEntries(
    withShares(resolveForwardsOrThrow({ forwards }).filter(isNginxForward), memoryMiB).map((f) => [f.name, f.share]),
  );
const web = Forward.http({ listen: 80, to: 8080 });
const udp = (listen: number) => Forward.udp({ listen, to: 9000, engine: 'nginx' });
const tcp = (listen: number) => Forward.tcp({ listen, to: 9000, engine: 'nginx' });

test('does not bound a single site, or a redirect', () => {
  const https = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });
  const moved = Forward.http({ listen: 80, redirectTo: 'https' });
  expect(shares({ web })).toEqual({ web: undefined });
  expect(shares({ moved, https })).toEqual({ moved: undefined, https: undefined });
  expect(shares({ web, https })).toEqual({ web: undefined, https: undefined });
  expect(shares({ web, other: Forward.http({ listen: 81, to: 9000 }) })).toEqual({ web: 3072, other: 3072 });
});

test("leaves room for the gateway's own connections with a single UDP and TCP forward", () => {
  expect(shares({ udp: udp(53) })).toEqual({ udp: 4096 });
  expect(shares({ tcp: tcp(25) })).toEqual({ tcp: 6144 });
});

test('shares evenly between up to four forwards; more get the share of four', () => {
  expect(shares({ web, udp: udp(53) })).toEqual({ web: 3072, udp: 3072 });
  expect(shares({ web, a: tcp(1), b: tcp(2), c: tcp(3) })).toEqual({ web: 1536, a: 1536, b: 1536, c: 1536 });
  expect(shares({ web, a: tcp(1), b: tcp(2), c: tcp(3), d: tcp(4) })).toMatchObject({ web: 1536, d: 1536 });
});

test('gives all UDP forwards together half of the connections', () => {
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`u${i}`, udp(5000 + i)]));
  const all = shares({ web, ...many });
  expect(all).toMatchObject({ web: 1536, u0: 256, u15: 256 });
});

test('counts four connections per client behind a shared port', () => {
  const passed = Forward.tls({ listen: 443, hosts: { 'a.example': { to: 8443 } } });
  const https = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });
  expect(shares({ passed, https })).toEqual({ passed: 1536, https: 1536 });
});

test("gives larger hosts more, within the unit's file limit", () => {
  expect(shares({ web, udp: udp(53) }, 2048)).toEqual({ web: 12_288, udp: 12_288 });
  const several = resolveForwardsOrThrow({ forwards: { web, udp: udp(53) } }).filter(isNginxForward);
  for (const memory of [512, 1024, 2048]) {
    const connections = workerConnections(withShares(several, memory), memory);
    expect(workerFiles(connections)).toBeGreaterThan(3 * connections);
    expect(workerFiles(connections)).toBeLessThan(524_288);
  }
});
