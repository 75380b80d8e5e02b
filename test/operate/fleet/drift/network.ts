import {
  AuthorizeSecurityGroupIngressCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import type { Drift, Drifts, FleetDriftLab } from './lab';

const ofHosts = ({ name, promised }: FleetDriftLab) => name(promised.fleet.hostGroups[0] ?? '');
const ofBalancer = ({ name, promised }: FleetDriftLab) => name(promised.fleet.balancer.securityGroups[0] ?? '');

const everyone = (port: number): IpPermission => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
});
const opened =
  (id: (lab: FleetDriftLab) => string, port: number): Drift['by'] =>
  async (lab) => {
    const rule = { GroupId: id(lab), IpPermissions: [everyone(port)] };
    await lab.ask(({ ec2 }) => ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)));
    return () => lab.ask(({ ec2 }) => ec2.send(new RevokeSecurityGroupIngressCommand(rule)));
  };
const closed =
  (id: (lab: FleetDriftLab) => string, permission: (lab: FleetDriftLab) => IpPermission): Drift['by'] =>
  async (lab) => {
    const rule = { GroupId: id(lab), IpPermissions: [permission(lab)] };
    await lab.ask(({ ec2 }) => ec2.send(new RevokeSecurityGroupIngressCommand(rule)));
    return () => lab.ask(({ ec2 }) => ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)));
  };

/** What the security groups of hosts and balancer let through. */
export const OF_THE_NETWORK: Drifts = {
  "a port of the balancer's group opened": {
    by: opened(ofBalancer, 22),
    found: /^the balancer's security group lets tcp 22 through from 0\.0\.0\.0\/0 \(inbound\), which was not promised$/,
  },
  'hosts opened past the balancer': {
    by: opened(ofHosts, 80),
    found: /^the hosts' security group lets tcp 80 through from 0\.0\.0\.0\/0 \(inbound\), which was not promised$/,
  },
  'the health port closed to the balancer': {
    by: closed(ofHosts, (lab) => ({
      ...{ IpProtocol: 'tcp', FromPort: 10256, ToPort: 10256 },
      // The local endpoint compares descriptions too.
      UserIdGroupPairs: [{ GroupId: ofBalancer(lab), Description: 'health of the hosts' }],
    })),
    found: /^the hosts' security group must let tcp 10256 through from sg-\w+ \(inbound\), and does not$/,
  },
};
