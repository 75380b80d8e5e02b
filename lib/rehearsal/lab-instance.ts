import type { Deployed } from './aws/deployed';
import type { LabInstance } from './lab';

/** What the lab needs of what the EC2 API tells. */
export function labInstance({
  securityGroups,
  ipv6: address,
  vpcCidr6,
  subnetCidr6,
  ...deployed
}: Deployed): LabInstance {
  const rules = (direction: 'ingress' | 'egress') =>
    securityGroups.flatMap((group) =>
      group[direction].map(({ cidrs4, cidrs6, others, ...rule }) => {
        if (others.length > 0)
          throw new Error(`the lab knows networks only, but ${group.name} has a rule for ${others.join(', ')}`);
        return { ...rule, cidrs: [...cidrs4, ...cidrs6] };
      }),
    );
  return {
    ...deployed,
    ...(address && vpcCidr6 && subnetCidr6 ? { ipv6: { address, vpc: vpcCidr6, subnet: subnetCidr6 } } : {}),
    httpTokens: deployed.httpTokens === 'required' ? 'required' : 'optional',
    rules: { ingress: rules('ingress'), egress: rules('egress') },
  };
}
