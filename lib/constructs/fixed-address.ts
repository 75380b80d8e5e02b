import { isIPv4 } from 'node:net';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { isToken } from '../forward/token';

/** An Elastic IP that is there already. */
export interface ExistingEipProps {
  /** Its allocation id, such as `eipalloc-0123456789abcdef0`, or a token such as `eip.attrAllocationId`. */
  readonly allocationId: string;
  /** The address itself, such as `203.0.113.100`, or a token. CloudFormation cannot look it up. */
  readonly publicIp: string;
}

export const EIP = { allocationId: true, publicIp: true } satisfies Known<ExistingEipProps>;

const EXAMPLE = "{ allocationId: 'eipalloc-0123456789abcdef0', publicIp: '203.0.113.100' }";

/** Reads `eip`, or the address at another place. Reports anything wrong to `problems` and returns undefined. */
export function readEip(eip: unknown, problems: Problems, at = 'eip'): ExistingEipProps | undefined {
  const before = problems.length;
  const read = readObject(at, eip, { parts: EIP, example: EXAMPLE }, problems);
  if (read === undefined) return undefined;
  const { allocationId, publicIp } = read;
  if (!isToken(allocationId) && !matches(allocationId, /^eipalloc-([0-9a-f]{8}|[0-9a-f]{17})$/))
    problems.add(`${at}.allocationId`, 'must be an allocation id such as eipalloc-0123456789abcdef0', allocationId);
  if (!isToken(publicIp) && !(typeof publicIp === 'string' && isIPv4(publicIp)))
    problems.add(
      `${at}.publicIp`,
      'must be the IPv4 address of that allocation, such as 203.0.113.100: CloudFormation cannot look it up',
      publicIp,
    );
  return problems.length > before ? undefined : (read as unknown as ExistingEipProps);
}

/** Reads `eips`, the addresses of a fleet's balancer, one for each zone. Undefined: it makes its own. */
export function readEips(eips: unknown, zones: number, problems: Problems): readonly ExistingEipProps[] | undefined {
  if (eips === undefined) return undefined;
  if (!Array.isArray(eips) || eips.length !== zones) {
    problems.add(
      'eips',
      `must be a list of one address for each zone, ${zones} of them (capacity.zones), such as [${EXAMPLE}, ...]`,
      Array.isArray(eips) ? `${eips.length} addresses` : eips,
    );
    return undefined;
  }
  const read = eips.flatMap((eip: unknown, i) => readEip(eip, problems, `eips[${i}]`) ?? []);
  for (const name of ['allocationId', 'publicIp'] as const)
    for (const [i, one] of read.entries())
      if (read.findIndex((other) => other[name] === one[name]) < i)
        problems.add(`eips[${i}].${name}`, 'must be another one for each zone', one[name]);
  return read;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/** The gateway's address. */
export interface FixedAddress {
  readonly allocationId: string;
  readonly publicIp: string;
  /** Undefined: it is none of this stack's, and outlives it. */
  readonly resource?: ec2.CfnEIP;
}

/** A new address, unless there is one. */
export function fixedAddress(scope: Construct, existing: ExistingEipProps | undefined): FixedAddress {
  if (existing !== undefined) return existing;
  const resource = new ec2.CfnEIP(scope, 'Address', { domain: 'vpc' });
  return { allocationId: resource.attrAllocationId, publicIp: resource.ref, resource };
}
