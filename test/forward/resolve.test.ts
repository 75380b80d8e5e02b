import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Forward, type TransportForwardProps } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';

function problems(set: ForwardSet): readonly string[] {
  try {
    resolveForwardsOrThrow(set);
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

/** One TCP forward with these props, on the stack's default engine unless said. */
function tcp(props: Partial<TransportForwardProps>): ForwardSet {
  return { forwards: { x: Forward.tcp({ listen: 80, to: 8080, ...props }) } };
}

const https = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });

describe('what is accepted', () => {
  test('a forward keeps its name, listener, targets, sources and engine', () => {
    const [forward] = resolveForwardsOrThrow({
      engine: 'iptables',
      forwards: {
        db: Forward.tcp({
          listen: '5000-5001',
          to: ['10.0.1.1:6000-6001', '[2001:DB8::1]:6000-6001'],
          allowFrom: ['10.0.0.0/8'],
        }),
      },
    });
    expect(forward).toEqual({
      name: 'db',
      kind: 'tcp',
      transport: 'tcp',
      engine: 'iptables',
      listen: { from: 5000, to: 5001 },
      targets: [
        { host: '10.0.1.1', kind: 'ipv4', ports: { from: 6000, to: 6001 }, weight: 1 },
        { host: '2001:DB8::1', kind: 'ipv6', ports: { from: 6000, to: 6001 }, weight: 1 },
      ],
      allowFrom: [{ text: '10.0.0.0/8', family: 4 }],
      denyFrom: [],
      families: [4, 6],
      preserveClientAddress: false,
      balance: 'random',
    });
  });

  test("uses the stack's engine unless a forward overrides it, and nginx for HTTP", () => {
    const set: ForwardSet = {
      engine: 'nginx',
      forwards: {
        a: Forward.tcp({ listen: 1000, to: 2000 }),
        b: Forward.udp({ listen: 1000, to: 2000, engine: 'iptables' }),
        c: Forward.http({ listen: 80, to: 8080 }),
      },
    };
    expect(resolveForwardsOrThrow(set).map((f) => f.engine)).toEqual(['nginx', 'iptables', 'nginx']);
  });

  test('redirects to the HTTPS forward, preferably on 443', () => {
    const redirect = Forward.http({ listen: 80, redirectTo: 'https' });
    const other = Forward.https({ listen: 8443, to: 8080, tls: Tls.selfSigned() });
    expect(resolveForwardsOrThrow({ forwards: { redirect, other, https } })[0]).toMatchObject({
      sites: [{ routes: [{ redirect: 443 }] }],
    });
    expect(resolveForwardsOrThrow({ forwards: { redirect, other } })[0]).toMatchObject({
      sites: [{ routes: [{ redirect: 8443 }] }],
    });
  });

  test('accepts the same port for TCP and UDP', () => {
    expect(
      problems({ forwards: { a: Forward.tcp({ listen: 53, to: 1053 }), b: Forward.udp({ listen: 53, to: 1053 }) } }),
    ).toEqual([]);
  });

  test('accepts tokens for addresses and networks', () => {
    const stack = new Stack();
    const address = new CfnParameter(stack, 'Address').valueAsString;
    const [forward] = resolveForwardsOrThrow(tcp({ to: `${address}:8080`, allowFrom: [address], engine: 'iptables' }));
    expect(forward).toMatchObject({
      targets: [{ host: address, kind: 'ipv4', ports: { from: 8080, to: 8080 } }],
      allowFrom: [{ text: address, family: 4 }],
    });
  });
});

