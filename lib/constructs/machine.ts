import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readOneOf, readWhole } from '../forward/read-value';
import { isToken } from '../forward/token';
import { ARCHITECTURES, type Architecture, OPERATING_SYSTEMS, type OperatingSystemId } from '../host/operating-system';

/**
 * The EC2 instance.
 * @category Machine
 */
export interface MachineProps {
  /**
   * The host's distribution: `'debian-13'`, `'debian-12'`, `'amazon-linux-2023'` or `'ubuntu-24.04'`. Debian 13 is
   * the best tested.
   * @default 'debian-13'
   * @see docs/operating-systems.md
   */
  readonly os?: OperatingSystemId;
  /**
   * The processor architecture: `'arm64'` or `'x86_64'`.
   * @default that of `instanceType`; without one, `'arm64'`
   */
  readonly architecture?: Architecture;
  /**
   * The EC2 instance type. It decides the architecture of the image. With less than 900 MB of memory the host adds a
   * swap file of 1 GiB.
   * @default 't4g.micro' (arm64) or 't3.micro' (x86_64), both with 1 GiB
   * @refused a type of another `architecture`
   */
  readonly instanceType?: string;
  /**
   * An image of your own instead of the distribution's newest. It must have the same `os` and architecture.
   * @default the newest public image of `os`, which EC2 looks up at launch
   */
  readonly ami?: AmiProps;
  /**
   * Size of the root volume (gp3, encrypted), in GiB (8-16384).
   * @default 8
   */
  readonly diskGiB?: number;
}

/** An image of your own. */
export interface AmiProps {
  /** The image's id, such as `ami-0123456789abcdef0`. It belongs to one region. */
  readonly id: string;
  /**
   * The image's root device, such as `/dev/xvda`. A wrong name would add a second volume and leave the root volume
   * unencrypted.
   */
  readonly rootDevice: string;
}

/** The checked machine props, as plain data. */
export interface Machine {
  readonly os: OperatingSystemId;
  readonly architecture: Architecture;
  readonly instanceType: string;
  readonly image: { readonly parameter: string } | { readonly id: string };
  readonly rootDevice: string;
  readonly diskGiB: number;
}

/** The largest gp3 volume, in GiB. */
const MAX_DISK = 16_384;

const DEFAULT_TYPES: Record<Architecture, string> = { arm64: 't4g.micro', x86_64: 't3.micro' };

/** Reads the machine props and reports invalid ones to `problems`. */
export function readMachine(props: MachineProps, problems: Problems): Machine {
  const known = Object.keys(OPERATING_SYSTEMS) as OperatingSystemId[];
  const os = readOneOf('os', props.os, known, problems) ?? 'debian-13';
  const system = OPERATING_SYSTEMS[os];
  const architecture = readArchitecture(props, problems);
  const { diskGiB: size = 8 } = props;
  // MAX_DISK in place of an invalid size, so that nothing else is reported as too large for the disk.
  const diskGiB = readWhole('diskGiB', size, { from: 8, to: MAX_DISK }, problems) ?? MAX_DISK;
  const ami = readAmi(props.ami, problems);
  return {
    os,
    architecture,
    instanceType: props.instanceType ?? DEFAULT_TYPES[architecture],
    image: ami === undefined ? { parameter: system.imageParameter(architecture) } : { id: ami.id },
    rootDevice: ami?.rootDevice ?? system.rootDevice,
    diskGiB,
  };
}

function readArchitecture({ architecture, instanceType }: MachineProps, problems: Problems): Architecture {
  if (architecture !== undefined && !ARCHITECTURES.includes(architecture)) {
    problems.add('architecture', `must be ${ARCHITECTURES.join(' or ')}`, architecture);
    return 'arm64';
  }
  if (instanceType === undefined || isToken(instanceType)) return architecture ?? 'arm64';
  const ofType = typeof instanceType === 'string' ? architectureOf(instanceType) : undefined;
  if (ofType === undefined)
    problems.add('instanceType', 'must be an EC2 instance type such as t4g.micro', instanceType);
  else if (architecture !== undefined && architecture !== ofType) {
    problems.add(
      'instanceType',
      `must be of the architecture ${architecture}; ${instanceType} is ${ofType}`,
      instanceType,
    );
  }
  return ofType ?? architecture ?? 'arm64';
}

/** Undefined: this is no instance type. */
export function architectureOf(instanceType: string): Architecture | undefined {
  try {
    return new ec2.InstanceType(instanceType).architecture === ec2.InstanceArchitecture.ARM_64 ? 'arm64' : 'x86_64';
  } catch {
    return undefined;
  }
}

function readAmi(value: unknown, problems: Problems): AmiProps | undefined {
  const parts = { id: true, rootDevice: true } satisfies Known<AmiProps>;
  const example = "{ id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' }";
  const ami = readObject('ami', value, { parts, example }, problems);
  if (ami === undefined) return undefined;
  const { id, rootDevice } = ami;
  if (!isToken(id) && !(typeof id === 'string' && /^ami-[0-9a-f]{8,17}$/.test(id)))
    problems.add('ami.id', 'must be an image id such as ami-0123456789abcdef0', id);
  if (!isToken(rootDevice) && !(typeof rootDevice === 'string' && /^\/dev\/[a-z0-9]+$/.test(rootDevice)))
    problems.add('ami.rootDevice', "must be the image's root device, such as /dev/xvda", rootDevice);
  return { id, rootDevice } as AmiProps;
}
