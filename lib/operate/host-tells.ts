import type { HostProof } from './host-proof';
import type { HostState } from './host-state';

/** What the host tells of its content. */
export interface HostTells {
  /** A line for each difference. */
  readonly differences: readonly string[];
  /** What is worth knowing and no difference. */
  readonly notes: readonly string[];
}

/** How far the clocks of host and AWS may be apart, and how late EC2 may show a console, in milliseconds. */
const MARGIN = 60_000;

/**
 * A host tries every five minutes again to put right what it could not, and says so each time. Once may be a service that starts
 * slowly, and a host that stops saying it has found all in order. In milliseconds.
 */
const [LASTS, AGAIN] = [4 * 60_000, 10 * 60_000];

/**
 * Compares what CloudFormation and the console have of a host with the content that is deployed. A console is late and loses its
 * oldest lines, so what it does not say is no difference, and what it said before the proof is old. Pure.
 *
 * @param content SHA-256 of the app's content
 * @param isTold whether this is the content that the host is told to run; otherwise another line tells of it
 */
export function hostTells(
  { content, isTold }: { readonly content: string; readonly isTold: boolean },
  proof: HostProof | undefined,
  state: HostState,
  now = new Date(),
): HostTells {
  const { pausedUntil, mended, left, leftAloneUntil } = state;
  const isLeft = left !== undefined && now.getTime() - left.time.getTime() <= AGAIN;
  const lasts = isLeft && left.time.getTime() - left.since.getTime() >= LASTS;
  const isWaiting = proof?.status.endsWith('_IN_PROGRESS') === true;
  return {
    differences: [
      ...(isTold ? unproved(proof) : []),
      ...(isTold && proof !== undefined && isProved(proof) ? otherContent(content, proof, state) : []),
      ...(pausedUntil !== undefined && pausedUntil > now
        ? [`the host was paused by hand until ${said(pausedUntil)}: no deploy reaches it, and nothing is put right`]
        : []),
      ...(isLeft && lasts
        ? [`the host says that others changed it, and that it cannot put this right: ${left?.what}`]
        : []),
      ...(leftAloneUntil !== undefined && leftAloneUntil > now
        ? [
            `the host says that others change it again and again: it leaves that alone until ${said(leftAloneUntil)}. Find the other program`,
          ]
        : []),
    ],
    notes: [
      ...(isWaiting ? ['a deploy is running: the host has not reported this content yet'] : []),
      ...(isLeft && !lasts ? [`the host could not yet put right what others changed: ${left.what}`] : []),
      ...(mended === undefined
        ? []
        : [`the host put right what others changed, last at ${said(mended.time)}: ${mended.what}`]),
    ],
  };
}

function isProved({ status }: HostProof): boolean {
  return /^(CREATE|UPDATE)_COMPLETE$/.test(status);
}

function unproved(proof: HostProof | undefined): readonly string[] {
  if (proof === undefined) return ['CloudFormation has no report of the host that this content runs: deploy again'];
  if (isProved(proof) || proof.status.endsWith('_IN_PROGRESS')) return [];
  return [`the host did not report that this content runs: ${proof.status} ${proof.reason ?? ''}`.trim()];
}

function otherContent(content: string, proof: HostProof, { runs }: HostState): readonly string[] {
  if (runs === undefined || isSame(runs.content, content)) return [];
  if (runs.since.getTime() <= proof.time.getTime() + MARGIN) return [];
  return [
    `the host must run content ${content.slice(0, 16)}, and says that it runs ${runs.content.slice(0, 16)} since ${said(runs.since)}: somebody ran \`portway rollback\` on it. Its next boot, or the next deploy of other content, ends that`,
  ];
}

/** One of them may be cut. */
function isSame(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function said(time: Date): string {
  return time.toISOString().replace('.000', '');
}
