import type { Instance as Member } from '@aws-sdk/client-auto-scaling';
import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { atOnce } from '../at-once';
import { consoleOf } from '../console';
import { machineOf } from '../found';
import { agesNotes, type HostAges, hostAges } from '../host-ages';
import type { HostProof } from '../host-proof';
import { type HostState, hostState } from '../host-state';
import { hostTells } from '../host-tells';
import { readUserData } from '../instance';
import type { Promised } from '../promised';
import { instanceDifferences, userDataDifferences } from '../verify';
import { isGoing, isInService, type Told } from './group-differences';
import type { VerifiedHost } from './verified';

/** A host as AWS and its console tell of it. */
export interface FoundHost {
  readonly member: Member;
  readonly instance: Instance | undefined;
  readonly userData: string;
  readonly state: HostState;
  readonly ages: HostAges | undefined;
}

/** Hosts that are read at a time. */
const AT_ONCE = 5;

/** How long after a report a host that runs has taken the same content, or never will, in milliseconds: polls, a slow change, a late console. */
const LATE = 10 * 60_000;

/** Reads the hosts of a group. Changes nothing. @param instances the stack's */
export function readHosts(
  client: EC2Client,
  members: readonly Member[],
  instances: readonly Instance[],
): Promise<readonly FoundHost[]> {
  return atOnce(AT_ONCE, members, async (member) => {
    const instance = instances.find(({ InstanceId }) => InstanceId === member.InstanceId);
    const id = instance?.InstanceId;
    const [userData, console] =
      id === undefined ? ['', ''] : await Promise.all([readUserData(client, id), consoleOf(client, id)]);
    return { member, instance, userData: userData.toString(), state: hostState(console), ages: hostAges(console) };
  });
}

export function verifiedHost({ member, state, ages }: FoundHost): VerifiedHost {
  const { runs } = state;
  const version = member.LaunchTemplate?.Version;
  return {
    zone: member.AvailabilityZone ?? '',
    state: member.LifecycleState ?? 'unknown',
    ...(version === undefined ? {} : { launchTemplate: version }),
    ...(runs === undefined ? {} : { runs: { content: runs.content, since: runs.since.toISOString() } }),
    ...(ages === undefined ? {} : { ages }),
  };
}

export interface HostsMust {
  readonly promised: Promised;
  readonly imageId: unknown;
  /** What their types may be. Empty: only that of the launch template. */
  readonly types: readonly string[];
  /** The ids of their security groups. */
  readonly securityGroups: readonly string[];
  /** CloudFormation's word on the content. */
  readonly proof: HostProof | undefined;
  /** The version of the launch template that the group launches. */
  readonly version: string | undefined;
}

/** What a host is besides the template, and what it says of itself. Pure. */
export function hostTold(host: FoundHost, must: HostsMust, now = new Date()): Told {
  const { member, instance, userData, state, ages } = host;
  const id = member.InstanceId ?? '';
  // It is told as one that leaves, and nothing of it lasts.
  if (isGoing(member)) return { differences: [], notes: [] };
  if (instance === undefined || instance.State?.Name === 'terminated')
    return { differences: [`${id} of the group is no instance any more`], notes: [] };
  const { promised, proof } = must;
  const content = { content: promised.files, isTold: true };
  const tells = hostTells(content, proof, state, now);
  const own = (lines: readonly string[]) => lines.map((line) => `${id}: ${line}`);
  // The condition is one for all hosts, so it is told once.
  const ofAll = new Set(hostTells(content, proof, {}, now).differences);
  return {
    differences: [
      // One of another version is told already, and differs in all of this.
      ...(member.LaunchTemplate?.Version === must.version ? machineDifferences(instance, userData, must) : []),
      ...own(tells.differences.filter((line) => !ofAll.has(line))),
      ...own(isInService(member) ? behind(promised.files, proof, host, now) : []),
    ],
    notes: own([...tells.notes, ...agesNotes(ages, now)]),
  };
}

function machineDifferences(
  instance: Instance,
  userData: string,
  { promised, imageId, types, securityGroups }: HostsMust,
): readonly string[] {
  const id = instance.InstanceId ?? '';
  const groups = (instance.SecurityGroups ?? []).map(({ GroupId }) => GroupId ?? '').toSorted();
  const must = securityGroups.toSorted();
  const isListed = types.some((type) => type === instance.InstanceType);
  const instanceType = isListed ? instance.InstanceType : types.join(' or ') || promised.instanceType;
  return [
    ...instanceDifferences({ ...promised, instanceType }, machineOf(instance)),
    ...(typeof imageId !== 'string' || imageId === instance.ImageId
      ? []
      : [`image of ${id} must be ${imageId}, got: ${instance.ImageId}`]),
    // What only the deploy knows matches anything.
    ...(groups.join() === must.join() || must.includes('')
      ? []
      : [`security groups of ${id} must be ${must.join(', ')}, got: ${groups.join(', ') || 'none'}`]),
    ...userDataDifferences(`the user-data of ${id}`, promised, userData),
  ];
}

/**
 * The deploy waits for some of the hosts, not for all. A host writes to its console what it runs whenever that changes, so one
 * that ran before the report, and whose last word is of before, has not taken the content.
 */
function behind(
  content: string,
  proof: HostProof | undefined,
  { instance, state: { runs } }: FoundHost,
  now: Date,
): readonly string[] {
  if (proof === undefined || runs === undefined || !/^(CREATE|UPDATE)_COMPLETE$/.test(proof.status)) return [];
  const reported = proof.time.getTime();
  const isOld = runs.since.getTime() < reported && (instance?.LaunchTime?.getTime() ?? reported) < reported;
  const isSame = content.startsWith(runs.content) || runs.content.startsWith(content);
  if (!isOld || isSame || now.getTime() - reported < LATE) return [];
  return [
    `the host lags behind: it says that it runs content ${runs.content.slice(0, 16)} since ${runs.since.toISOString().replace('.000', '')}, and nothing of ${content.slice(0, 16)}, which others have reported: portway logs shows its words`,
  ];
}
