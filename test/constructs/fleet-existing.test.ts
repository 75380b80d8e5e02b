import { checkFleet } from '../../lib/check-fleet';
import type { PortwayError } from '../../lib/forward/problems';
import { CANONICAL_FLEETS, ofType, SMALL, synthesizeFleet } from '../support/fleet';

const existing = CANONICAL_FLEETS['fleet-existing'] as NonNullable<(typeof CANONICAL_FLEETS)[string]>;
const { template } = synthesizeFleet(existing);

function problems(more: object): readonly string[] {
  try {
    checkFleet({ ...SMALL, ...more });
    return [];
  } catch (error) {
    return (error as PortwayError).problems;
  }
}

describe('dns', () => {
  test("names lead to the balancer's name, not to addresses", () => {
    const [[balancer = ''] = []] = ofType(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const records = ofType(template, 'AWS::Route53::RecordSet').map(([, { Properties }]) => Properties);
    expect(records).toEqual(
      ['www.example.com', '*.apps.example.com'].map((Name) => ({
        ...{ Name, Type: 'A', HostedZoneId: 'Z0123456789ABCDEFGHIJ' },
        AliasTarget: {
          DNSName: { 'Fn::GetAtt': [balancer, 'DNSName'] },
          HostedZoneId: { 'Fn::GetAtt': [balancer, 'CanonicalHostedZoneID'] },
        },
      })),
    );
  });

  test('is checked as on a single gateway', () => {
    expect(problems({ dns: { ...existing().dns, names: ['www.example.org'] } })).toEqual([
      'dns.names[0] must be in the zone example.com, got: www.example.org',
    ]);
  });
});
