import { createHash } from 'node:crypto';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { containsCidr } from 'cidr-tools';
import type { EgressProps } from '../forward/gateway-settings';
import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';

/** What the kernel does for private networks, and what AWS has to do for it. */
export interface GatewayEgressProps extends EgressProps {
  /**
   * Private subnets of `vpc` whose way out the gateway becomes: their route tables get a default route to it. They must
   * have none yet, and be no subnet of the gateway's own.
   * @default none: whoever makes the subnets makes their routes, or calls the stack's addEgressSubnets
   */
  readonly subnets?: readonly ec2.ISubnet[];
  /**
   * Told when EC2's checks of the gateway fail, and when they pass again.
   * @default nobody is told; the alarms recover or reboot the gateway all the same
   */
  readonly alarmTopic?: sns.ITopic;
}

/** Checks what the model cannot know: subnets, and whether there is a network for them. */
export function checkEgress(
  props: { readonly egress?: GatewayEgressProps; readonly vpc?: ec2.IVpc },
  problems: Problems,
): void {
  const { subnets } = props.egress ?? {};
  if (subnets === undefined) return;
  if (!Array.isArray(subnets) || subnets.length === 0) {
    problems.add('egress.subnets', 'must hold at least one subnet, or be left out');
    return;
  }
  if (props.vpc === undefined) {
    problems.add(
      'egress.subnets',
      "must go with vpc: the stack's own has no other subnets yet (make them in it afterwards, and call the stack's addEgressSubnets)",
    );
    return;
  }
  const own = props.vpc.publicSubnets[0];
  subnets.forEach((subnet: ec2.ISubnet, i) => {
    checkSubnet(`egress.subnets[${i}]`, subnet, { own, from: props.egress?.from ?? [] }, problems);
  });
}

/** One subnet; `own` is the gateway's. */
export function checkSubnet(
  at: string,
  subnet: ec2.ISubnet,
  { own, from }: { readonly own: ec2.ISubnet | undefined; readonly from: readonly string[] },
  problems: Problems,
): void {
  if (subnet.subnetId === own?.subnetId) {
    problems.add(at, "must not be the gateway's own: its way out is the internet gateway", own.node.path);
    return;
  }
  // Imported subnets know their route table only when they were told it.
  if (subnet.routeTable?.routeTableId === undefined)
    problems.add(at, 'must know its route table: give routeTableId to Subnet.fromSubnetAttributes', subnet.node.path);
  if (hasDefaultRoute(subnet))
    problems.add(
      at,
      'must have no default route of its own: make it SubnetType.PRIVATE_ISOLATED, which gets its way out here',
      subnet.node.path,
    );
  const range = rangeOf(subnet);
  if (range !== undefined && !from.some((cidr) => isToken(cidr) || containsQuietly(cidr, range)))
    problems.add(at, `must lie within egress.from (${from.join(', ')}), or its packets are not let out`, range);
}

/** A name for a route table that stays as it is when other subnets come and go. */
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

/** The subnet's IPv4 range, where it is known at synth: imported subnets may not know it, and say so by an error. */
function rangeOf(subnet: ec2.ISubnet): string | undefined {
  try {
    return isToken(subnet.ipv4CidrBlock) ? undefined : subnet.ipv4CidrBlock;
  } catch {
    return undefined;
  }
}

/** What is no CIDR block has its own message already. */
function containsQuietly(outer: string, inner: string): boolean {
  try {
    return containsCidr(outer, inner);
  } catch {
    return false;
  }
}
