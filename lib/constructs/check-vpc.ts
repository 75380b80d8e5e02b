import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import { passes } from '../forward/read-object';
import { readFlag } from '../forward/read-value';
import type { NetworkProps } from './network';

/** The VPC for the gateway. Reports anything else to `problems` and returns undefined. */
export function readVpc(vpc: unknown, problems: Problems): ec2.IVpc | undefined {
  if (vpc === undefined) return undefined;
  if (!isVpc(vpc)) {
    const rule =
      "must be a VPC of the CDK, such as ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' })";
    problems.add('vpc', rule, vpc);
    return undefined;
  }
  const [subnet] = vpc.publicSubnets;
  if (subnet === undefined) {
    problems.add('vpc', 'must have a public subnet, got one with none');
    return undefined;
  }
  if (ofUnknownLength(subnet)) {
    problems.add(
      'vpc',
      "must have lists of zones and subnets whose lengths are known at synth: give Fn.split its assumedLength, such as Fn.split(',', Fn.importValue('subnets'), 2), or use Fn.importListValue",
    );
    return undefined;
  }
  return vpc;
}

/** Reads the flow log props. `isForeign`: the VPC is not the stack's own. */
export function readFlowLogs(
  props: { readonly flowLogs?: unknown; readonly logEncryptionKey?: unknown },
  isForeign: boolean,
  problems: Problems,
): Pick<NetworkProps, 'flowLogs' | 'logEncryptionKey'> {
  const flowLogs = readFlag('flowLogs', props.flowLogs, problems) === true;
  if (flowLogs && isForeign)
    problems.add('flowLogs', 'must be left out beside vpc: turn them on where that VPC is made', flowLogs);
  const { logEncryptionKey } = props;
  if (logEncryptionKey === undefined) return { flowLogs };
  if (props.flowLogs === undefined || props.flowLogs === false)
    problems.add('logEncryptionKey', 'must go with flowLogs: true, whose logs it encrypts', 'flowLogs left out');
  if (isKey(logEncryptionKey)) return { flowLogs, logEncryptionKey };
  problems.add(
    'logEncryptionKey',
    "must be a key, such as kms.Key.fromKeyArn(this, 'Key', 'arn:...')",
    logEncryptionKey,
  );
  return { flowLogs };
}

function isKey(value: unknown): value is kms.IKey {
  return passes(() => Construct.isConstruct(value) && typeof (value as Partial<kms.IKey>).keyArn === 'string');
}

/** Whether the subnet is from a list whose length only CloudFormation knows: its only element is a token. */
export function ofUnknownLength(subnet: ec2.ISubnet): boolean {
  // An imported subnet without a zone throws when it is read.
  return [() => subnet.subnetId, () => subnet.availabilityZone].some((read) =>
    passes(() => read().includes('#{Token[')),
  );
}

function isVpc(value: unknown): value is ec2.IVpc {
  const vpc = value as Partial<ec2.IVpc> | undefined | null;
  return passes(
    () => Construct.isConstruct(value) && typeof vpc?.vpcId === 'string' && Array.isArray(vpc.publicSubnets),
  );
}
