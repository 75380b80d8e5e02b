import { Forward, type TransportForwardProps } from '../../lib/forward/forward';
import { NO_SETTINGS, readGatewaySettings } from '../../lib/forward/gateway-settings';
import { Sources } from '../../lib/forward/known-sources';
import { readLists, splitSources } from '../../lib/forward/lists';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { CLOUDFLARE, CLOUDFRONT } from '../../lib/forward/ranges';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { inboundTraffic } from '../../lib/forward/traffic';

const OFFICE = ['198.51.100.0/25', '198.51.100.128/25', '2001:db8:1::/48'];
const ADMIN = { text: '203.0.113.7/32', family: 4 } as const;

const web = (props: object) => Forward.tcp({ listen: 80, to: 8080, ...props } as TransportForwardProps);

function problemsOf(lists: unknown, props: object = {}): readonly string[] {
  try {
    resolveForwardsOrThrow({ lists, forwards: { web: web(props) } } as never);
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

test('a name stands for the networks of its list, beside others', () => {
  const [forward] = resolveForwardsOrThrow({
    lists: { office: OFFICE },
    forwards: { web: web({ allowFrom: ['office', '192.0.2.1/32'], denyFrom: ['office'] }) },
  });
  const office = [
    { text: '198.51.100.0/24', family: 4, list: 'office' },
    { text: '2001:db8:1::/48', family: 6, list: 'office' },
  ];
  expect(forward?.allowFrom).toEqual([...office, { text: '192.0.2.1/32', family: 4 }]);
  expect(forward?.denyFrom).toEqual(office);
  expect(splitSources(forward?.allowFrom ?? [])).toEqual({
    alone: [{ text: '192.0.2.1/32', family: 4 }],
    lists: new Map([['office', office.map(({ list: _, ...network }) => network)]]),
  });
});

test('the security group admits the networks of a list', () => {
  const forwards = resolveForwardsOrThrow({
    lists: { office: OFFICE },
    forwards: { web: web({ allowFrom: ['office'] }) },
  });
  const peers = (ipv6: boolean) =>
    inboundTraffic(forwards, { ...NO_SETTINGS, ipv6 }, ADMIN)
      .filter((r) => r.reasons.includes('web'))
      .map((r) => r.peer.text);
  expect(peers(true)).toEqual(['198.51.100.0/24', '2001:db8:1::/48']);
  expect(peers(false)).toEqual(['198.51.100.0/24']);
});

test('lists stand in all places of sources', () => {
  const [http, tcp] = resolveForwardsOrThrow({
    lists: { edge: ['192.0.2.0/24'] },
    forwards: {
      http: Forward.http({ listen: 80, to: 8080, trustedProxies: ['edge'] }),
      tcp: web({ listen: 81, proxyProtocol: { accept: { from: ['edge'] } } }),
    },
  });
  const trusted = { from: [{ text: '192.0.2.0/24', family: 4, list: 'edge' }] };
  expect(http).toMatchObject({ trustedProxies: trusted });
  expect(tcp).toMatchObject({ trustedProxies: trusted });
  const problems = new Problems();
  const lists = readLists({ bad: ['203.0.113.0/24', '192.0.2.0/24'] }, problems);
  expect(readGatewaySettings({ blocked: ['bad'] }, undefined, problems, lists).blocked).toHaveLength(2);
  expect(problems.length).toBe(0);
  readGatewaySettings({ blocked: ['bad'] }, ADMIN, problems, lists);
  expect(() => problems.throwIfAny()).toThrow(
    'blocked must leave adminCidr (203.0.113.7/32) out, or nobody could log in, got: 203.0.113.0/24',
  );
});

test.each([
  [{ office: OFFICE }, { allowFrom: ['ofice'] }, 'the name of a list (did you mean office?), got: ofice'],
  [{ office: OFFICE, shop: OFFICE }, { allowFrom: ['zzz'] }, 'the name of a list (lists are office, shop), got: zzz'],
  [undefined, { denyFrom: ['office'] }, 'the name of a list (the stack has none of that name), got: office'],
  [{ office: OFFICE }, { allowFrom: ['Office'] }, 'the name of a list (did you mean office?), got: Office'],
  [{ office: OFFICE }, { allowFrom: ['10.0.0.0'] }, 'must have a prefix length (one address alone: 10.0.0.0/32)'],
])('an unknown name is told, with the one that was meant: %p', (lists, props, message) => {
  const [problem = '', ...more] = problemsOf(lists, props);
  expect(more).toEqual([]);
  expect(problem).toContain(message);
});

test.each([
  [[], "lists must hold lists by name, such as { office: ['198.51.100.0/24'] }, got: []"],
  [{}, "lists must hold lists by name, such as { office: ['198.51.100.0/24'] }, got: {}"],
  [{ office: [] }, 'lists.office must hold at least one CIDR block, or be left out, got: []'],
  [{ office: '10.0.0.0/8' }, 'lists.office must hold at least one CIDR block, or be left out, got: 10.0.0.0/8'],
  [{ Office: OFFICE }, 'lists.Office must have a name of a small letter, then small letters, digits or hyphens'],
  [{ cloudflare: OFFICE }, 'lists.cloudflare must have another name: this one is taken by Sources'],
  [{ office: ['10.0.0.5/24'] }, 'lists.office[0] must be a network address (did you mean 10.0.0.0/24 or 10.0.0.5/32?)'],
  [
    { office: OFFICE, all: ['office'] },
    'lists.all[0] must be a CIDR block: a list cannot name another one, got: office',
  ],
  [
    { many: Array.from({ length: 2001 }, (_, i) => `10.${i >> 7}.${2 * (i % 128)}.0/24`) },
    'lists.many must hold at most 2000 networks (after merging), got: 2001',
  ],
])('what no list may be: %p', (lists, message) => {
  expect(problemsOf(lists)).toEqual([expect.stringContaining(message)]);
});

test('everyone is refused in a list too, where it is elsewhere', () => {
  expect(problemsOf({ all: ['0.0.0.0/1', '128.0.0.0/1'] }, { denyFrom: ['all'] })).toEqual([
    'forwards.web.denyFrom must not be everyone: remove the forward instead, got: 0.0.0.0/0',
  ]);
});

test.each([
  ['blocked', (halves: readonly string[]) => ({ blocked: halves })],
  ['egress.from', (halves: readonly string[]) => ({ egress: { from: halves } })],
  ['monitoring.prometheus.from', (halves: readonly string[]) => ({ monitoring: { prometheus: { from: halves } } })],
  ['protect.never', (halves: readonly string[]) => ({ protect: { never: halves } })],
])('two halves are everyone in %s too, which is told once', (at, props) => {
  for (const halves of [
    ['0.0.0.0/1', '128.0.0.0/1'],
    ['::/2', '4000::/2', '8000::/1'],
  ]) {
    const problems = new Problems();
    readGatewaySettings(props(halves), ADMIN, problems);
    expect(problems.length).toBe(1);
    expect(() => problems.throwIfAny()).toThrow(`${at} must not be everyone`);
  }
});

test('a forward of one IP version may name a list of both, but not one of the other alone', () => {
  const forward = (allowFrom: readonly string[]) => ({ allowFrom, family: 'ipv4', engine: 'iptables' });
  const lists = { office: OFFICE, six: ['2001:db8:6::/48'] };
  expect(problemsOf(lists, forward(['office']))).toEqual([]);
  expect(problemsOf(lists, forward(['six']))).toEqual([
    "forwards.web.allowFrom must be of IPv4, as the forward's family says, got: 2001:db8:6::/48",
  ]);
});

test('published ranges are lists of their own', () => {
  for (const [sources, { networks, asOf }, name] of [
    [Sources.cloudflare(), CLOUDFLARE, 'cloudflare'],
    [Sources.cloudFront(), CLOUDFRONT, 'cloudfront'],
  ] as const) {
    expect(asOf).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(problemsOf({ all: networks })).toEqual([]);
    const [forward] = resolveForwardsOrThrow({ forwards: { web: web({ allowFrom: [sources] }) } });
    expect([...splitSources(forward?.allowFrom ?? []).lists.keys()]).toEqual([name]);
    expect(forward?.allowFrom.length).toBeGreaterThan(20);
  }
});

test('a list may hold published ranges', () => {
  const [forward] = resolveForwardsOrThrow({
    lists: { edges: [Sources.cloudflare(), '192.0.2.0/24'] },
    forwards: { web: web({ allowFrom: ['edges'] }) },
  });
  expect(new Set(forward?.allowFrom.map((c) => c.list))).toEqual(new Set(['edges']));
  expect(forward?.allowFrom).toHaveLength(CLOUDFLARE.networks.length + 1);
});

test('egress is for networks of the stack alone', () => {
  const problems = new Problems();
  readGatewaySettings({ egress: { from: [Sources.cloudflare()] } } as never, undefined, problems);
  expect(() => problems.throwIfAny()).toThrow('egress.from must be private networks of your own, written here');
});
