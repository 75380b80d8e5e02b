import { Duration, Token } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { problems } from '../support/fleet';

const tcp = (listen: number | string) => Forward.tcp({ listen, to: `10.0.9.1:${listen}`, engine: 'iptables' });

const EIP = { allocationId: 'eipalloc-0123456789abcdef0', publicIp: '203.0.113.10' };

describe('a fleet refuses', () => {
  test.each<[string, object, string | RegExp]>([
    ['no capacity', { capacity: undefined }, /^capacity must be an object such as \{ min: 2, max: 4, zones: 2 \}/],
    [
      'spot',
      { capacity: { min: 2, max: 4, spot: true } },
      /^capacity\.spot must be left out on a fleet: AWS ends such hosts within 2 minutes, .* got: true$/,
    ],
    [
      'a warm pool',
      { capacity: { min: 2, max: 4, warmPool: { minSize: 1 } } },
      /^capacity\.warmPool must be left out on a fleet: an update replaces the hosts that serve, and none in the pool/,
    ],
    [
      'mixed sizes',
      { capacity: { min: 2, max: 4, instanceTypes: ['t4g.micro', 't4g.small'] } },
      /^capacity\.instanceTypes must be left out: capacity\.fallbackTypes has the types that a zone gets/,
    ],
    [
      'mixed sizes beside the capacity',
      { instanceTypes: ['t4g.micro', 't4g.small'] },
      /^instanceTypes must be left out: capacity\.fallbackTypes has the types that a zone gets/,
    ],
    [
      'a wanted number',
      { capacity: { min: 2, max: 4, desired: 3 } },
      /^capacity\.desired must be left out: the number of hosts follows their load between min and max, .* got: 3$/,
    ],
    ['another word', { capacity: { min: 2, max: 4, nodes: 3 } }, /^capacity\.nodes must be one of min, max, zones,/],
    [
      'no room for a rolling update',
      { capacity: { min: 3, max: 4 } },
      'capacity.max must be at least 5, which is min and zones together: a change of the machine starts a new host in each zone before it ends old ones, got: 4',
    ],
    [
      'a zone without a host',
      { capacity: { min: 2, max: 5, zones: 3 } },
      "capacity.zones must not be more than min, which is 2: a zone's address leads to the hosts of that zone alone, got: 3",
    ],
    ['more hosts than Parameter Store serves', { capacity: { min: 2, max: 61 } }, /^capacity\.max must be .* 4-60/],
    [
      'no image',
      { ami: undefined },
      /^ami must name .*aws ssm get-parameter --name \/aws\/service\/debian\/release\/13/,
    ],
    ['an address', { eip: { allocationId: 'x', publicIp: 'y' } }, /^eip must be left out on a fleet: each zone has/],
    ['egress', { egress: { from: ['10.0.0.0/16'] } }, /^egress must be left out on a fleet: a route leads to one host/],
    ['a time to reboot', { reboot: '04:00' }, /^reboot must be left out on a fleet: all of its hosts would reboot in/],
    ['an unknown prop', { capcity: {} }, /^capcity is unknown: did you mean capacity\?/],
    [
      'a long boot',
      { signalTimeout: Duration.hours(2) },
      'signalTimeout must be at most an hour on a fleet: a rolling update waits no longer for a host, got: 7200 s',
    ],
    [
      'protocols without ports',
      { forwards: { vpn: Forward.protocol({ protocol: 'esp', to: '10.0.9.1' }) } },
      'forwards.vpn must have ports on a fleet: a Network Load Balancer knows only TCP and UDP. Use a PortwayStack',
    ],
    [
      'long ranges',
      { forwards: { cameras: tcp('6000-6100') } },
      'forwards must listen on at most 50 ports in all on a fleet, since each is a listener of the balancer (ranges: cameras: 101): use shorter ranges, several fleets, or a PortwayStack for the ranges, got: 101',
    ],
    [
      'certificates that each host would make',
      { forwards: { web: Forward.https({ listen: 443, to: '10.0.9.1:80', tls: Tls.selfSigned() }) } },
      /^forwards\.web\.tls must be Tls\.secret on a fleet: each host would make .*got: Tls\.selfSigned$/,
    ],
    [
      "Let's Encrypt",
      {
        forwards: {
          web: Forward.https({
            listen: 443,
            to: '10.0.9.1:80',
            tls: Tls.letsEncrypt({ email: 'a@example.com', domains: ['example.com'] }),
          }),
          plain: Forward.http({ listen: 80, redirectTo: 'https' }),
        },
      },
      /^forwards\.web\.tls must be Tls\.secret on a fleet: the CA's challenge .*got: Tls\.letsEncrypt$/,
    ],
    [
      "Let's Encrypt by records",
      {
        forwards: {
          web: Forward.https({
            listen: 443,
            to: '10.0.9.1:80',
            tls: Tls.letsEncrypt({ email: 'a@example.com', domains: ['*.example.com'], dns: { zone: 'Z0123456789' } }),
          }),
        },
      },
      /^forwards\.web\.tls must be Tls\.secret on a fleet: each host would get .* five a week .*got: Tls\.letsEncrypt$/,
    ],
    [
      'an address too few',
      { eips: [EIP] },
      /^eips must be a list of one address for each zone, 2 of them \(capacity\.zones\), such as .*, got: 1 addresses$/,
    ],
    ['addresses that are no list', { eips: EIP }, /^eips must be a list of one address for each zone, 2 of them/],
    [
      'an address of another form',
      { eips: [EIP, { allocationId: 'eip-1', publicIp: '203.0.113.11' }] },
      'eips[1].allocationId must be an allocation id such as eipalloc-0123456789abcdef0, got: eip-1',
    ],
    [
      'an address twice',
      { eips: [EIP, { ...EIP, publicIp: '203.0.113.11' }] },
      'eips[1].allocationId must be another one for each zone, got: eipalloc-0123456789abcdef0',
    ],
    [
      'a word that an address does not have',
      {
        eips: [EIP, { allocationId: 'eipalloc-0123456789abcdef1', address: '203.0.113.11', publicIp: '203.0.113.12' }],
      },
      /^eips\[1\]\.address must be one of allocationId, publicIp/,
    ],
    [
      'the address of a single gateway',
      { eip: EIP },
      /^eip must be left out on a fleet: .* give one for each by eips\./,
    ],
    [
      'a forward of the port on which the balancer asks',
      { forwards: { web: Forward.tcp({ listen: '10250-10260', to: '10.0.9.1:10250-10260' }) } },
      /^forwards\.web\.listen must be another port on a fleet: the balancer asks each host on 10256 .*, got: 10256$/,
    ],
    [
      'what the balancer asks as a target',
      { forwards: { web: Forward.http({ listen: 80, to: [10_256, 8080] }) } },
      /^forwards\.web\.to must be another port on a fleet: the balancer asks each host on 10256 .*, got: 10256$/,
    ],
    [
      'more rules than the security group of the hosts may have',
      {
        forwards: Object.fromEntries(
          Array.from({ length: 15 }, (_, i) => [
            [`tcp-${i}`, tcp(6000 + 2 * i)],
            [`udp-${i}`, Forward.udp({ listen: 6000 + 2 * i, to: '10.0.9.1:53', engine: 'iptables' })],
          ]).flat(),
        ),
        maxSecurityGroupRules: 31,
      },
      /^forwards must need at most 31 rules in the hosts' security group on a fleet: .*, and 1 for admins and Prometheus\. Use ports that follow .*, got: 32$/,
    ],
    [
      'limits that leave a host nothing',
      {
        forwards: {
          web: Forward.http({ listen: 80, to: '10.0.9.1:80', limits: { requestsPerSecond: 3, perFleet: true } }),
        },
      },
      'forwards.web.limits.requestsPerSecond must be at least 4 with perFleet, which is capacity.max: each host lets a client do at least one. Use a larger limit, or fewer and larger hosts, got: 3',
    ],
    [
      "the balancer's PROXY protocol where the kernel forwards",
      {
        forwards: {
          web: Forward.tcp({
            listen: 80,
            to: '10.0.9.1:80',
            engine: 'iptables',
            proxyProtocol: { accept: 'balancer' },
          }),
        },
      },
      /^forwards\.web\.proxyProtocol must be left out on iptables: only engine: 'nginx' carries it out/,
    ],
    [
      "the balancer's PROXY protocol beside UDP",
      {
        engine: 'nginx',
        forwards: {
          web: Forward.tcp({ listen: 80, to: '10.0.9.1:80', proxyProtocol: { accept: 'balancer' } }),
          game: Forward.udp({ listen: 80, to: '10.0.9.1:80' }),
        },
      },
      "forwards.web.proxyProtocol.accept must not be 'balancer' on a port that also takes UDP: there the balancer always keeps the client's address. Use another port for one of them, got: balancer",
    ],
    [
      'loads that no host has',
      { capacity: { min: 2, max: 4, scaleOn: { cpu: 95 } } },
      'capacity.scaleOn.cpu must be a whole number of 10-90, got: 95',
    ],
    [
      'an unknown load',
      { capacity: { min: 2, max: 4, scaleOn: { requests: 1000 } } },
      /^capacity\.scaleOn\.requests must be one of cpu, connections, megabitsOut/,
    ],
    ['drops of health checks', { blocked: ['10.0.0.0/8'] }, /^blocked must leave out 10\.0\.0\.0\/16 on a fleet/],
  ])('%s', (_, more, expected) => {
    const found = problems(more);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test('all of it at once', () => {
    const found = problems({ adminCidr: 'x', capacity: {}, ami: undefined, onChange: 'replace', ping: true });
    expect(found.map((text) => text.split(' ')[0])).toEqual([
      ...['capacity.min', 'capacity.max', 'ping', 'onChange', 'adminCidr', 'ami'],
    ]);
  });
});

describe('the types that a zone gets without the first one', () => {
  const found = (fallbackTypes: unknown, instanceType: unknown = 'm7g.large') =>
    problems({ instanceType, capacity: { min: 2, max: 4, fallbackTypes } });

  test.each<[string, unknown, RegExp]>([
    ['no list', 'm6g.large', /^capacity\.fallbackTypes must be a list of 1 to 39 types such as .* got: m6g\.large$/],
    ['an empty list', [], /^capacity\.fallbackTypes must be a list of 1 to 39 types/],
    ['too many', Array(40).fill('m6g.large'), /^capacity\.fallbackTypes must be a list of 1 to 39 types/],
    [
      'no type',
      ['large'],
      /^capacity\.fallbackTypes\[0\] must be an EC2 instance type such as m7g\.large, got: large$/,
    ],
    ['no text', [7], /^capacity\.fallbackTypes\[0\] must be an EC2 instance type/],
    [
      'another architecture',
      ['m6g.large', 'm7i.large'],
      /^capacity\.fallbackTypes\[1\] must be of the architecture arm64, as instanceType and ami are; m7i\.large is x86_64/,
    ],
    [
      'another size',
      ['c7g.xlarge'],
      /^capacity\.fallbackTypes\[0\] must be of the size large, as m7g\.large: .* smallest would be full first, got: c7g\.xlarge$/,
    ],
    ['a burstable one', ['t4g.large'], /^capacity\.fallbackTypes\[0\] must not be burstable, since m7g\.large is not/],
    ['the first one again', ['m7g.large'], /^capacity\.fallbackTypes\[0\] must be named once, here or as instanceType/],
    ['one twice', ['m6g.large', 'm6g.large'], /^capacity\.fallbackTypes\[1\] must be named once/],
  ])('are not %s', (_, types, expected) => {
    const all = found(types);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(expected);
  });

  test('are compared with a type that is known', () => {
    expect(found(['m6g.large'], Token.asString({ Ref: 'Type' }))).toEqual([
      'capacity.fallbackTypes must be left out while instanceType is known only at deploy time: they are compared with it',
    ]);
  });

  test('may be stronger than a burstable first one, and burstable beside it', () => {
    expect(found(['m7g.large'], 't4g.large')).toEqual([]);
    expect(found(['t3a.micro'], 't3.micro')).toEqual([]);
  });
});
