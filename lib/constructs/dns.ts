import * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { isInZone, zoneNameOf } from '../forward/acme-zone';
import { isHostName } from '../forward/host-name';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { passes, readObject } from '../forward/read-object';
import { isToken } from '../forward/token';

/** Names in Route 53 that lead to the gateway, or to a fleet's balancer. */
export interface DnsProps {
  /** The hosted zone, such as `route53.HostedZone.fromLookup(this, 'Zone', { domainName: 'example.com' })`. */
  readonly zone: route53.IHostedZone;
  /**
   * Full names in the zone, such as `www.example.com`; `*.example.com` stands for all names without a record.
   * @refused names outside of the zone, upper case, a dot at the end, and a name that is listed twice
   */
  readonly names: readonly string[];
}

export const DNS = { zone: true, names: true } satisfies Known<DnsProps>;

const EXAMPLE = "{ zone, names: ['www.example.com'] }";

/** Seconds that resolvers keep an answer. The address is fixed, so it matters only when the record goes. */
const TTL = '300';

/** Reads `dns`. Reports anything wrong to `problems` and returns undefined. */
export function readDns(dns: unknown, problems: Problems): DnsProps | undefined {
  const before = problems.length;
  const read = readObject('dns', dns, { parts: DNS, example: EXAMPLE }, problems);
  if (read === undefined) return undefined;
  const { zone, names } = read;
  if (!isZone(zone))
    problems.add(
      'dns.zone',
      "must be a hosted zone of the CDK, such as route53.HostedZone.fromLookup(this, 'Zone', { domainName: 'example.com' })",
      zone,
    );
  if (!Array.isArray(names) || names.length === 0)
    problems.add('dns.names', "must be a list of names such as ['www.example.com']", names);
  else readNames(names, isZone(zone) ? zoneNameOf(zone) : undefined, problems);
  return problems.length > before ? undefined : (read as unknown as DnsProps);
}

function readNames(names: readonly unknown[], zone: string | undefined, problems: Problems): void {
  for (const [i, name] of names.entries()) {
    const at = `dns.names[${i}]`;
    if (isToken(name)) continue;
    if (typeof name !== 'string' || !isHostName(name))
      problems.add(at, 'must be a full name in lower case, such as www.example.com', name);
    else if (zone !== undefined && !isInZone(name, zone)) problems.add(at, `must be in the zone ${zone}`, name);
    else if (names.indexOf(name) < i) problems.add(at, 'must not be listed twice', name);
  }
}

function isZone(value: unknown): value is route53.IHostedZone {
  return passes(
    () => Construct.isConstruct(value) && typeof (value as Partial<route53.IHostedZone>).hostedZoneId === 'string',
  );
}

/** Where names lead: to an address, or to a balancer, whose own name tells the addresses of the zones that have healthy hosts. */
export type Destination = { readonly address: string } | { readonly balancer: Named };

interface Named {
  readonly dnsName: string;
  readonly hostedZoneId: string;
  readonly hasIpv6: boolean;
}

/** A records of the names, and AAAA records where they lead to IPv6 too. They depend on their destination only, which stays whatever becomes of a host. */
export class Dns extends Construct {
  constructor(scope: Construct, id: string, { zone, names }: DnsProps, destination: Destination) {
    super(scope, id);
    const answer = answerOf(destination);
    const types = 'balancer' in destination && destination.balancer.hasIpv6 ? ['A', 'AAAA'] : ['A'];
    for (const [i, name] of names.entries())
      for (const type of types)
        new route53.CfnRecordSet(this, `${isToken(name) ? `Name${i}` : name}${type === 'A' ? '' : ` ${type}`}`, {
          ...{ hostedZoneId: zone.hostedZoneId, name, type },
          ...answer,
        });
  }
}

function answerOf(to: Destination): Pick<route53.CfnRecordSetProps, 'ttl' | 'resourceRecords' | 'aliasTarget'> {
  if ('address' in to) return { ttl: TTL, resourceRecords: [to.address] };
  const { dnsName, hostedZoneId } = to.balancer;
  return { aliasTarget: { dnsName, hostedZoneId } };
}
