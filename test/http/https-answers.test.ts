import { Forward, type HttpsForwardProps } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isHttpsForward } from '../../lib/forward/resolved';
import { Tls } from '../../lib/forward/tls';
import { inboundTraffic } from '../../lib/forward/traffic';
import { http, problems } from '../forward/support';
import { synthesize } from '../snapshots/synthesize';

function https(props: object): Forward {
  return Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned(), ...props } as HttpsForwardProps);
}

function resolved(props: object) {
  const [web] = resolveForwardsOrThrow({ forwards: { web: https(props) } });
  if (web === undefined || !isHttpsForward(web)) throw new Error('no forward of ports');
  return web;
}

test.each([
  [true, 'max-age=31536000'],
  [{}, 'max-age=31536000'],
  [{ maxAgeDays: 1 }, 'max-age=86400'],
  [{ includeSubDomains: true }, 'max-age=31536000; includeSubDomains'],
  [{ maxAgeDays: 730, includeSubDomains: true, preload: true }, 'max-age=63072000; includeSubDomains; preload'],
])('renders hsts %j as %s', (hsts, value) => {
  expect(resolved({ hsts }).hsts).toBe(value);
});

test('renders no header by default, or with false', () => {
  expect(resolved({}).hsts).toBeUndefined();
  expect(resolved({ hsts: false, http3: false })).not.toHaveProperty('http3');
});

const OWN = { 'strict-transport-security': 'max-age=1' };

test.each([
  ['a text', { hsts: 'max-age=1' }, 'web.hsts must be an object such as'],
  ['no days', { hsts: { maxAgeDays: 0 } }, 'web.hsts.maxAgeDays must be a whole number of 1-3650, got: 0'],
  ['an unknown part', { hsts: { maxAge: 1 } }, 'web.hsts.maxAge must be one of maxAgeDays'],
  ['a word for a flag', { hsts: { includeSubDomains: 'yes' } }, 'web.hsts.includeSubDomains must be true or false'],
  ['preload alone', { hsts: { preload: true } }, 'web.hsts.preload must go with includeSubDomains'],
  [
    'preload for a month',
    { hsts: { preload: true, includeSubDomains: true, maxAgeDays: 30 } },
    'web.hsts.preload must go with includeSubDomains and at least 365 days',
  ],
  ['a header of the same name', { hsts: true, headers: OWN }, 'web.hsts must not stand beside a header Strict-'],
  ['the same on a path', { hsts: true, routes: { '/a': { to: 1, headers: OWN } } }, 'web.hsts must not stand beside'],
  ['Alt-Svc beside HTTP/3', { http3: true, headers: { 'Alt-Svc': 'clear' } }, 'web.http3 must not stand beside a'],
  ['a word for http3', { http3: 'yes' }, 'web.http3 must be true or false'],
  [
    'HTTP/3 behind the PROXY protocol',
    { http3: true, proxyProtocol: { accept: { from: ['10.0.0.0/8'] } } },
    'web.http3 must be left out beside proxyProtocol',
  ],
])('refuses %s', (_, props, problem) => {
  expect(problems(https(props)).join()).toContain(`forwards.${problem}`);
});

test('refuses both on plain HTTP', () => {
  expect(problems(http({ to: 8080, hsts: true, http3: true }))).toEqual([
    'forwards.web.hsts must be left out: it is for Forward.https, got: true',
    'forwards.web.http3 must be left out: it is for Forward.https, got: true',
  ]);
});

/** What is wrong with forwards beside one that speaks HTTP/3. */
function beside(forwards: Readonly<Record<string, Forward>>): readonly string[] {
  try {
    resolveForwardsOrThrow({ forwards: { web: https({ http3: true }), ...forwards } });
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

test('reserves the UDP port for HTTP/3', () => {
  const clash = 'forwards.game.listen must not overlap with forwards.web.listen, which has udp 443';
  const udp = (engine: 'iptables' | 'nginx') => Forward.udp({ listen: '440-450', to: '10.0.1.1:440-450', engine });
  expect(beside({ game: udp('iptables') }).join()).toContain(clash);
  expect(beside({ game: Forward.udp({ listen: 443, to: 8443, engine: 'nginx' }) }).join()).toContain(clash);
  expect(beside({ game: Forward.udp({ listen: 444, to: 8443 }) })).toEqual([]);
});

test('refuses HTTP/3 on a port that is shared by name', () => {
  const pass = Forward.tls({ listen: 443, hosts: { 'a.example': { to: 8443 } } });
  expect(beside({ pass }).join()).toContain(
    'forwards.web.http3 must be left out while forwards.pass has the same port',
  );
});

test('opens UDP in the security group to the same sources', () => {
  const forwards = resolveForwardsOrThrow({
    forwards: { web: https({ http3: true, allowFrom: ['198.51.100.0/24'] }) },
  });
  const rules = inboundTraffic(forwards, NO_SETTINGS, { text: '203.0.113.7/32', family: 4 });
  const own = rules.filter((r) => r.reasons.includes('web'));
  expect(own.map((r) => `${r.protocol} ${r.ports?.from} ${r.peer.text}`)).toEqual([
    'tcp 443 198.51.100.0/24',
    'udp 443 198.51.100.0/24',
  ]);
});

test.each(['debian-12', 'ubuntu-24.04', 'amazon-linux-2023'] as const)(
  'refuses HTTP/3 on %s, whose nginx is not known to support it',
  (os) => {
    const stack = () => synthesize({ adminCidr: '203.0.113.7/32', os, forwards: { web: https({ http3: true }) } });
    expect(stack).toThrow(/forwards\.web\.http3 must be left out on .*: os 'debian-13' has it/);
  },
);
