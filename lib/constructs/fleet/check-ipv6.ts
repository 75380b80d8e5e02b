import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { acceptsBalancer } from '../../forward/fleet-reading';
import type { GatewaySettings } from '../../forward/gateway-settings';
import { forwardPath, type Problems } from '../../forward/problems';
import { isKernelForward, isPortForward, type ResolvedForward, transportsOf } from '../../forward/resolved';

/**
 * Reports what IPv6 clients of a fleet could not use. Hosts are the balancer's targets by IPv4, so it hands connections of IPv6
 * clients on from its own address, unless it names them by the PROXY protocol.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
 */
export function checkIpv6(
  forwards: readonly ResolvedForward[],
  { blocked }: GatewaySettings,
  subnets: readonly ec2.ISubnet[],
  problems: Problems,
): void {
  for (const forward of forwards) checkForward(forward, problems);
  for (const { text } of blocked.filter(({ family, list }) => family === 6 && list === undefined))
    problems.add(
      'blocked',
      "must be IPv4 on a fleet with ipv6: its hosts' kernels see the balancer in the place of IPv6 clients. Use denyFrom of the forwards",
      text,
    );
  for (const subnet of subnets.filter(lacksIpv6))
    problems.add(
      'ipv6',
      'must go with subnets that have IPv6: give this one a /64 by ipv6CidrBlock and its route table a route for ::/0 to the internet gateway, such as a Vpc with ipProtocol: ec2.IpProtocol.DUAL_STACK has; or leave ipv6 out',
      subnet.node.path,
    );
}

function checkForward(forward: ResolvedForward, problems: Problems): void {
  const at = forwardPath(forward.name);
  // Has been reported: a fleet has none.
  if (!isPortForward(forward)) return;
  const { kind } = forward;
  if (transportsOf(forward).includes('udp'))
    problems.add(
      kind === 'https' ? `${at}.http3` : at,
      `must be left out on a fleet with ipv6: AWS has no UDP on a balancer of both IP versions whose hosts are targets by IPv4. ${kind === 'https' ? 'Browsers go on by HTTP/2' : 'Put it on a fleet without ipv6 beside this one'}`,
    );
  if (kind === 'udp') return;
  if (!admitsIpv6(forward)) return;
  const instead = "or let in IPv4 clients alone, by allowFrom: ['0.0.0.0/0']";
  if ('sendsProxyProtocol' in forward && forward.sendsProxyProtocol)
    problems.add(
      `${at}.proxyProtocol.send`,
      `must be left out on a fleet with ipv6: nginx would name an IPv6 client beside the IPv4 address that it came to, which targets refuse; ${instead}`,
      true,
    );
  if (acceptsBalancer(forward)) return;
  if (!isKernelForward(forward))
    problems.add(
      `${at}.proxyProtocol`,
      `must be { accept: 'balancer' } on a fleet with ipv6: otherwise limits, lists, logs and targets see the balancer in the place of IPv6 clients; ${instead}`,
    );
  else if (forward.limits !== undefined || forward.allowFrom.length > 0 || forward.denyFrom.length > 0)
    problems.add(
      at,
      `must be on engine 'nginx' with proxyProtocol: { accept: 'balancer' } on a fleet with ipv6, since it has limits or lists: the kernel sees the balancer in the place of IPv6 clients; ${instead}`,
    );
}

/** Whether the balancer lets IPv6 clients in to it. */
export function admitsIpv6({ families, allowFrom, admitted = allowFrom }: ResolvedForward): boolean {
  return families.includes(6) && (admitted.length === 0 || admitted.some(({ family }) => family === 6));
}

/** Whether a subnet that this app makes has no IPv6 range. Of others nothing is known at synth. */
function lacksIpv6(subnet: ec2.ISubnet): boolean {
  const made = subnet.node.defaultChild;
  if (!(made instanceof ec2.CfnSubnet)) return false;
  const own = [made.ipv6CidrBlock, made.ipv6IpamPoolId, made.ipv6NetmaskLength].some((value) => value !== undefined);
  const id = (text: string) => JSON.stringify(Stack.of(made).resolve(text));
  return (
    !own &&
    !made.node.root.node
      .findAll()
      .some((one) => one instanceof ec2.CfnSubnetCidrBlock && id(one.subnetId) === id(subnet.subnetId))
  );
}
