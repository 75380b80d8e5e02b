import type { Found, FoundInstance } from '../../lib/operate/found';
import type { FoundEndpoint } from '../../lib/operate/login-endpoint';
import { networkDifferences } from '../../lib/operate/network';
import { parameterDifferences } from '../../lib/operate/parameters';
import { UNKNOWN } from '../../lib/operate/pattern';
import type { Promised } from '../../lib/operate/promised';
import { differences } from '../../lib/operate/verify';

const promised: Promised = {
  ...{ path: 'Portway', stackName: 'Portway', region: undefined },
  ...{ instanceId: 'Instance', address: { logicalId: 'Address' }, resources: new Set(['Instance', 'Address']) },
  addedGroups: { ids: [], unknown: 0 },
  instanceType: 't4g.micro',
  httpTokens: 'required',
  hopLimit: 1,
  ...{
    metadataTags: 'enabled',
    hasProfile: true,
    ipv6: true,
    parameters: new Map(),
    forwards: [],
    login: { way: 'direct', user: 'admin', hasKey: true },
    names: [],
  },
  sourceDestCheck: true,
  ...{ files: 'c0'.repeat(32), proof: 'Condition' },
  userData: ['first line', `URL='${UNKNOWN}'`, '-A PORTWAY-DNAT --dport 80 -j REDIRECT'],
  inbound: [
    { what: 'tcp 80', peer: '0.0.0.0/0' },
    { what: 'tcp 80', peer: '::/0' },
    { what: 'tcp 22', peer: '203.0.113.7/32' },
  ],
  outbound: [{ what: 'all', peer: '0.0.0.0/0' }],
};
const ports = (port: number, cidrs4: string[], cidrs6: string[] = []) => ({
  ...{ protocol: 'tcp', fromPort: port, toPort: port, cidrs4, cidrs6, others: [] as string[] },
});
const group = {
  id: 'sg-1',
  name: 'gateway',
  // In EC2's form: all networks of a port together.
  ingress: [ports(80, ['0.0.0.0/0'], ['0::0/0']), ports(22, ['203.0.113.7/32'])],
  egress: [{ protocol: '-1', cidrs4: ['0.0.0.0/0'], cidrs6: [], others: [] }],
};
const gateway: FoundInstance = {
  instanceId: 'i-1',
  state: 'running',
  instanceType: 't4g.micro',
  httpTokens: 'required',
  hopLimit: 1,
  ...{ metadataEndpoint: 'enabled', metadataTags: 'enabled', profile: 'arn:profile', ipv6: '2001:db8::1' },
  network: {
    subnetId: 'subnet-1',
    ...{ defaultRoute: 'igw-1', defaultRoute6: 'igw-1' },
    acl: {
      id: 'acl-1',
      inbound: [
        { CidrBlock: '0.0.0.0/0', Protocol: '-1', RuleAction: 'allow' },
        { Ipv6CidrBlock: '::/0', Protocol: '-1', RuleAction: 'allow' },
      ],
    },
  },
  sourceDestCheck: true,
  userData: "first line\nURL='http://signal/?x=1'\n-A PORTWAY-DNAT --dport 80 -j REDIRECT",
  securityGroups: [group],
};
const found: Found = { address: '203.0.113.100', gateway, others: [] };
const withGateway = (more: Partial<FoundInstance>) =>
  differences(promised, { ...found, gateway: { ...gateway, ...more } });

test('an unchanged gateway has no differences', () => {
  expect(differences(promised, found)).toEqual([]);
});

test('reports a missing address, an unassociated address, and a leftover instance', () => {
  expect(differences(promised, { address: undefined, gateway: undefined, others: [] })).toEqual([
    'Portway has no Elastic IP: it is not deployed here, or the address was released',
  ]);
  expect(differences(promised, { address: '203.0.113.100', gateway: undefined, others: ['i-2'] })).toEqual([
    'the address 203.0.113.100 leads to no instance of Portway',
    'instance i-2 of Portway is there besides the gateway',
  ]);
  expect(differences(promised, { ...found, others: ['i-2'] })).toHaveLength(1);
});

const CONTENT = 'content (tag portway:content; `portway plan --against deployed` tells what differs)';

