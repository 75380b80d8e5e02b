import { normalizeCidr } from 'cidr-tools';
import { type PromisedRule, peerText, ruleText } from '../plan/change/group-rules';
import type { Found, FoundMachine } from './found';
import { lineDifferences } from './line-differences';
import { endpointDifferences } from './login-endpoint';
import { networkDifferences } from './network';
import type { Promised } from './promised';
import type { SecurityGroupRules } from './security-group';

/**
 * Compares the deployed gateway with its template. Pure.
 * @returns one line per difference; empty if there are none
 */
export function differences(promised: Promised, found: Found): readonly string[] {
  const { stackName } = promised;
  const { address, gateway, others } = found;
  if (address === undefined)
    return [`${stackName} has no Elastic IP: it is not deployed here, or the address was released`];
  const { publicIp = address } = promised.address;
  const left = others.map((id) => `instance ${id} of ${stackName} is there besides the gateway`);
  if (gateway === undefined) return [`the address ${address} leads to no instance of ${stackName}`, ...left];
  return [
    ...left,
    ...(publicIp === address
      ? []
      : [`eip.publicIp must be ${address}, the address of its allocation, got: ${publicIp}`]),
    ...instanceDifferences(promised, gateway),
    ...groupDifferences('the security group', promised, gateway.securityGroups),
    ...networkDifferences(promised.inbound, gateway.network),
    ...(promised.login.way === 'endpoint' ? endpointDifferences(gateway.endpoint, gateway.securityGroups) : []),
    ...userDataDifferences('the user-data', promised, gateway.userData),
  ];
}

/** @param whose such as `the user-data` */
export function userDataDifferences(whose: string, { userData }: Promised, found: string): readonly string[] {
  const head = `${whose} is not what the app says now (-), but (+): deploy, or look who changed it`;
  return lineDifferences(head, userData, found.split('\n'));
}

/** What an instance by itself is besides the template. */
export function instanceDifferences(promised: Promised, gateway: FoundMachine): string[] {
  const { instanceId, state } = gateway;
  const differs = (what: string, must: unknown, is: unknown) =>
    must === undefined || must === is ? [] : [`${what} of ${instanceId} must be ${must}, got: ${is}`];
  return [
    ...(state === 'running' ? [] : [`${instanceId} must be running, got: ${state}`]),
    ...differs('instance type', promised.instanceType, gateway.instanceType),
    ...differs('metadata option HttpTokens', promised.httpTokens, gateway.httpTokens),
    ...differs('metadata hop limit', promised.hopLimit, gateway.hopLimit),
    ...differs('metadata service', 'enabled', gateway.metadataEndpoint),
    ...differs('metadata option InstanceMetadataTags', promised.metadataTags, gateway.metadataTags),
    ...(promised.hasProfile && gateway.profile === undefined
      ? [`${instanceId} must have its instance profile, by which it reads its files, and has none`]
      : []),
    ...(promised.ipv6 && gateway.ipv6 === undefined ? [`${instanceId} must have an IPv6 address, and has none`] : []),
    ...differs('check of source and destination', promised.sourceDestCheck, gateway.sourceDestCheck),
    ...differs(
      'content (tag portway:content; `portway plan --against deployed` tells what differs)',
      promised.content,
      gateway.content,
    ),
  ];
}

interface Rule {
  readonly what: string;
  readonly peer: string;
}

/** One rule per network, as in the template: EC2 groups the networks of a port. */
function rulesOf(groups: readonly SecurityGroupRules[], direction: 'ingress' | 'egress'): Rule[] {
  return groups.flatMap((group) =>
    group[direction].flatMap(({ protocol, fromPort, toPort, cidrs4, cidrs6, others }) =>
      [...[...cidrs4, ...cidrs6].map((cidr) => normalizeCidr(cidr)), ...others].map((peer) => ({
        what: ruleText(protocol, fromPort, toPort),
        peer,
      })),
    ),
  );
}

/** @param whose such as `the security group` */
export function groupDifferences(
  whose: string,
  { inbound, outbound }: Pick<Promised, 'inbound' | 'outbound'>,
  groups: readonly SecurityGroupRules[],
): readonly string[] {
  return [
    ...ruleDifferences(whose, 'inbound', inbound, rulesOf(groups, 'ingress')),
    ...ruleDifferences(whose, 'outbound', outbound, rulesOf(groups, 'egress')),
  ];
}

function ruleDifferences(
  whose: string,
  direction: 'inbound' | 'outbound',
  promised: readonly PromisedRule[],
  found: readonly Rule[],
): string[] {
  const side = direction === 'inbound' ? 'from' : 'to';
  const rest = [...found];
  const missing: PromisedRule[] = [];
  // Rules of which all is known first: the others match any rule that is left.
  const unknown = ({ peer, ofGroup, anyPortOf }: PromisedRule) =>
    Number(peer === undefined && !ofGroup) + Number(peer === undefined) + Number(anyPortOf !== undefined);
  const known = [...promised].sort((a, b) => unknown(a) - unknown(b));
  for (const rule of known) {
    const at = rest.findIndex(
      ({ what, peer }) =>
        (what === rule.what || (rule.anyPortOf !== undefined && what.startsWith(`${rule.anyPortOf} `))) &&
        (rule.peer === undefined ? !rule.ofGroup || peer.startsWith('sg-') : rule.peer === peer),
    );
    if (at < 0) missing.push(rule);
    else rest.splice(at, 1);
  }
  return [
    ...rest.map(
      ({ what, peer }) => `${whose} lets ${what} through ${side} ${peer} (${direction}), which was not promised`,
    ),
    ...missing.map(
      (rule) => `${whose} must let ${rule.what} through ${side} ${peerText(rule)} (${direction}), and does not`,
    ),
  ];
}
