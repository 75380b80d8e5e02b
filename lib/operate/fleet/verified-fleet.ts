import { DescribeSecurityGroupsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import type { PromisedRule } from '../../plan/change/group-rules';
import { hostTells } from '../host-tells';
import { stackInstances } from '../instance';
import { endpointDifferences, readEndpoint } from '../login-endpoint';
import { networkDifferences, readNetwork } from '../network';
import { parameterDifferences, readParameters } from '../parameters';
import type { Promised } from '../promised';
import { groupRules, type SecurityGroupRules } from '../security-group';
import type { Verified } from '../verified';
import { groupDifferences as securityGroupDifferences } from '../verify';
import { addressesIn, balancerDifferences, ipv6In, isDualStack } from './balancer-differences';
import type { FleetClients } from './clients';
import { readBalancer } from './found-balancer';
import { launchedBy, readGroup } from './found-group';
import { fleetFromHere } from './from-here';
import { groupDifferences, isInService, type Told } from './group-differences';
import { hostTold, readHosts, verifiedHost } from './hosts';
import type { PromisedFleet } from './promised-fleet';
import { readResources, type StackResources } from './stack-resources';

type OfFleet = Promised & { readonly fleet: PromisedFleet };

/**
 * Compares a deployed fleet with its template, by what AWS, each host's console and a look from here tell. Changes nothing.
 *
 * @param probe whether to connect to each address, as a stranger does
 */
export async function verifyFleet(
  promised: OfFleet,
  clients: FleetClients,
  probe = true,
  now = new Date(),
): Promise<Verified> {
  const { fleet, stackName, proof } = promised;
  const { ec2, ssm, scaling, balancing } = clients;
  const resources = await readResources(clients.formation, stackName);
  const names = (ids: readonly string[]) => ids.map((id) => resources.name(id));
  const [group, balancer, instances, values] = await Promise.all([
    readGroup(scaling, ec2, {
      ...{ name: resources.name(fleet.group.id), launchTemplateId: resources.name(fleet.group.launchTemplateId) },
    }),
    readBalancer(balancing, resources.name(fleet.balancer.id), names(fleet.targetGroups.map(({ id }) => id))),
    stackInstances(ec2, stackName),
    readParameters(promised, ssm),
  ]);
  const members = group?.group.Instances ?? [];
  const serving = members.filter(isInService).map(({ InstanceId = '' }) => InstanceId);
  const version = group === undefined ? undefined : launchedBy(group.group).template?.Version;
  const hosts = await readHosts(ec2, members, instances);
  const report = resources.proof(proof);
  const must = {
    ...{ promised, imageId: fleet.imageId, types: fleet.group.types, proof: report, version },
    securityGroups: names(fleet.hostGroups),
  };
  const addresses = fleet.balancer.zones.flatMap(({ subnet, address }) =>
    address === undefined
      ? addressesIn(balancer?.balancer ?? {}, resources.name(subnet)).flatMap(({ IpAddress }) => IpAddress ?? [])
      : resources.name(address) || [],
  );
  const ipv6 = isDualStack(fleet.balancer) && balancer !== undefined ? ipv6In(balancer.balancer) : undefined;
  const told: readonly Told[] = [
    group === undefined
      ? differing('the Auto Scaling group must be there, and is gone: nobody replaces a host')
      : groupDifferences(fleet.group, group, resources, resources.isChanging([fleet.group.id])),
    balancer === undefined
      ? differing('the balancer must be there, and is gone: nobody reaches the hosts')
      : balancerDifferences(fleet, balancer, resources, serving),
    ...hosts.map((host) => hostTold(host, must, now)),
    differing(...hostTells({ content: promised.files, isTold: true }, report, {}, now).differences),
    differing(...left(instances, members)),
    differing(...(await networkOf(ec2, promised, resources, balancer?.balancer.VpcId))),
    differing(...parameterDifferences(promised.parameters, values)),
    ...(probe && balancer !== undefined ? [await fleetFromHere(promised, addresses, ipv6 ?? [])] : []),
  ];
  return {
    ...(report?.status.endsWith('_COMPLETE') ? { reported: report.time.toISOString() } : {}),
    fleet: {
      addresses,
      ...(ipv6 === undefined ? {} : { ipv6Addresses: ipv6 }),
      ...(group?.group.DesiredCapacity === undefined ? {} : { desired: group.group.DesiredCapacity }),
      ...(version === undefined ? {} : { launchTemplate: { runs: version, newest: group?.newest ?? version } }),
      hosts: Object.fromEntries(hosts.map((host) => [host.member.InstanceId ?? '', verifiedHost(host)])),
    },
    differences: told.flatMap(({ differences }) => differences),
    notes: told.flatMap(({ notes }) => notes),
  };
}

function differing(...differences: readonly string[]): Told {
  return { differences, notes: [] };
}

/** Instances of the stack that the group does not know, such as one that somebody detached. */
function left(
  instances: Awaited<ReturnType<typeof stackInstances>>,
  members: readonly { readonly InstanceId?: string | undefined }[],
): readonly string[] {
  const known = members.map(({ InstanceId }) => InstanceId);
  return instances
    .filter(
      ({ InstanceId, State }) =>
        !['terminated', 'shutting-down'].includes(`${State?.Name}`) && !known.includes(InstanceId),
    )
    .map(({ InstanceId }) => `instance ${InstanceId} of the stack is there, and not in the group`);
}

/** Security groups, login endpoint, and the way into each zone's subnet. */
async function networkOf(
  ec2: EC2Client,
  promised: OfFleet,
  resources: StackResources,
  vpcId: string | undefined,
): Promise<readonly string[]> {
  const { fleet, login } = promised;
  const { balancer } = fleet;
  // Rules of groups that a team adds are none of its business.
  const own = fleet.hostGroups.filter((id) => resources.has(id));
  const rules = (ids: readonly string[]) =>
    rulesOf(
      ec2,
      ids.map((id) => resources.name(id)),
    );
  const [ofBalancer, ofHosts] = await Promise.all([rules(balancer.securityGroups), rules(own)]);
  const subnets = balancer.zones.map(({ subnet }) => resources.name(subnet)).filter(Boolean);
  const [endpoint, networks] = await Promise.all([
    login.way === 'endpoint' && vpcId !== undefined ? readEndpoint(ec2, vpcId) : undefined,
    vpcId === undefined ? [] : Promise.all(subnets.map((subnet) => readNetwork(ec2, subnet, vpcId))),
  ]);
  return [
    ...rulesTold("the balancer's security group", balancer, ofBalancer, resources),
    ...rulesTold("the hosts' security group", promised, ofHosts, resources),
    ...networks.flatMap((network) => networkDifferences(balancer.inbound, network)),
    ...(login.way === 'endpoint' && vpcId !== undefined ? endpointDifferences(endpoint, ofHosts) : []),
  ];
}

/** A group that is gone has no rules. */
async function rulesOf(ec2: EC2Client, GroupIds: string[]): Promise<readonly SecurityGroupRules[]> {
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds })).catch((error) => {
    if (/^InvalidGroup\.NotFound|^InvalidGroupId/.test((error as Error).name)) return { SecurityGroups: [] };
    throw error;
  });
  return SecurityGroups.map(groupRules);
}

interface Rules {
  readonly inbound: readonly PromisedRule[];
  readonly outbound: readonly PromisedRule[];
}

/** A rule for a group of the template is one for that very group. */
function rulesTold(
  whose: string,
  { inbound, outbound }: Rules,
  found: readonly SecurityGroupRules[],
  resources: StackResources,
): readonly string[] {
  const known = (rule: PromisedRule): PromisedRule => {
    const peer = resources.name(rule.groupId ?? '');
    return peer === '' ? rule : { ...rule, peer };
  };
  return securityGroupDifferences(whose, { inbound: inbound.map(known), outbound: outbound.map(known) }, found);
}
