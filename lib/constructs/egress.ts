import { createHash } from 'node:crypto';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { containsCidr } from 'cidr-tools';
import { Construct } from 'constructs';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { isPlainObject, passes } from '../forward/read-object';
import { isToken } from '../forward/token';
import type { EgressProps } from '../kernel/egress';
import { ofUnknownLength, type Place } from './check-vpc';
import { isTopic, TOPIC } from './monitoring';

/** Outbound internet access for private networks: the kernel's part and the AWS resources. */
export interface GatewayEgressProps extends EgressProps {
  /**
   * Private subnets of `vpc` whose route tables get a default route to the gateway: `0.0.0.0/0`, and `::/0` if `from`
   * contains IPv6 networks.
   * @default none: you add the routes yourself, or call the stack's addEgressSubnets
   * @refused without `vpc`; the gateway's own subnet; subnets that have a default route, do not know their route
   * table, or lie outside `from`
   */
  readonly subnets?: readonly ec2.ISubnet[];
  /**
   * An SNS topic that is told when EC2's status checks of the gateway fail, and when they pass again.
   * @default nobody is told; the alarms still recover or reboot the gateway
   * @see docs/nat.md#when-the-gateway-fails
   */
  readonly alarmTopic?: sns.ITopic;
}

export const EGRESS = { from: true, subnets: true, alarmTopic: true } satisfies Known<GatewayEgressProps>;

/** The checked AWS part of `egress`. */
export interface CheckedEgress {
  readonly subnets: readonly ec2.ISubnet[];
  readonly alarmTopic?: sns.ITopic;
}

/** Checks the CDK objects: the topic, the subnets, and whether they are in a VPC given by `vpc`. */
export function readEgressRoutes(
  egress: unknown,
  { place, isForeign }: { readonly place: Place | undefined; readonly isForeign: boolean },
  problems: Problems,
): CheckedEgress | undefined {
  // Reported already.
  if (!isPlainObject(egress)) return undefined;
  const { from, subnets, alarmTopic } = egress as Partial<Record<keyof GatewayEgressProps, unknown>>;
  if (alarmTopic !== undefined && !isTopic(alarmTopic))
    problems.add('egress.alarmTopic', `must be ${TOPIC}`, alarmTopic);
  const topic = isTopic(alarmTopic) ? { alarmTopic } : {};
  if (subnets === undefined) return { subnets: [], ...topic };
  // Dummy subnets are pending, not wrong: there may be none of a kind, or one may be undefined.
  if (place?.isPending && Array.isArray(subnets)) return { subnets: subnets.filter(isSubnet), ...topic };
  if (!Array.isArray(subnets) || subnets.length === 0) {
    problems.add(
      'egress.subnets',
      'must hold at least one subnet, or be left out',
      Array.isArray(subnets) ? undefined : subnets,
    );
    return undefined;
  }
  if (!isForeign) {
    problems.add(
      'egress.subnets',
      "must go with vpc: the stack's own has no other subnets yet (make them in it afterwards, and call the stack's addEgressSubnets)",
    );
    return undefined;
  }
  const gatewaySubnet = place?.subnet;
  const networks = Array.isArray(from) ? from.filter((cidr): cidr is string => typeof cidr === 'string') : [];
  for (const [i, subnet] of subnets.entries())
    checkSubnet(`egress.subnets[${i}]`, subnet, { gatewaySubnet, from: networks }, problems);
  return { subnets, ...topic };
}

/** Checks one subnet that goes out through the gateway. */
export function checkSubnet(
  at: string,
  subnet: unknown,
  { gatewaySubnet, from }: { readonly gatewaySubnet: ec2.ISubnet | undefined; readonly from: readonly string[] },
  problems: Problems,
): void {
  if (!isSubnet(subnet)) {
    problems.add(at, 'must be a subnet of the CDK, such as one of vpc.isolatedSubnets', subnet);
    return;
  }
  if (ofUnknownLength(subnet)) {
    problems.add(
      at,
      "must be of a list whose length is known at synth: give Fn.split its assumedLength, such as Fn.split(',', Fn.importValue('subnets'), 2), or use Fn.importListValue",
    );
    return;
  }
  if (subnet.subnetId === gatewaySubnet?.subnetId) {
    problems.add(at, "must not be the gateway's own: its way out is the internet gateway", gatewaySubnet.node.path);
    return;
  }
  // An imported subnet has a route table only if its id was passed in.
  if (subnet.routeTable?.routeTableId === undefined)
    problems.add(at, 'must know its route table: give routeTableId to Subnet.fromSubnetAttributes', subnet.node.path);
  if (hasDefaultRoute(subnet))
    problems.add(
      at,
      'must have no default route of its own: make it SubnetType.PRIVATE_ISOLATED, which gets its way out here',
      subnet.node.path,
    );
  const range = rangeOf(() => subnet.ipv4CidrBlock);
  if (range !== undefined && !from.some((cidr) => isToken(cidr) || containsQuietly(cidr, range)))
    problems.add(at, `must lie within egress.from (${from.join(', ')}), or its packets are not let out`, range);
}

function isSubnet(value: unknown): value is ec2.ISubnet {
  return passes(() => Construct.isConstruct(value) && typeof (value as Partial<ec2.ISubnet>).subnetId === 'string');
}

/** A key for the subnet's route table that does not change when other subnets come and go. */
export function routeTableKey(subnet: ec2.ISubnet): string {
  const { routeTableId } = subnet.routeTable;
  const what = isToken(routeTableId) ? subnet.node.path : routeTableId;
  return createHash('sha256').update(what).digest('hex').slice(0, 8);
}

function hasDefaultRoute(subnet: ec2.ISubnet): boolean {
  return subnet.node
    .findAll()
    .some((child) => child instanceof ec2.CfnRoute && child.destinationCidrBlock === '0.0.0.0/0');
}

/** The placeholder of `Vpc.fromLookup` on the first synth, before the CLI has looked it up. Not a valid network. */
const NOT_LOOKED_UP = '1.2.3.4/5';

/** The IPv4 range of a subnet or VPC, if it is known at synth. Imported ones without a range throw. */
export function rangeOf(read: () => string): string | undefined {
  try {
    const range = read();
    return isToken(range) || range === NOT_LOOKED_UP ? undefined : range;
  } catch {
    return undefined;
  }
}

/** False for an invalid CIDR block, which is reported elsewhere. */
function containsQuietly(outer: string, inner: string): boolean {
  try {
    return containsCidr(outer, inner);
  } catch {
    return false;
  }
}