test('reports a live host that is told another content', () => {
  const live = { ...promised, content: 'a'.repeat(64) };
  expect(differences(live, { ...found, gateway: { ...gateway, content: 'a'.repeat(64) } })).toEqual([]);
  expect(differences(live, { ...found, gateway: { ...gateway, content: 'b'.repeat(64) } })).toEqual([
    `${CONTENT} of i-1 must be ${'a'.repeat(64)}, got: ${'b'.repeat(64)}`,
  ]);
  expect(differences(live, found)).toEqual([`${CONTENT} of i-1 must be ${'a'.repeat(64)}, got: undefined`]);
});

test.each<[string, Partial<FoundInstance>, string]>([
  [
    'without a metadata service',
    { metadataEndpoint: 'disabled' },
    'metadata service of i-1 must be enabled, got: disabled',
  ],
  [
    'that does not hear of changes',
    { metadataTags: 'disabled' },
    'metadata option InstanceMetadataTags of i-1 must be enabled, got: disabled',
  ],
  [
    'without its role',
    { profile: undefined },
    'i-1 must have its instance profile, by which it reads its files, and has none',
  ],
  ['without its IPv6 address', { ipv6: undefined }, 'i-1 must have an IPv6 address, and has none'],
])('reports an instance %s', (_, more, line) => {
  expect(withGateway(more)).toEqual([line]);
});

describe('the way to the subnet', () => {
  const entry = (more: object) => ({ CidrBlock: '0.0.0.0/0', Protocol: '-1', RuleAction: 'allow' as const, ...more });
  const withNetwork = (more: Partial<FoundInstance['network']>) =>
    withGateway({ network: { ...gateway.network, ...more } });
  const by6 = { Ipv6CidrBlock: '::/0', Protocol: '-1', RuleAction: 'allow' as const };
  const withAcl = (...inbound: ReturnType<typeof entry>[]) =>
    withNetwork({ acl: { id: 'acl-1', inbound: [...inbound, by6] } });
  const refused = (port: number) =>
    `the network ACL acl-1 of subnet-1 must let tcp ${port} in from 0.0.0.0/0, and does not`;

  test('must have a default route that leads somewhere', () => {
    expect(withNetwork({ defaultRoute: undefined })).toEqual([
      'subnet-1 must have a route for 0.0.0.0/0, and has none that leads anywhere: nobody reaches the gateway',
    ]);
  });

  test('must be there for IPv6 where everyone may come by it: a route, and the ACL', () => {
    expect(withNetwork({ defaultRoute6: undefined })).toEqual([
      'subnet-1 must have a route for ::/0, and has none that leads anywhere: nobody comes by IPv6',
    ]);
    expect(withNetwork({ acl: { id: 'acl-1', inbound: [entry({})] } })).toEqual([
      'the network ACL acl-1 of subnet-1 must let tcp 80 in from ::/0, and does not',
    ]);
    const inbound = promised.inbound.filter(({ peer }) => peer?.includes(':') !== true);
    const network = { ...gateway.network, defaultRoute6: undefined, acl: { id: 'acl-1', inbound: [entry({})] } };
    expect(networkDifferences(inbound, network)).toEqual([]);
  });

  test('must pass the ACL, of which the first entry decides', () => {
    const deny = entry({ RuleAction: 'deny' });
    const ports = (From: number, To: number) => ({ Protocol: '6', PortRange: { From, To } });
    expect(withAcl(deny, entry({}))).toEqual([refused(80)]);
    expect(withAcl()).toEqual([refused(80)]);
    expect(withAcl(entry({ ...ports(22, 79), RuleAction: 'deny' }), entry({}))).toEqual([]);
    expect(withAcl(entry(ports(80, 80)), deny)).toEqual([]);
    expect(withAcl(entry({ ...ports(1, 1024), Protocol: '17' }), deny)).toEqual([refused(80)]);
  });

  test('may have entries for some networks, and none where EC2 tells of no ACL', () => {
    expect(withAcl(entry({ CidrBlock: '192.0.2.0/24', RuleAction: 'deny' }), entry({}))).toEqual([]);
    expect(withNetwork({ acl: undefined })).toEqual([]);
  });
});

