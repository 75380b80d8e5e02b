import { Forward, type ForwardProps } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isNginxForward } from '../../lib/forward/resolved';
import { inboundTraffic } from '../../lib/forward/traffic';

const ADMIN = { text: '203.0.113.7/32', family: 4 } as const;

function forward(kind: 'tcp' | 'udp' | 'http', props: Partial<ForwardProps>) {
  return Forward[kind]({ listen: 80, to: 8080, ...props } as never);
}

function resolve(kind: 'tcp' | 'udp' | 'http', props: Partial<ForwardProps>) {
  const [x] = resolveForwardsOrThrow({ forwards: { x: forward(kind, props) } });
  if (x === undefined || !isNginxForward(x)) throw new Error('no forward');
  return x;
}

function problemsOf(kind: 'tcp' | 'udp' | 'http', props: Record<string, unknown>): readonly string[] {
  try {
    resolve(kind, props as Partial<ForwardProps>);
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

/** The sources that the security group opens the forward's port to. */
function admitted(props: Partial<ForwardProps>, kind: 'tcp' | 'http' = 'http'): readonly string[] {
  const rules = inboundTraffic([resolve(kind, props)], NO_SETTINGS, ADMIN);
  return rules.filter((r) => r.ports?.from === 80).map((r) => r.peer.text);
}

const accept = { from: ['10.0.0.0/16'] };

test('resolves trusted proxies and their method', () => {
  expect(resolve('tcp', {})).toMatchObject({ sendsProxyProtocol: false });
  expect(resolve('http', {}).trustedProxies).toBeUndefined();
  expect(resolve('http', { trustedProxies: ['10.0.0.0/16', '2001:db8::/32'] }).trustedProxies).toEqual({
    by: 'x-forwarded-for',
    from: [
      { text: '10.0.0.0/16', family: 4 },
      { text: '2001:db8::/32', family: 6 },
    ],
  });
  const from = [{ text: '10.0.0.0/16', family: 4 }];
  expect(resolve('http', { proxyProtocol: { accept } }).trustedProxies).toEqual({ by: 'proxy-protocol', from });
  expect(resolve('tcp', { proxyProtocol: { accept, send: true } })).toMatchObject({
    trustedProxies: { by: 'proxy-protocol', from },
    sendsProxyProtocol: true,
  });
});

test('opens the security group to the connecting proxy, not to the client', () => {
  expect(admitted({})).toEqual(['0.0.0.0/0']);
  expect(admitted({ trustedProxies: ['10.0.0.0/16'] })).toEqual(['0.0.0.0/0']);
  expect(admitted({ trustedProxies: ['10.0.0.0/16'], allowFrom: ['192.0.2.0/24'] })).toEqual([
    '10.0.0.0/16',
    '192.0.2.0/24',
  ]);
  expect(admitted({ proxyProtocol: { accept }, allowFrom: ['192.0.2.0/24'] })).toEqual(['10.0.0.0/16']);
  expect(admitted({ proxyProtocol: { accept } }, 'tcp')).toEqual(['10.0.0.0/16']);
  expect(admitted({ trustedProxies: ['10.0.0.0/16'], proxiesOnly: true, allowFrom: ['192.0.2.0/24'] })).toEqual([
    '10.0.0.0/16',
  ]);
  expect(admitted({ trustedProxies: ['10.0.0.0/16'], proxiesOnly: false })).toEqual(['0.0.0.0/0']);
  expect(admitted({ proxyProtocol: { send: true } }, 'tcp')).toEqual(['0.0.0.0/0']);
});

test.each<[string, 'tcp' | 'udp' | 'http', Record<string, unknown>, RegExp]>([
  ['everyone', 'http', { trustedProxies: ['0.0.0.0/0'] }, /^forwards\.x\.trustedProxies must not be everyone/],
  [
    'proxiesOnly without proxies',
    'http',
    { proxiesOnly: true },
    /^forwards\.x\.proxiesOnly must go with trustedProxies/,
  ],
  ['proxiesOnly of TCP', 'tcp', { proxiesOnly: true }, /^forwards\.x\.proxiesOnly must be left out: it is for/],
  ['everyone of IPv6', 'http', { trustedProxies: ['::/0'] }, /^forwards\.x\.trustedProxies must not be everyone/],
  [
    'everyone in halves',
    'http',
    { trustedProxies: ['0.0.0.0/1', '128.0.0.0/1'] },
    /must not be everyone.*got: 0\.0\.0\.0\/0$/,
  ],
  ['nobody', 'http', { trustedProxies: [] }, /^forwards\.x\.trustedProxies must hold at least one CIDR block/],
  [
    'no network',
    'http',
    { trustedProxies: ['10.0.0.1'] },
    /^forwards\.x\.trustedProxies\[0\] must have a prefix length/,
  ],
  [
    'everyone by the PROXY protocol',
    'http',
    { proxyProtocol: { accept: { from: ['0.0.0.0/0'] } } },
    /^forwards\.x\.proxyProtocol\.accept\.from must not be everyone/,
  ],
  [
    'nobody by the PROXY protocol',
    'tcp',
    { proxyProtocol: { accept: {} } },
    /^forwards\.x\.proxyProtocol\.accept\.from must list trusted proxy networks/,
  ],
  [
    'accepted from a network',
    'tcp',
    { proxyProtocol: { accept: true } },
    /^forwards\.x\.proxyProtocol\.accept must be an object/,
  ],
  [
    'the PROXY protocol as a switch',
    'tcp',
    { proxyProtocol: true },
    /^forwards\.x\.proxyProtocol must be an object such as { accept/,
  ],
  ['neither in nor out', 'tcp', { proxyProtocol: {} }, /^forwards\.x\.proxyProtocol must say accept or send/],
  ['not sent either', 'tcp', { proxyProtocol: { send: false } }, /^forwards\.x\.proxyProtocol must say accept or send/],
  [
    'sent by a word',
    'tcp',
    { proxyProtocol: { accept, send: 'v2' } },
    /^forwards\.x\.proxyProtocol\.send must be true or false/,
  ],
  [
    'to HTTP targets',
    'http',
    { proxyProtocol: { accept, send: true } },
    /^forwards\.x\.proxyProtocol\.send must be one of accept \(it is for proxyProtocol of Forward\.tcp and Forward\.tls\)$/,
  ],
  [
    'two words on one client',
    'http',
    { proxyProtocol: { accept }, trustedProxies: ['10.0.0.0/16'] },
    /^forwards\.x\.trustedProxies must not stand beside proxyProtocol\.accept/,
  ],
  [
    'UDP',
    'udp',
    { proxyProtocol: { send: true } },
    /^forwards\.x\.proxyProtocol must be left out: nginx speaks it only over TCP/,
  ],
  [
    'iptables',
    'tcp',
    { engine: 'iptables', proxyProtocol: { send: true } },
    /^forwards\.x\.proxyProtocol must be left out on iptables/,
  ],
])('refused: %s', (_, kind, props, message) => {
  const found = problemsOf(kind, props);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});

describe('sessions and limits of TCP and UDP on nginx', () => {
  test('are accepted', () => {
    expect(resolve('tcp', { idleTimeout: 5, limits: { openConnections: 2 } })).toMatchObject({
      idleTimeout: 5,
      limits: { openConnections: 2 },
    });
    expect(resolve('udp', { responses: 0 })).toMatchObject({ idleTimeout: 120, responses: 0 });
    expect(resolve('tcp', {})).toHaveProperty('idleTimeout', 86_400);
    expect(resolve('tcp', {})).not.toHaveProperty('responses');
  });

  test.each<[string, 'tcp' | 'udp', Record<string, unknown>, RegExp]>([
    ['no time', 'tcp', { idleTimeout: 0 }, /^forwards\.x\.idleTimeout must be a whole number of 1-86400, got: 0$/],
    ['answers of TCP', 'tcp', { responses: 1 }, /^forwards\.x\.responses must be left out: TCP knows/],
    ['fewer than no answers', 'udp', { responses: -1 }, /^forwards\.x\.responses must be a whole number of 0-1000/],
    [
      'a time on iptables',
      'tcp',
      { engine: 'iptables', idleTimeout: 5 },
      /^forwards\.x\.idleTimeout must be left out on iptables/,
    ],
    ['no limit', 'tcp', { limits: {} }, /^forwards\.x\.limits must say openConnections/],
    [
      'a limit of nothing',
      'tcp',
      { limits: { openConnections: 0 } },
      /^forwards\.x\.limits\.openConnections must be a whole number of 1-65535/,
    ],
    [
      'a rate',
      'udp',
      { limits: { openConnections: 1, newConnectionsPerSecond: 5 } },
      /^forwards\.x\.limits\.newConnectionsPerSecond must be left out on nginx/,
    ],
  ])('refused: %s', (_, kind, props, message) => {
    const found = problemsOf(kind, props);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });
});
