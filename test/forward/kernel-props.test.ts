import { Forward, type TransportForwardProps } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';

function problems(set: ForwardSet): readonly string[] {
  try {
    resolveForwardsOrThrow(set);
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

/** One TCP forward on iptables to two hosts, with these props. */
function tcp(props: Partial<TransportForwardProps>): ForwardSet {
  return {
    engine: 'iptables',
    forwards: { x: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80'], ...props }) },
  };
}

function protocol(props: Record<string, unknown>): ForwardSet {
  return { forwards: { vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.1', ...props } as never) } };
}

describe('what is accepted', () => {
  test.each<[string, Partial<TransportForwardProps>, object]>([
    ['weights', { to: [{ to: '10.0.1.1:80', weight: 3 }, '10.0.1.2:80'] }, { targets: [{ weight: 3 }, { weight: 1 }] }],
    ['a weighted target without weight', { to: [{ to: 8080 }] }, { targets: [{ kind: 'local', weight: 1 }] }],
    ['balance by client', { balance: 'source' }, { balance: 'source' }],
    [
      'allowed and denied sources',
      { allowFrom: ['10.0.0.0/8'], denyFrom: ['10.1.0.0/16'] },
      { denyFrom: [{ text: '10.1.0.0/16', family: 4 }] },
    ],
    ['an interface', { interface: 'wg0' }, { interface: 'wg0' }],
    ['several interfaces', { interface: 'veth+' }, { interface: 'veth+' }],
    ['one family', { family: 'ipv4' }, { families: [4] }],
    ["the client's address", { preserveClientAddress: true }, { preserveClientAddress: true }],
    ['a TCP health check', { healthCheck: true }, { healthCheck: { by: 'tcp', interval: 5, failures: 2 } }],
    [
      'a custom health check',
      { healthCheck: { by: 'tcp', port: 9000, interval: 1, failures: 1 } },
      { healthCheck: { by: 'tcp', port: 9000, interval: 1, failures: 1 } },
    ],
    [
      'a health check of a database that is to bear it',
      { to: ['10.0.1.1:3306', '10.0.1.2:3306'], healthCheck: { by: 'tcp' } },
      { healthCheck: { by: 'tcp', interval: 5, failures: 2 } },
    ],
    ...(['mysql', 'postgres'] as const).map((by): [string, Partial<TransportForwardProps>, object] => [
      `a health check that speaks ${by}`,
      { healthCheck: { by } },
      { healthCheck: { by, interval: 5, failures: 2 } },
    ]),
    ['a rate', { limits: { newConnectionsPerSecond: 20 } }, { limits: { rate: { perSecond: 20, burst: 100 } } }],
    [
      'a rate with a burst, and open connections',
      { limits: { newConnectionsPerSecond: 1, burst: 2, openConnections: 3 } },
      { limits: { rate: { perSecond: 1, burst: 2 }, openConnections: 3 } },
    ],
  ])('%s', (_what, props, expected) => {
    expect(resolveForwardsOrThrow(tcp(props))[0]).toMatchObject(expected);
  });

  test('checks targets of UDP by ping by default, since datagrams may have no answer', () => {
    const to = ['10.0.1.1:53', '10.0.1.2:53'];
    const dns = Forward.udp({ listen: 53, to, engine: 'iptables', healthCheck: true });
    expect(resolveForwardsOrThrow({ forwards: { dns } })[0]).toMatchObject({ healthCheck: { by: 'ping' } });
  });

  test.each([
    ['esp', 50],
    ['gre', 47],
    [94, 94],
  ])('accepts the protocol %s', (name, number) => {
    expect(resolveForwardsOrThrow(protocol({ protocol: name }))).toEqual([
      {
        name: 'vpn',
        kind: 'protocol',
        engine: 'iptables',
        protocol: number,
        target: { host: '10.0.1.1', kind: 'ipv4' },
        allowFrom: [],
        denyFrom: [],
        families: [4, 6],
        preserveClientAddress: false,
      },
    ]);
  });
});

describe('each broken rule has its own message', () => {
  test.each<[string, ForwardSet, RegExp]>([
    [
      'no weight',
      tcp({ to: [{ to: 1, weight: 0 }, 2] }),
      /^forwards\.x\.to\[0\]\.weight must be a whole number of 1-1000, got: 0$/,
    ],
    ['half a weight', tcp({ to: [{ to: 1, weight: 1.5 }, 2] }), /^forwards\.x\.to\[0\]\.weight .* got: 1\.5$/],
    ['a weight below zero', tcp({ to: [{ to: 1, weight: -1 }, 2] }), /^forwards\.x\.to\[0\]\.weight .* got: -1$/],
    ['an invalid weighted target', tcp({ to: [{ to: 'x y:1' }] }), /^forwards\.x\.to\[0\]\.to must be a port/],
    [
      'a target twice, once weighted',
      tcp({ to: [1, { to: 1, weight: 2 }] }),
      /^forwards\.x\.to\[1\] must not be listed twice/,
    ],
    [
      'weights that need too many buckets',
      tcp({
        balance: 'source',
        to: [
          { to: 1, weight: 64 },
          { to: 2, weight: 3 },
        ],
      }),
      /^forwards\.x\.to must have weights that add up to at most 64 .*got: 67$/,
    ],
    [
      'an unknown balance',
      tcp({ balance: 'leastconn' as never }),
      /^forwards\.x\.balance must be random or source on iptables/,
    ],
    [
      'nothing to balance',
      tcp({ to: 8080, balance: 'source' }),
      /^forwards\.x\.balance must be left out where there is one target/,
    ],
    [
      'everyone denied',
      tcp({ denyFrom: ['0.0.0.0/0'] }),
      /^forwards\.x\.denyFrom must not be everyone: remove the forward instead/,
    ],
    ['everyone denied, IPv6', tcp({ denyFrom: ['::/0'] }), /^forwards\.x\.denyFrom must not be everyone/],
    ['no denied source', tcp({ denyFrom: [] }), /^forwards\.x\.denyFrom must hold at least one CIDR block/],
    ['an invalid denied source', tcp({ denyFrom: ['x'] }), /^forwards\.x\.denyFrom\[0\] must be a CIDR block/],
    ['an interface with a space', tcp({ interface: 'eth 0' }), /^forwards\.x\.interface must be the name/],
    ['an interface with a long name', tcp({ interface: 'a'.repeat(16) }), /^forwards\.x\.interface .* at most 15/],
    ['an unknown family', tcp({ family: 'ipv5' as never }), /^forwards\.x\.family must be ipv4 or ipv6/],
    [
      'a target of the other family',
      tcp({ family: 'ipv6', to: '10.0.1.1:80' }),
      /^forwards\.x\.to must be of IPv6, as the forward's family says, got: 10\.0\.1\.1$/,
    ],
    [
      'a source of the other family',
      tcp({ family: 'ipv4', allowFrom: ['2001:db8::/32'] }),
      /^forwards\.x\.allowFrom must be of IPv4/,
    ],
    [
      'a denied source of the other family',
      tcp({ family: 'ipv4', denyFrom: ['2001:db8::/32'] }),
      /^forwards\.x\.denyFrom must be of IPv4/,
    ],
    [
      "the client's address, to the gateway itself",
      tcp({ to: 8080, preserveClientAddress: true }),
      /^forwards\.x\.preserveClientAddress must be left out/,
    ],
    [
      'a health check with one target',
      tcp({ to: 8080, healthCheck: true }),
      /^forwards\.x\.healthCheck must be left out with fewer than two targets/,
    ],
    [
      'an unknown health check',
      tcp({ healthCheck: 'yes' as never }),
      /^forwards\.x\.healthCheck must be true, false or an object/,
    ],
    [
      'a database that is asked without a word about it',
      tcp({ to: ['10.0.1.1:3306', '10.0.1.2:3306'], healthCheck: true }),
      /^forwards\.x\.healthCheck\.by must be written for port 3306: MySQL and MariaDB block an address .* Write \{ by: 'mysql' \}/,
    ],
    [
      'a mail server that is asked on another port',
      tcp({ to: ['10.0.1.1:9000', '10.0.1.2:9000'], healthCheck: { port: 25 } }),
      /^forwards\.x\.healthCheck\.by must be written for port 25: /,
    ],
    [
      'an unsupported way of checking',
      tcp({ healthCheck: { by: 'http' as never } }),
      /^forwards\.x\.healthCheck\.by must be tcp, ping, mysql or postgres/,
    ],
    [
      'a ping with a port',
      tcp({ healthCheck: { by: 'ping', port: 80 } }),
      /^forwards\.x\.healthCheck\.port must be left out/,
    ],
    [
      'a ping to the gateway itself',
      { forwards: { x: Forward.udp({ listen: 53, to: [5301, 5302], engine: 'iptables', healthCheck: true }) } },
      /^forwards\.x\.healthCheck\.by must be 'tcp' where a target is the gateway itself/,
    ],
    [
      'too often',
      tcp({ healthCheck: { interval: 0 } }),
      /^forwards\.x\.healthCheck\.interval must be a whole number of 1-300/,
    ],
    [
      'never out',
      tcp({ healthCheck: { failures: 0 } }),
      /^forwards\.x\.healthCheck\.failures must be a whole number of 1-20/,
    ],
    ['no limit', tcp({ limits: {} }), /^forwards\.x\.limits must say newConnectionsPerSecond or openConnections/],
    [
      'a limit of zero',
      tcp({ limits: { openConnections: 0 } }),
      /^forwards\.x\.limits\.openConnections must be a whole number of 1-65535/,
    ],
    [
      'a rate below zero',
      tcp({ limits: { newConnectionsPerSecond: -5 } }),
      /^forwards\.x\.limits\.newConnectionsPerSecond must be a whole number of 1-10000/,
    ],
    [
      'a burst alone',
      tcp({ limits: { openConnections: 5, burst: 5 } }),
      /^forwards\.x\.limits\.burst must go with newConnectionsPerSecond/,
    ],
    ['limits that are not an object', tcp({ limits: 20 as never }), /^forwards\.x\.limits must be an object/],
    [
      'a protocol with a port',
      protocol({ to: '10.0.1.1:500' }),
      /^forwards\.vpn\.to must be the address of a host .*without a port/,
    ],
    ['a protocol to the gateway itself', protocol({ to: 500 }), /^forwards\.vpn\.to must be the address of a host/],
    ['a protocol to a name', protocol({ to: 'vpn.internal' }), /^forwards\.vpn\.to must be the address of a host/],
    [
      'a protocol to the metadata service',
      protocol({ to: '169.254.169.254' }),
      /^forwards\.vpn\.to must not be a link-local address/,
    ],
    [
      'a protocol that is a header in IPv6',
      protocol({ protocol: 'ah', to: '2001:db8::20' }),
      /^forwards\.vpn\.protocol must be none of the headers of IPv6 \(.*, got: 51$/,
    ],
    [
      'TCP as a protocol',
      protocol({ protocol: 6 }),
      /^forwards\.vpn\.protocol must be one without ports: for TCP use Forward\.tcp/,
    ],
    [
      'ICMP as a protocol',
      protocol({ protocol: 1 }),
      /^forwards\.vpn\.protocol must be one without ports: ICMP is the gateway's own/,
    ],
    [
      'an unknown protocol',
      protocol({ protocol: 'wireguard' }),
      /^forwards\.vpn\.protocol must be ipip, gre, esp, ah, l2tp or an IP protocol's number/,
    ],
    ['a protocol with a listener', protocol({ listen: 500 }), /^forwards\.vpn\.listen must be left out/],
    ['a protocol with limits', protocol({ limits: { openConnections: 1 } }), /^forwards\.vpn\.limits must be left out/],
    ['a protocol on nginx', protocol({ engine: 'nginx' }), /^forwards\.vpn\.engine must be iptables/],
    [
      'a protocol twice',
      {
        forwards: {
          a: Forward.protocol({ protocol: 'esp', to: '10.0.1.1' }),
          b: Forward.protocol({ protocol: 50, to: '10.0.1.2' }),
        },
      },
      /^forwards\.b\.protocol must differ from forwards\.a\.protocol, got: 50$/,
    ],
  ])('%s', (_what, set, message) => {
    const found = problems(set);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });
});

test('names each prop that nginx does not support', () => {
  const x = Forward.tcp({
    listen: 80,
    to: [8080, 8081],
    interface: 'wg0',
    family: 'ipv4',
    balance: 'source',
    healthCheck: true,
    limits: { openConnections: 1 },
  });
  const found = problems({ engine: 'nginx', forwards: { x } });
  const props = ['interface', 'family', 'healthCheck'];
  expect(found.map((p) => p.split(' ')[0])).toEqual(props.map((prop) => `forwards.x.${prop}`));
  for (const problem of found) expect(problem).toContain("must be left out on nginx: only engine: 'iptables'");
});

test('reports all problems of a forward at once', () => {
  const found = problems(tcp({ family: 'ipv6', denyFrom: ['0.0.0.0/0'], limits: {}, healthCheck: { failures: 99 } }));
  expect(found).toHaveLength(5);
});
