import * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { isInZone, zoneNameOf } from '../forward/acme-zone';
import { isHostName } from '../forward/host-name';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { passes, readObject } from '../forward/read-object';
import { isToken } from '../forward/token';

/** Names in Route 53 that lead to the gateway. */
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

/** A records of the gateway's names. They depend on the address only, which stays whatever becomes of the host. */
export class Dns extends Construct {
  constructor(scope: Construct, id: string, { zone, names, address }: DnsProps & { readonly address: string }) {
    super(scope, id);
    for (const [i, name] of names.entries())
      new route53.CfnRecordSet(this, isToken(name) ? `Name${i}` : name, {
        hostedZoneId: zone.hostedZoneId,
        name,
        type: 'A',
        ttl: TTL,
        resourceRecords: [address],
      });
  }
}
