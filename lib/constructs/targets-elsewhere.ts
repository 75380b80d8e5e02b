import { Annotations, Aspects, CfnResource, Reference, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { containsCidr } from 'cidr-tools';
import type { Construct } from 'constructs';
import { hostsOf, type ResolvedForward } from '../forward/resolved';
import { isToken } from '../forward/token';
import { rangeOf } from './egress';
import type { Network } from './network';

/** Networks that are not of the internet: RFC 1918, and RFC 6598 for carriers, which AWS uses as well. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/**
 * Warns of forwards to private addresses that no subnet of the gateway's VPC has: nothing would answer. A route of the
 * app that leads there, as to a peering, a transit gateway or a VPN, says otherwise. Where the ranges are not known there is
 * no warning. Looks when the app is complete, since subnets may be made after the gateway.
 */
export function warnOfTargetsElsewhere(
  scope: Construct,
  { forwards, network }: { readonly forwards: readonly ResolvedForward[]; readonly network: Network },
): void {
  const wanted = forwards.map((forward) => [forward.name, privateAddresses(forward)] as const);
  if (wanted.every(([, addresses]) => addresses.length === 0)) return;
  Aspects.of(scope).add({
    visit(node) {
      if (node !== scope) return;
      const reached = reachedFrom(network);
      if (reached === undefined) return;
      warnOf(scope, elsewhere(wanted, reached), reached);
    },
  });
}

/** Forwards of which each gets a warning of its own; more than these get one for all. */
const MOST_WARNINGS = 20;
/** Forwards that a warning for all names. */
const NAMED = 3;

interface Elsewhere {
  readonly name: string;
  readonly addresses: readonly string[];
}

interface Reached {
  readonly subnets: readonly string[];
  /** Destinations of routes that lead out of the VPC. */
  readonly routes: readonly string[];
}

/** The addresses that nothing reaches, of each forward that has such. */
function elsewhere(
  wanted: readonly (readonly [name: string, addresses: readonly string[]])[],
  { subnets, routes }: Reached,
): readonly Elsewhere[] {
  const ranges = [...subnets, ...routes];
  return wanted
    .map(([name, all]) => ({
      name,
      addresses: all.filter((address) => !ranges.some((one) => containsCidr(one, address))),
    }))
    .filter(({ addresses }) => addresses.length > 0);
}

function warnOf(scope: Construct, all: readonly Elsewhere[], { subnets }: Reached): void {
  const told = ({ name, addresses }: Elsewhere, verb: string) => `forwards.${name} ${verb} ${addresses.join(', ')}`;
  if (all.length <= MOST_WARNINGS) {
    for (const one of all) warn(scope, `portway:targetElsewhere-${one.name}`, told(one, 'leads to'), subnets);
    return;
  }
  const some = all
    .slice(0, NAMED)
    .map((one, i) => told(one, i === 0 ? 'leads to' : 'to'))
    .join(', ');
  warn(scope, 'portway:targetsElsewhere', `${some}, and ${all.length - NAMED} more forwards to others`, subnets);
}

function warn(scope: Construct, id: string, what: string, subnets: readonly string[]): void {
  Annotations.of(scope).addWarningV2(
    id,
    `${what}, which no subnet of the gateway's VPC has (${subnets.join(', ')}): nothing will answer. Make such a subnet, or give the vpc that has it. If another way leads there, such as a peering: Annotations.of(this).acknowledgeWarning('${id}').`,
  );
}

function privateAddresses(forward: ResolvedForward): readonly string[] {
  const addresses = hostsOf(forward).flatMap(({ kind, host }) =>
    kind === 'ipv4' && host !== undefined && !isToken(host) ? [host] : [],
  );
  return [...new Set(addresses)].filter((address) => containsCidr(PRIVATE, address));
}

/** Undefined: not everything is known. */
function reachedFrom({ vpc }: Network): Reached | undefined {
  const others = [...vpc.publicSubnets, ...vpc.privateSubnets, ...vpc.isolatedSubnets];
  const all = vpc.node.root.node.findAll();
  const made = resourceOf(vpc.vpcId);
  const subnets =
    made === undefined
      ? // Its subnets may not all be told, but they are in its range. A looked-up one tells only its first range, but all subnets.
        [() => vpc.vpcCidrBlock, ...others.map((subnet) => () => subnet.ipv4CidrBlock)].map(rangeOf)
      : all
          .filter((one) => one instanceof ec2.CfnSubnet)
          .filter((one) => resourceOf(one.vpcId) === made && one.ipv6Native !== true)
          .map(({ cidrBlock }) => (cidrBlock === undefined || isToken(cidrBlock) ? undefined : cidrBlock));
  const routes = all
    .filter((one) => one instanceof ec2.CfnRoute)
    .filter((one) => one.gatewayId === undefined && one.instanceId === undefined && one.natGatewayId === undefined)
    .filter((one) => one.destinationIpv6CidrBlock === undefined)
    .map(({ destinationCidrBlock: to }) => (to === undefined || isToken(to) ? undefined : to));
  const learnsRoutes = all.some((one) => one instanceof ec2.CfnVPNGatewayRoutePropagation);
  const isKnown = made === undefined ? subnets[0] !== undefined : subnets.every((range) => range !== undefined);
  if (learnsRoutes || !isKnown || routes.includes(undefined)) return undefined;
  return { subnets: subnets.filter((range) => range !== undefined), routes: routes.filter((to) => to !== undefined) };
}

/** The resource of this app that an id belongs to. */
function resourceOf(id: string): CfnResource | undefined {
  const token = Tokenization.reverseString(id).firstToken;
  return Reference.isReference(token) && CfnResource.isCfnResource(token.target) ? token.target : undefined;
}