describe('the parameters', () => {
  const must = new Map([
    ['/portway/Portway/etc/portway/forwards.1', ['web tcp/80 iptables 8080', `db tcp/5432 iptables ${UNKNOWN}:5432`]],
    ['/portway/Portway/programs.1', ['abc']],
  ]);
  const [[rules = ''] = [], [programs = ''] = []] = [...must];
  const well = [
    [rules, 'web tcp/80 iptables 8080\ndb tcp/5432 iptables 10.0.0.9:5432'],
    [programs, 'abc'],
  ] as const;
  const HEAD = 'is not what the app says now';

  test('are as the template has them, with values that only the deploy knows', () => {
    expect(parameterDifferences(must, new Map(well))).toEqual([]);
  });

  test('that were edited or deleted are named, with their lines, but for packed programs', () => {
    const edited = new Map([
      [rules, well[0][1].replace('8080', '9090')],
      [programs, 'abd'],
    ]);
    expect(parameterDifferences(must, edited)).toEqual([
      `the parameter ${rules} ${HEAD} (-), but (+): deploy, or look who changed it\n  - web tcp/80 iptables 8080\n  + web tcp/80 iptables 9090`,
      `the parameter ${programs} ${HEAD}: deploy, or look who changed it`,
    ]);
    expect(parameterDifferences(must, new Map([well[0]]))).toEqual([
      `the parameter ${programs} must be there, and is gone: the host needs it to start`,
    ]);
  });
});

test('reports a changed instance', () => {
  expect(
    withGateway({
      state: 'stopped',
      instanceType: 't4g.nano',
      httpTokens: 'optional',
      hopLimit: 2,
      sourceDestCheck: false,
    }),
  ).toEqual([
    'i-1 must be running, got: stopped',
    'instance type of i-1 must be t4g.micro, got: t4g.nano',
    'metadata option HttpTokens of i-1 must be required, got: optional',
    'metadata hop limit of i-1 must be 1, got: 2',
    'check of source and destination of i-1 must be true, got: false',
  ]);
});

test('reports added and removed rules', () => {
  const changed = {
    ...group,
    ingress: [ports(80, ['0.0.0.0/0'], ['::/0']), ports(22, ['0.0.0.0/0']), ports(8080, ['0.0.0.0/0'])],
  };
  expect(withGateway({ securityGroups: [changed] })).toEqual([
    'the security group lets tcp 22 through from 0.0.0.0/0 (inbound), which was not promised',
    'the security group lets tcp 8080 through from 0.0.0.0/0 (inbound), which was not promised',
    'the security group must let tcp 22 through from 203.0.113.7/32 (inbound), and does not',
  ]);
});

test('includes a second group, and rules for another group', () => {
  const other = {
    id: 'sg-2',
    name: 'x',
    ingress: [],
    egress: [{ protocol: 'tcp', cidrs4: [], cidrs6: [], others: ['sg-9'] }],
  };
  expect(withGateway({ securityGroups: [group, other] })).toEqual([
    'the security group lets tcp through to sg-9 (outbound), which was not promised',
  ]);
});

test('matches a deploy-time network with one remaining rule, and no more', () => {
  const unknown: Promised = {
    ...promised,
    inbound: [{ what: 'tcp 22', peer: undefined }, ...promised.inbound.slice(0, 2)],
  };
  expect(differences(unknown, found)).toEqual([]);
  const two = { ...group, ingress: [...group.ingress, ports(22, ['192.0.2.0/24'])] };
  expect(differences(unknown, { ...found, gateway: { ...gateway, securityGroups: [two] } })).toHaveLength(1);
});

test('matches a deploy-time port with one remaining rule of its protocol', () => {
  const database = { what: 'tcp (a port known at deploy)', peer: undefined, anyPortOf: 'tcp' };
  const unknown: Promised = { ...promised, inbound: [database, ...promised.inbound] };
  const opened = (...more: object[]) => ({ ...group, ingress: [...group.ingress, ...more] }) as typeof group;
  const told = (one: typeof group) =>
    differences(unknown, { ...found, gateway: { ...gateway, securityGroups: [one] } });
  expect(told(opened({ ...ports(5432, []), others: ['sg-9'] }))).toEqual([]);
  expect(told(group)).toEqual([
    expect.stringContaining('must let tcp (a port known at deploy) through from a network'),
  ]);
  expect(told(opened({ ...ports(53, []), protocol: 'udp', others: ['sg-9'] }))).toHaveLength(2);
});

