import type { DescribedInstance } from '../../lib/operate/instance';
import type { SecurityGroupRules } from '../../lib/operate/security-group';
import { REGION } from './aws/settings';
import type { LabInstance } from './lab';
import type { SecurityRules } from './network/firewall';

/** What the lab needs from the EC2 API's description. */
export function labInstance({
  securityGroups,
  ipv6: address,
  vpcCidr6,
  subnetCidr6,
  ...described
}: DescribedInstance): LabInstance {
  return {
    ...described,
    region: REGION,
    ...(address && vpcCidr6 && subnetCidr6 ? { ipv6: { address, vpc: vpcCidr6, subnet: subnetCidr6 } } : {}),
    httpTokens: described.httpTokens === 'required' ? 'required' : 'optional',
    rules: securityRules(securityGroups),
  };
}

/** The rules of all groups together, as EC2 combines them. @throws Error for a rule that names neither networks nor groups */
export function securityRules(groups: readonly SecurityGroupRules[]): SecurityRules {
  const rules = (direction: 'ingress' | 'egress') =>
    groups.flatMap((group) =>
      group[direction].map(({ cidrs4, cidrs6, others, ...rule }) => {
        const unknown = others.filter((id) => !id.startsWith('sg-'));
        if (unknown.length > 0)
          throw new Error(
            `the lab knows networks and security groups only, but ${group.name} has a rule for ${unknown.join(', ')}`,
          );
        return { ...rule, cidrs: [...cidrs4, ...cidrs6], ...(others.length > 0 ? { groups: others } : {}) };
      }),
    );
  return { ids: groups.map(({ id }) => id), ingress: rules('ingress'), egress: rules('egress') };
}
