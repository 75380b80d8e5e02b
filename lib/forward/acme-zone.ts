import type { Known } from './known';
import type { Problems } from './problems';
import { passes, readObject } from './read-object';
import { isToken } from './token';

/**
 * A public hosted zone in Route 53, such as an `IHostedZone` of aws-cdk-lib/aws-route53.
 * @category Tls.letsEncrypt
 */
export interface HostedZoneSource {
  /** The zone's ID, such as `Z0123456789ABCDEFGHIJ`. */
  readonly hostedZoneId: string;
  /**
   * The zone's domain.
   * @default domains are not checked against it
   */
  readonly zoneName?: string;
}

/**
 * Where the gateway answers a CA's checks by records.
 * @category Tls.letsEncrypt
 */
export interface LetsEncryptDns {
  /**
   * The public hosted zone of all `domains`, or its ID. The host's role may change the TXT records `_acme-challenge` of
   * these domains in it, and nothing else. certbot takes the zone with the longest name that fits, so the account must
   * not have another public one for the same names.
   * @refused domains outside of the zone; private zones, which no CA sees
   */
  readonly zone: string | HostedZoneSource;
}

export const LETS_ENCRYPT_DNS = { zone: true } satisfies Known<LetsEncryptDns>;

/** A checked zone. */
export interface ChallengeZone {
  readonly id: string;
  /** Undefined: it is known only at deploy time, or not at all. */
  readonly name?: string;
}

/** Reads `dns` of Tls.letsEncrypt. Reports anything wrong to `problems` and returns undefined. */
export function readAcmeDns(at: string, dns: unknown, problems: Problems): ChallengeZone | undefined {
  const example = "{ zone: 'Z0123456789ABCDEFGHIJ' }";
  const read = readObject(at, dns, { parts: LETS_ENCRYPT_DNS, example }, problems);
  if (read === undefined) return undefined;
  const { zone } = read;
  const id = typeof zone === 'string' ? zone : idOf(zone);
  if (id === undefined || !isZoneId(id)) {
    problems.add(
      `${at}.zone`,
      "must be a hosted zone, such as route53.HostedZone.fromLookup(this, 'Zone', { domainName: 'example.com' }), or its ID, such as Z0123456789ABCDEFGHIJ",
      id ?? zone,
    );
    return undefined;
  }
  const name = typeof zone === 'string' ? undefined : zoneNameOf(zone as HostedZoneSource);
  return { id, ...(name === undefined ? {} : { name }) };
}

/** The zone's name; undefined if it is known only at deploy time, or not at all: zones imported by their ID throw. */
export function zoneNameOf(zone: HostedZoneSource): string | undefined {
  try {
    const { zoneName } = zone;
    return typeof zoneName !== 'string' || isToken(zoneName) ? undefined : zoneName.replace(/\.$/, '');
  } catch {
    return undefined;
  }
}

/** Whether a name is the zone's own, or below it. */
export function isInZone(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** The record in which a CA looks for a domain's answer. A star has that of the domain below it. @see RFC 8555, section 8.4 */
export function challengeName(domain: string): string {
  return `_acme-challenge.${domain.replace(/^\*\./, '')}`;
}

function idOf(zone: unknown): string | undefined {
  const source = zone as Partial<HostedZoneSource> | undefined;
  return passes(() => typeof source?.hostedZoneId === 'string') ? source?.hostedZoneId : undefined;
}

/** A zone that the CDK is still to look up has the ID `DUMMY`. */
function isZoneId(id: string): boolean {
  return isToken(id) || /^Z[A-Z0-9]{1,31}$/.test(id) || id === 'DUMMY';
}