test('shows the differing lines of user-data', () => {
  const [line, ...others] = withGateway({ userData: gateway.userData.replace('80', '81') });
  expect(others).toEqual([]);
  expect(line).toContain('  - -A PORTWAY-DNAT --dport 80 -j REDIRECT\n  + -A PORTWAY-DNAT --dport 81 -j REDIRECT');
  expect(line).not.toContain('URL');
});

test('shortens long differences in user-data', () => {
  const [line] = withGateway({ userData: Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n') });
  expect(line).toMatch(/ {2}\+ and \d+ more lines$/);
});

test('says so if only the compressed part of user-data differs', () => {
  const packed = (text: string) => `${gateway.userData}\n#portway-fetch\n${text}`;
  const other: Promised = { ...promised, userData: [...promised.userData, '#portway-fetch', 'abc'] };
  const [line] = differences(other, { ...found, gateway: { ...gateway, userData: packed('def') } });
  expect(line).toMatch(/\n {2}\(in its compressed part, or in the order of its lines\)$/);
});

describe("with ssh: 'endpoint'", () => {
  const GATEWAY = 'sg-1';
  const ours = {
    id: 'sg-2',
    name: 'endpoint',
    ingress: [],
    egress: [{ ...ports(22, []), others: [GATEWAY] }],
  };
  const through: Promised = {
    ...promised,
    login: { ...promised.login, way: 'endpoint' },
    inbound: [...promised.inbound.slice(0, 2), { what: 'tcp 22', peer: undefined, ofGroup: true }],
  };
  const admits = (others: string[], cidrs4: string[] = []) => ({
    ...group,
    ingress: [ports(80, ['0.0.0.0/0'], ['0::0/0']), { ...ports(22, cidrs4), others }],
  });
  const endpoint: FoundEndpoint = { id: 'eice-1', state: 'create-complete', securityGroups: [ours] };
  const changed = (more: Partial<FoundInstance>) =>
    differences(through, { ...found, gateway: { ...gateway, securityGroups: [admits(['sg-2'])], endpoint, ...more } });

  test('there are no differences to an endpoint that leads to the gateway alone', () => {
    expect(changed({})).toEqual([]);
    expect(changed({ endpoint: { ...endpoint, state: 'update-in-progress' } })).toEqual([]);
  });

  test('the endpoint is gone, or is not ready', () => {
    expect(changed({ endpoint: undefined })).toEqual([
      'the VPC must have an EC2 Instance Connect Endpoint, and has none: nobody can log in',
    ]);
    expect(changed({ endpoint: { ...endpoint, state: 'delete-in-progress' } })).toEqual([
      'eice-1 must be ready for connections, got: delete-in-progress',
    ]);
  });

  test('its group leads elsewhere', () => {
    const open = {
      ...ours,
      egress: [...ours.egress, { protocol: '-1', cidrs4: ['0.0.0.0/0'], cidrs6: [], others: [] }],
    };
    expect(changed({ endpoint: { ...endpoint, securityGroups: [open] } })).toEqual([
      'the group of eice-1 lets all out to 0.0.0.0/0, which was not promised',
    ]);
    expect(changed({ endpoint: { ...endpoint, securityGroups: [{ ...ours, egress: [] }] } })).toEqual([
      'the group of eice-1 must let tcp 22 out to the gateway, and does not',
    ]);
  });

  test('it has another group than the gateway lets in', () => {
    const other = { ...endpoint, securityGroups: [{ ...ours, id: 'sg-9' }] };
    expect(changed({ endpoint: other })).toEqual([
      'eice-1 must have the security group sg-2, which the gateway lets in on tcp 22, and has not',
    ]);
  });

  test('port 22 is open to a network in its place, or beside it', () => {
    expect(changed({ securityGroups: [admits([], ['0.0.0.0/0'])] })).toEqual([
      'the security group lets tcp 22 through from 0.0.0.0/0 (inbound), which was not promised',
      'the security group must let tcp 22 through from a security group (inbound), and does not',
    ]);
    expect(changed({ securityGroups: [admits(['sg-2'], ['198.51.100.1/32'])] })).toEqual([
      'the security group lets tcp 22 through from 198.51.100.1/32 (inbound), which was not promised',
    ]);
  });
});
