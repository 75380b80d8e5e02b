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

/** Reads `eip`. Reports anything wrong to `problems` and returns undefined. */
export function readEip(eip: unknown, problems: Problems): ExistingEipProps | undefined {
  const before = problems.length;
  const read = readObject('eip', eip, { parts: EIP, example: EXAMPLE }, problems);
  if (read === undefined) return undefined;
  const { allocationId, publicIp } = read;
  if (!isToken(allocationId) && !matches(allocationId, /^eipalloc-([0-9a-f]{8}|[0-9a-f]{17})$/))
    problems.add('eip.allocationId', 'must be an allocation id such as eipalloc-0123456789abcdef0', allocationId);
  if (!isToken(publicIp) && !(typeof publicIp === 'string' && isIPv4(publicIp)))
    problems.add(
      'eip.publicIp',
      'must be the IPv4 address of that allocation, such as 203.0.113.100: CloudFormation cannot look it up',
      publicIp,
    );
  return problems.length > before ? undefined : (read as unknown as ExistingEipProps);
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
