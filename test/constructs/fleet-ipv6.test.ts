import { App, aws_ec2 as ec2, Stack } from 'aws-cdk-lib';
import { checkFleet } from '../../lib/check-fleet';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { fleetFromHere } from '../../lib/operate/fleet/from-here';
import type { Promised } from '../../lib/operate/promised';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import { CANONICAL_FLEETS, type FleetTemplate, ofType, problems, SMALL, synthesizeFleet } from '../support/fleet';

const proxyProtocol = { accept: 'balancer' } as const;
const to = '10.0.9.1:80';
const web = (more: object = {}) => Forward.http({ listen: 80, to, proxyProtocol, ...more });
const kernel = (more: object = {}) => Forward.tcp({ listen: 81, to, engine: 'iptables', ...more });
const wrong = (forwards: Readonly<Record<string, Forward>>, more: object = {}) =>
  problems({ ipv6: true, forwards, ...more });
const secret = { secretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:www-AbCdEf', grantRead: () => {} };

describe('a fleet with IPv6 refuses', () => {
  test.each<[string, readonly string[], string | RegExp]>([
    [
      'UDP',
      wrong({ game: Forward.udp({ listen: 27015, to, engine: 'iptables' }) }),
      /^forwards\.game must be left out on a fleet with ipv6: AWS has no UDP on .*Put it on a fleet without ipv6 beside this one$/,
    ],
    [
      'clients whom nginx does not know',
      wrong({ web: Forward.http({ listen: 80, to }) }),
      "forwards.web.proxyProtocol must be { accept: 'balancer' } on a fleet with ipv6: otherwise limits, lists, logs and targets see the balancer in the place of IPv6 clients; or let in IPv4 clients alone, by allowFrom: ['0.0.0.0/0']",
    ],
    [
      'the same with sources of both versions',
      wrong({ web: Forward.http({ listen: 80, to, allowFrom: ['198.51.100.0/24', '2001:db8::/32'] }) }),
      /^forwards\.web\.proxyProtocol must be/,
    ],
    [
      'limits that the kernel would count for the balancer',
      wrong({ db: kernel({ limits: { openConnections: 5 } }) }),
      /^forwards\.db must be on engine 'nginx' with proxyProtocol: \{ accept: 'balancer' \} on a fleet with ipv6, since/,
    ],
    [
      'sources that the kernel would look for in vain',
      wrong({ db: kernel({ allowFrom: ['2001:db8::/32'] }) }),
      /^forwards\.db must be on engine 'nginx'/,
    ],
    [
      'a client by IPv6 named to targets beside an IPv4 address',
      wrong({ db: Forward.tcp({ listen: 81, to, proxyProtocol: { ...proxyProtocol, send: true } }) }),
      /^forwards\.db\.proxyProtocol\.send must be left out on a fleet with ipv6: nginx would name .*got: true$/,
    ],
    [
      'drops of IPv6 clients, whom no kernel sees',
      wrong({ web: web() }, { blocked: ['2001:db8:bad::/48'] }),
      /^blocked must be IPv4 on a fleet with ipv6: .*Use denyFrom of the forwards, got: 2001:db8:bad::\/48$/,
    ],
    [
      'targets by IPv6',
      wrong({ web: web({ to: '[2001:db8::1]:80' }) }),
      /^forwards\.web\.to must be IPv4 on a fleet, whose hosts have no IPv6 of their own, got: 2001:db8::1$/,
    ],
    [
      'forwards for IPv6 alone',
      wrong({ db: kernel({ family: 'ipv6', to: 8080 }) }),
      /^forwards\.db\.family must not be ipv6 on a fleet, whose hosts/,
    ],
    ['another value', problems({ ipv6: 'yes' }), /^ipv6 must be true or false, got: yes$/],
    [
      'more rules than a group takes',
      wrong(
        { web: web({ allowFrom: Array.from({ length: 61 }, (_, i) => `2001:db8:${(2 * i).toString(16)}::/48`) }) },
        {},
      ),
      /61/,
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test("HTTP/3, and tells what the same forward's HTTP/2 needs at once", () => {
    const { fromSecretCompleteArn } = { fromSecretCompleteArn: () => secret as never };
    const tls = Tls.secret(fromSecretCompleteArn());
    expect(wrong({ site: Forward.https({ listen: 443, to, tls, http3: true }) })).toEqual([
      expect.stringMatching(
        /^forwards\.site\.http3 must be left out on a fleet with ipv6: .*Browsers go on by HTTP\/2$/,
      ),
      expect.stringMatching(/^forwards\.site\.proxyProtocol must be \{ accept: 'balancer' \}/),
    ]);
  });

  test('subnets of this app without a range, and takes those that have one', () => {
    const stack = new Stack(new App(), 'Network');
    const vpc = (id: string, more: object = {}) => new ec2.Vpc(stack, id, { natGateways: 0, ...more });
    const plain = vpc('Plain');
    expect(wrong({ web: web() }, { vpc: plain })).toEqual(
      [1, 2].map((i) =>
        expect.stringMatching(
          new RegExp(`^ipv6 must go with subnets that have IPv6: .*, got: Network/Plain/publicSubnet${i}$`, 'i'),
        ),
      ),
    );
    expect(wrong({ web: web() }, { vpc: vpc('Both', { ipProtocol: ec2.IpProtocol.DUAL_STACK }) })).toEqual([]);
    for (const [i, { subnetId }] of plain.publicSubnets.entries())
      new ec2.CfnSubnetCidrBlock(stack, `Block${i}`, { subnetId, ipv6CidrBlock: `2001:db8:0:${i}::/64` });
    expect(wrong({ web: web() }, { vpc: plain })).toEqual([]);
  });
});

test('takes kernel forwards without lists, forwards for IPv4 alone, and lists of both versions that hosts look up', () => {
  const forwards = {
    plain: kernel(),
    four: kernel({ listen: 82, family: 'ipv4', limits: { openConnections: 5 } }),
    old: Forward.http({ listen: 83, to, allowFrom: ['0.0.0.0/0'] }),
    web: web({ allowFrom: ['office'] }),
  };
  expect(wrong(forwards, { lists: { office: ['198.51.100.0/24', '2001:db8::/32'] } })).toEqual([]);
});

/** What of a template is about hosts: those of a running fleet must stay as they are. */
const ofHosts = ({ Resources }: FleetTemplate) =>
  Object.entries(Resources).filter(
    ([id, { Type }]) => /LaunchTemplate|AutoScaling|Subnet$|VPC$/.test(Type) || /^FleetFirewall/.test(id),
  );

describe('the template of a fleet with IPv6', () => {
  const props = (ipv6: boolean): PortwayFleetProps => ({ ...SMALL, ipv6, forwards: { web: web(), plain: kernel() } });
  const [before, after] = [false, true].map((ipv6) => synthesizeFleet(() => props(ipv6)).template) as [
    FleetTemplate,
    FleetTemplate,
  ];
  const balancer = (template: FleetTemplate) => ofType(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0]?.[1];

  test('leaves hosts, VPC and subnets as they are, and changes of the balancer its type alone', () => {
    expect(ofHosts(after)).toEqual(ofHosts(before));
    expect(balancer(before)?.Properties.IpAddressType).toBe('ipv4');
    expect(balancer(after)?.Properties).toEqual({ ...balancer(before)?.Properties, IpAddressType: 'dualstack' });
    const added = Object.entries(after.Resources).filter(([id]) => before.Resources[id] === undefined);
    expect(added.map(([, { Type }]) => Type.split('::').at(-1)).toSorted()).toEqual([
      ...['Route', 'Route', 'SecurityGroupIngress', 'SecurityGroupIngress', 'SubnetCidrBlock', 'SubnetCidrBlock'],
      'VPCCidrBlock',
    ]);
  });

  test('has ranges and routes before the balancer', () => {
    const needed = ['SubnetCidrBlock', 'Route'].flatMap((type) => ofType(after, `AWS::EC2::${type}`).map(([id]) => id));
    expect(balancer(after)?.DependsOn).toEqual(expect.arrayContaining(needed));
  });

  test('lets IPv6 clients into the balancer alone, and only where they may come', () => {
    const { template } = synthesizeFleet(CANONICAL_FLEETS['fleet-ipv6']);
    const by6 = ofType(template, 'AWS::EC2::SecurityGroupIngress').filter(
      ([, r]) => r.Properties.CidrIpv6 !== undefined,
    );
    expect(by6.map(([id, { Properties: p }]) => [id.startsWith('FleetBalancer'), p.FromPort, p.CidrIpv6])).toEqual([
      ...[
        [true, 80, '::/0'],
        [true, 443, '2001:db8:5::/48'],
        [true, 9000, '::/0'],
      ],
    ]);
  });

  test('names it by AAAA records too', () => {
    const { template } = synthesizeFleet(CANONICAL_FLEETS['fleet-ipv6']);
    const records = ofType(template, 'AWS::Route53::RecordSet').map(([, { Properties: p }]) => p);
    expect(records.map((p) => [p.Name, p.Type])).toEqual([
      ...[
        ['www.example.com', 'A'],
        ['www.example.com', 'AAAA'],
      ],
      ...[
        ['*.apps.example.com', 'A'],
        ['*.apps.example.com', 'AAAA'],
      ],
    ]);
    expect(new Set(records.map((p) => JSON.stringify(p.AliasTarget))).size).toBe(1);
  });
});

describe('a look from outside', () => {
  const { forwards } = checkFleet({ ...SMALL, forwards: { web: web(), four: kernel({ family: 'ipv4' }) } });
  const promised = { forwards, fleet: { balancer: { inbound: [] } } } as unknown as Parameters<typeof fleetFromHere>[0];
  const looks: string[] = [];
  const see = async (of: Promised, { v4 }: { readonly v4: string }) => {
    looks.push(...of.forwards.map(({ name }) => `${name} at ${v4}`));
    return { differences: [`nothing at ${v4}`] };
  };
  beforeEach(() => looks.splice(0));

  test('is at the addresses of both versions, at those by IPv6 for forwards that have it', async () => {
    const told = await fleetFromHere(promised, ['203.0.113.1'], ['2001:db8::b'], { see, hasIpv6: true });
    expect(looks).toEqual(['web at 203.0.113.1', 'four at 203.0.113.1', 'web at 2001:db8::b']);
    expect(told).toEqual({ differences: ['nothing at 203.0.113.1', 'nothing at 2001:db8::b'], notes: [] });
  });

  test('says so where it has no IPv6 itself', async () => {
    const told = await fleetFromHere(promised, ['203.0.113.1'], ['2001:db8::b'], { see, hasIpv6: false });
    expect(looks).toEqual(['web at 203.0.113.1', 'four at 203.0.113.1']);
    expect(told.notes).toEqual(["this machine has no IPv6: the balancer's IPv6 addresses were not looked at"]);
    expect((await fleetFromHere(promised, ['203.0.113.1'], [], { see, hasIpv6: false })).notes).toEqual([]);
  });
});
