import { groupRules } from '../../lib/operate/security-group';

test('permissions become plain rules; -1 and missing ports mean all; other peers are told, not dropped', () => {
  const rules = groupRules({
    GroupId: 'sg-1',
    GroupName: 'gateway',
    IpPermissions: [
      {
        IpProtocol: 'tcp',
        FromPort: 80,
        ToPort: 81,
        IpRanges: [{ CidrIp: '0.0.0.0/0' }, { CidrIp: '198.51.100.0/24' }],
        Ipv6Ranges: [{ CidrIpv6: '::/0' }],
      },
      { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, IpRanges: [{ CidrIp: '203.0.113.0/24' }] },
    ],
    IpPermissionsEgress: [
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-2' }], PrefixListIds: [{ PrefixListId: 'pl-3' }] },
    ],
  });
  expect(rules).toEqual({
    id: 'sg-1',
    name: 'gateway',
    ingress: [
      {
        protocol: 'tcp',
        fromPort: 80,
        toPort: 81,
        cidrs4: ['0.0.0.0/0', '198.51.100.0/24'],
        cidrs6: ['::/0'],
        others: [],
      },
      { protocol: 'icmp', fromPort: 8, cidrs4: ['203.0.113.0/24'], cidrs6: [], others: [] },
    ],
    egress: [{ protocol: '-1', cidrs4: [], cidrs6: [], others: ['sg-2', 'pl-3'] }],
  });
});

test('a group without rules has none', () => {
  expect(groupRules({ GroupId: 'sg-1', GroupName: 'empty' })).toMatchObject({ ingress: [], egress: [] });
});
