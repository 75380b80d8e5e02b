import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { passes, readObject } from '../forward/read-object';
import { readFlag } from '../forward/read-value';
import type { NetworkProps } from './network';

/** Where in an existing VPC the gateway is to be. */
export interface Place {
  readonly vpc: ec2.IVpc;
  readonly subnet: ec2.ISubnet;
  /** All that are chosen, which begin with `subnet`. A single gateway is in that one; a fleet has one a zone. */
  readonly subnets: readonly ec2.ISubnet[];
  /** Whether `Vpc.fromLookup` has yet to find it: dummy values stand in, and the CLI calls the app again with the real ones. */
  readonly isPending: boolean;
}

const SELECTION = {
  ...{ availabilityZones: true, onePerAz: true, subnetFilters: true, subnetGroupName: true },
  ...{ subnets: true, subnetType: true },
} as const satisfies Known<Omit<ec2.SubnetSelection, 'subnetName'>>;

/** Reads `vpc` and `vpcSubnets`. Reports anything wrong to `problems` and returns undefined. */
export function readPlace(props: { vpc?: unknown; vpcSubnets?: unknown }, problems: Problems): Place | undefined {
  const { vpc, vpcSubnets } = props;
  const selection = readObject(
    'vpcSubnets',
    vpcSubnets,
    { parts: SELECTION, example: "{ availabilityZones: ['eu-central-1b'] }" },
    problems,
  ) as ec2.SubnetSelection | undefined;
  if (vpc === undefined) {
    if (vpcSubnets !== undefined)
      problems.add(
        'vpcSubnets',
        "must go with vpc: it chooses among that one's (of one that is made, availabilityZoneIndex says the zone, or a fleet's capacity.zones how many)",
      );
    return undefined;
  }
  const read = readVpc(vpc, vpcSubnets !== undefined, problems);
  if (read === undefined) return undefined;
  const isPending = passes(() => read.selectSubnets({ subnetType: ec2.SubnetType.PUBLIC }).isPendingLookup === true);
  const subnets = vpcSubnets === undefined ? read.publicSubnets : chooseSubnets(read, selection, isPending, problems);
  const [subnet] = subnets;
  return subnet === undefined ? undefined : { vpc: read, subnet, subnets, isPending };
}

/** The subnets of a selection, if the first one is public. */
function chooseSubnets(
  vpc: ec2.IVpc,
  selection: ec2.SubnetSelection | undefined,
  isPending: boolean,
  problems: Problems,
): readonly ec2.ISubnet[] {
  // Reported already.
  if (selection === undefined) return [];
  // The zones and groups of dummy values are none of the real ones.
  if (isPending) return vpc.publicSubnets;
  try {
    // Without a kind, the CDK chooses private subnets.
    const isOpen = selection.subnetGroupName === undefined && selection.subnets === undefined;
    const { subnets } = vpc.selectSubnets({ ...(isOpen ? { subnetType: ec2.SubnetType.PUBLIC } : {}), ...selection });
    const [subnet] = subnets;
    if (subnet === undefined) problems.add('vpcSubnets', 'must choose a subnet of vpc, got none');
    else if (isPrivate(vpc, subnet))
      problems.add('vpcSubnets', 'must choose a public subnet: its way out is the internet gateway', subnet.node.path);
    else return subnets;
  } catch (error) {
    problems.add('vpcSubnets', `must choose a subnet of vpc: ${(error as Error).message}`);
  }
  return [];
}

/** Whether the VPC itself calls the subnet private. */
export function isPrivate(vpc: ec2.IVpc, subnet: ec2.ISubnet): boolean {
  return [...vpc.privateSubnets, ...vpc.isolatedSubnets].some((one) => one.subnetId === subnet.subnetId);
}

/**
 * The VPC for the gateway. Reports anything else to `problems` and returns undefined.
 *
 * @param isChosen whether the subnet is chosen by another prop
 */
function readVpc(vpc: unknown, isChosen: boolean, problems: Problems): ec2.IVpc | undefined {
  if (!isVpc(vpc)) {
    const rule =
      "must be a VPC of the CDK, such as ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' })";
    problems.add('vpc', rule, vpc);
    return undefined;
  }
  const [subnet] = vpc.publicSubnets;
  if (subnet === undefined) {
    if (isChosen) return vpc;
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
    () =>
      Construct.isConstruct(value) &&
      typeof vpc?.vpcId === 'string' &&
      typeof vpc.selectSubnets === 'function' &&
      [vpc.publicSubnets, vpc.privateSubnets, vpc.isolatedSubnets].every((list) => Array.isArray(list)),
  );
}