describe('each broken rule has its own message', () => {
  const cases: readonly (readonly [what: string, set: ForwardSet, message: string | RegExp])[] = [
    ['no forwards', { forwards: {} }, 'forwards must hold at least one forward'],
    ['unknown engine', { ...tcp({}), engine: 'socat' as never }, 'engine must be iptables or nginx, got: socat'],
    [
      'unknown engine of a forward',
      tcp({ engine: 'haproxy' as never }),
      'forwards.x.engine must be iptables or nginx, got: haproxy',
    ],
    [
      'not a forward',
      { forwards: { x: { listen: 80 } as never } },
      /^forwards\.x must be made by Forward\.tcp, .*got: {"listen":80}$/,
    ],
    ['port 0', tcp({ listen: 0 }), "forwards.x.listen must be 1-65535 or a range such as '6000-6100', got: 0"],
    [
      'port 70000',
      tcp({ listen: 70000 }),
      "forwards.x.listen must be 1-65535 or a range such as '6000-6100', got: 70000",
    ],
    ['half a port', tcp({ listen: 80.5 }), /^forwards\.x\.listen must be 1-65535 .*got: 80\.5$/],
    ['no port', tcp({ listen: Number.NaN }), /^forwards\.x\.listen must be 1-65535 .*got: NaN$/],
    ['range back to front', tcp({ listen: '90-80' }), /^forwards\.x\.listen must be 1-65535 .*got: 90-80$/],
    ['port 22', tcp({ listen: 22 }), "forwards.x.listen must leave tcp port 22 free (the gateway's own SSH), got: 22"],
    ['a range over 22', tcp({ listen: '20-30', to: 2000 }), /must leave tcp port 22 free/],
    ['the DHCP client', { forwards: { x: Forward.udp({ listen: 68, to: 9 }) } }, /must leave udp port 68 free/],
    [
      'a range for HTTP',
      { forwards: { x: Forward.http({ listen: '80-81', to: 1 }) } },
      /^forwards\.x\.listen must be one port for HTTP/,
    ],
    ['a token for a port', tcp({ listen: -1.8881545897087e289 }), /^forwards\.x\.listen must be known at synth/],
    [
      'HTTP on iptables',
      { engine: 'iptables', forwards: { x: Forward.http({ listen: 80, to: 1 }) } },
      /^forwards\.x must run on nginx, .*Forward\.tcp, got: iptables$/,
    ],
    [
      'HTTPS on iptables',
      { forwards: { x: Forward.https({ listen: 443, to: 1, tls: Tls.selfSigned(), engine: 'iptables' }) } },
      /^forwards\.x\.engine must run on nginx/,
    ],
    [
      'HTTP to nowhere',
      { forwards: { x: Forward.http({ listen: 80 }) } },
      "forwards.x must have either to (such as 8080) or redirectTo: 'https'",
    ],
    [
      'a redirect that forwards',
      { forwards: { x: Forward.http({ listen: 80, to: 1, redirectTo: 'https' }), https } },
      /^forwards\.x\.redirectTo must stand alone/,
    ],
    [
      'a redirect to nothing',
      { forwards: { x: Forward.http({ listen: 80, redirectTo: 'https' }) } },
      /^forwards\.x\.redirectTo must have an HTTPS forward/,
    ],
    [
      'HTTPS without TLS',
      { forwards: { x: Forward.https({ listen: 443, to: 1 } as never) } },
      /^forwards\.x\.tls must say where the certificate comes from/,
    ],
    ['no target', tcp({ to: undefined as never }), /^forwards\.x\.to must say where the forward leads/],
    ['empty targets', tcp({ to: [] }), 'forwards.x.to must hold at least one target'],
    ['the same target twice', tcp({ to: [1, 1] }), 'forwards.x.to[1] must not be listed twice, got: 1'],
    ['a target without port', tcp({ to: '10.0.0.1' }), /^forwards\.x\.to must be a port \(8080\) or host:port/],
    [
      'a target port over 65535',
      tcp({ to: '10.0.0.1:70000' }),
      'forwards.x.to must have a port of 1-65535 after the last colon, got: 10.0.0.1:70000',
    ],
    ['a bare IPv6 target', tcp({ to: '2001:db8::1' }), /^forwards\.x\.to must be a port/],
    ['a target that is no address', tcp({ to: '999.1.1.1:80' }), /^forwards\.x\.to must be a port/],
    ['a target with nginx syntax', tcp({ to: 'a;b:80' }), /^forwards\.x\.to must be a port/],
    [
      'loopback',
      tcp({ to: '127.0.0.1:8080' }),
      /^forwards\.x\.to must not be a loopback address: .*write the port alone/,
    ],
    ['localhost', tcp({ to: 'localhost:8080' }), /^forwards\.x\.to must not be a loopback address/],
    [
      'the metadata service',
      tcp({ to: '169.254.169.254:80' }),
      /^forwards\.x\.to must not be a link-local address \(the instance metadata/,
    ],
    [
      'the metadata service, IPv6',
      tcp({ to: '[fd00:ec2::254]:80' }),
      /must not be an address of the AWS instance services/,
    ],
    [
      'the metadata service in disguise',
      tcp({ to: '[::ffff:169.254.169.254]:80' }),
      /must be written as the IPv4 address it holds/,
    ],
    ['multicast', tcp({ to: '224.0.0.1:80' }), /must not be a multicast address/],
    [
      'a name on iptables',
      tcp({ to: 'app.internal:80', engine: 'iptables' }),
      /^forwards\.x\.to must have an address, since iptables does not resolve names/,
    ],
    [
      'a name among others',
      tcp({ to: ['app.internal:80', '10.0.0.1:80'] }),
      /^forwards\.x\.to must not mix a name with other targets/,
    ],
    [
      'ranges of different lengths',
      tcp({ listen: '100-110', to: '10.0.0.1:200-205', engine: 'iptables' }),
      'forwards.x.to must have one port or as many ports as the listener (11), got: 200-205 (6)',
    ],
    [
      'a shifted range on nginx',
      tcp({ listen: '100-110', to: '10.0.0.1:200-210' }),
      /^forwards\.x\.to must have one port, or the listener's own range 100-110/,
    ],
    [
      'several ranges on nginx',
      tcp({ listen: '100-110', to: ['10.0.0.1:100-110', '10.0.0.2:100-110'] }),
      /must be one target when it is a range/,
    ],
    ['a loop', tcp({ to: 80 }), "forwards.x.to must not lead back to the forward's own listener (80), got: 80"],
    [
      'empty sources',
      tcp({ allowFrom: [] }),
      /^forwards\.x\.allowFrom must hold at least one CIDR block, or be left out/,
    ],
    [
      'a source without prefix',
      tcp({ allowFrom: ['10.0.0.1'] }),
      'forwards.x.allowFrom[0] must have a prefix length (one address alone: 10.0.0.1/32), got: 10.0.0.1',
    ],
    [
      'a source with host bits',
      tcp({ allowFrom: ['10.0.0.5/24'] }),
      'forwards.x.allowFrom[0] must be a network address (did you mean 10.0.0.0/24 or 10.0.0.5/32?), got: 10.0.0.5/24',
    ],
    [
      'an IPv6 source with host bits',
      tcp({ allowFrom: ['2001:db8::1/64'] }),
      /must be a network address \(did you mean 2001:db8::\/64 or 2001:db8::1\/128\?\)/,
    ],
    [
      'a prefix too long',
      tcp({ allowFrom: ['10.0.0.0/33'] }),
      'forwards.x.allowFrom[0] must have a prefix length of 0 to 32, got: 10.0.0.0/33',
    ],
    ['no source at all', tcp({ allowFrom: ['office'] }), /^forwards\.x\.allowFrom\[0\] must be a CIDR block/],
    [
      'a name with a space',
      { forwards: { 'a b': Forward.tcp({ listen: 1, to: 2 }) } },
      /^forwards\["a b"\] must have a name of a letter/,
    ],
    [
      'a name too long',
      { forwards: { ['a'.repeat(21)]: Forward.tcp({ listen: 1, to: 2 }) } },
      /must have a name of .* at most 20 in all/,
    ],
    [
      'a name of a chain',
      { forwards: { DNAT: Forward.tcp({ listen: 1, to: 2 }) } },
      /^forwards\.DNAT must not have the name of one of Portway's own chains/,
    ],
    [
      'names alike',
      { forwards: { web: Forward.tcp({ listen: 1, to: 2 }), Web: Forward.tcp({ listen: 3, to: 4 }) } },
      /^forwards\.Web must differ from forwards\.web in more than upper and lower case$/,
    ],
  ];

  test.each(cases)('%s', (_what, set, message) => {
    const found = problems(set);
    expect(found).toHaveLength(1);
    if (typeof message === 'string') expect(found[0]).toBe(message);
    else expect(found[0]).toMatch(message);
  });
});

describe('two forwards on one listener', () => {
  test('the same port', () => {
    const set = { forwards: { a: Forward.tcp({ listen: 80, to: 1 }), b: Forward.http({ listen: 80, to: 2 }) } };
    expect(problems(set)).toEqual([
      'forwards.b.listen must not overlap with forwards.a.listen, which has tcp 80, got: 80',
    ]);
  });

  test('an nginx listener on a port of an iptables forward', () => {
    const set = {
      forwards: {
        a: Forward.tcp({ listen: '80-90', to: 1000, engine: 'iptables' }),
        b: Forward.http({ listen: 85, to: 2 }),
      },
    };
    expect(problems(set)[0]).toMatch(
      /^forwards\.b\.listen must not overlap .*; iptables would take every packet before nginx could, got: 85$/,
    );
  });

  test('is reported even if one of them has other problems', () => {
    const set = { forwards: { a: Forward.tcp({ listen: 80, to: [] }), b: Forward.tcp({ listen: 80, to: 2 }) } };
    expect(problems(set)).toHaveLength(2);
  });
});

test('reports all problems of a stack in one error', () => {
  const set: ForwardSet = {
    forwards: {
      a: Forward.tcp({ listen: 0, to: '' }),
      b: Forward.udp({ listen: 1, to: 2, allowFrom: ['x', 'y'] }),
      c: Forward.http({ listen: 80, to: 1, engine: 'iptables' }),
    },
  };
  expect(() => resolveForwardsOrThrow(set)).toThrow(/^5 problems:\n( {2}- forwards\.[abc].*\n?){5}$/);
});
