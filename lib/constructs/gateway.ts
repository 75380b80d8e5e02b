import { Annotations, type CfnWaitCondition, type Duration, Stack, Tags, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import type { TrafficRule } from '../forward/traffic';
import type { HostContent } from '../host/host-content';
import type { OperatingSystem } from '../host/operating-system';
import { renderUserData, type UserData } from '../host/user-data';
import { acknowledge } from './acknowledge';
import { Firewall } from './firewall';
import { type LoginKeyProps, loginKey } from './login-key';
import type { Machine } from './machine';
import type { Network } from './network';
import { Proof } from './proof';

/**
 * What happens to the host when its forwards change.
 * - `restart`: the same instance stops, gets its new user-data, and starts: disk, application, instance id and address stay.
 * - `replace`: a new instance is built, proves itself and then takes the address; traffic never stops, and the disk is new.
 */
export type OnChange = 'restart' | 'replace';

export interface GatewayProps extends LoginKeyProps {
  readonly network: Network;
  readonly machine: Machine;
  readonly os: OperatingSystem;
  readonly content: HostContent;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
  readonly onChange: OnChange;
  readonly signalTimeout: Duration;
  readonly attempt: number;
}

/** The host that forwards: security group, role, instance, its proof, and the fixed address that it gets once it has proved itself. */
export class Gateway extends Construct {
  readonly instance: ec2.Instance;
  /** The fixed public address (Elastic IP). */
  readonly address: string;
  readonly userData: UserData;
  readonly condition: CfnWaitCondition;

  constructor(scope: Construct, id: string, props: GatewayProps, problems: Problems) {
    super(scope, id);
    const { network, machine } = props;
    const { securityGroup } = new Firewall(this, 'Firewall', {
      vpc: network.vpc,
      inbound: props.inbound,
      outbound: props.outbound,
    });
    const keyPair = loginKey(this, props);
    const proof = new Proof(this, 'Proof', {
      subject: [
        props.content,
        machine,
        keyPair?.keyPairName,
        network.vpc.vpcId,
        network.subnet.subnetId,
        network.subnet.availabilityZone,
        props.onChange,
      ],
      timeout: props.signalTimeout,
      attempt: props.attempt,
    });
    this.userData = renderUserData(
      props.content,
      { content: proof.content, signalUrl: proof.signalUrl, attempt: props.attempt },
      problems,
    );

    const eip = new ec2.CfnEIP(this, 'Address', { domain: 'vpc' });
    this.address = eip.ref;
    this.instance = new ec2.Instance(this, 'Instance', {
      vpc: network.vpc,
      vpcSubnets: { subnets: [network.subnet] },
      // On a VPC of our own the subnet gives the address: said here, it would move subnet and security groups into a property
      // whose every change replaces the host.
      ...(network.isForeign ? { associatePublicIpAddress: true } : {}),
      instanceType: new ec2.InstanceType(machine.instanceType),
      machineImage: machineImage(machine),
      securityGroup,
      role: this.createRole(),
      ...(keyPair === undefined ? {} : { keyPair }),
      userData: ec2.UserData.custom(joinedLines(this.userData.text)),
      userDataCausesReplacement: props.onChange === 'replace',
      httpTokens: ec2.HttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      blockDevices: [
        {
          deviceName: machine.rootDevice,
          volume: ec2.BlockDeviceVolume.ebs(machine.diskGiB, {
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            encrypted: true,
          }),
        },
      ],
    });
    Tags.of(this.instance).add('Name', Stack.of(this).stackName);
    acknowledge(
      this.instance,
      'CloudFormation-Validate::W9010',
      'An AMI of one region is what the ami prop asks for; without it EC2 resolves a public parameter.',
    );
    acknowledge(
      this.instance,
      'CloudFormation-Validate::E1152',
      'EC2 resolves resolve:ssm itself at launch; validators know only AMI ids.',
    );
    acknowledge(
      this.instance,
      'AwsSolutions-EC28',
      'Detailed monitoring costs extra; the deploy itself proves that the host forwards.',
    );
    acknowledge(
      this.instance,
      'AwsSolutions-EC29',
      'The host keeps no state that a new deploy does not bring back; destroy has to leave nothing.',
    );
    if (keyPair === undefined) {
      Annotations.of(this).addWarningV2(
        'portway:nobodyCanLogIn',
        'Port 22 is open to the admin CIDR, but the host takes no key: give keyPairName or sshPublicKey (-c sshPublicKey="$(cat ~/.ssh/id_ed25519.pub)").',
      );
    }

    this.condition = proof.waitFor(this.instance.instance);
    // The address goes to a host only after that host has proved itself. Nothing else may depend on the condition, and
    // nothing may come after this: a later failure would roll back to an association that is gone.
    const association = new ec2.CfnEIPAssociation(this, 'AddressAssociation', {
      allocationId: eip.attrAllocationId,
      instanceId: this.instance.instanceId,
    });
    association.node.addDependency(this.condition);
    // Boot needs the route; and the internet gateway cannot be taken away while public addresses are in use.
    for (const resource of [eip, association, this.instance.instance]) resource.node.addDependency(...network.internet);
  }

  /** The host needs nothing of AWS: its report goes to a presigned URL. A role is there so that teams can add to it. */
  private createRole(): iam.Role {
    return new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: 'Portway gateway',
    });
  }
}

/** `resolve:ssm` is looked up by EC2 when it launches the instance: a new image never changes the template. */
function machineImage({ image }: Machine): ec2.IMachineImage {
  if ('parameter' in image) return ec2.MachineImage.resolveSsmParameterAtLaunch(image.parameter);
  return {
    getImage: () => ({ imageId: image.id, osType: ec2.OperatingSystemType.LINUX, userData: ec2.UserData.forLinux() }),
  };
}

/** User-data as a join of its lines: in the template, its snapshot and `cdk diff` a changed rule is a changed line. */
function joinedLines(text: string): string {
  return Token.asString({ 'Fn::Join': ['\n', text.split('\n')] });
}
