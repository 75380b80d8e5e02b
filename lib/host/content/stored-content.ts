import type { Problems } from '../../forward/problems';
import { isExtra, isSandbox, isTool, withoutComfort, withoutComments } from '../comfort';
import type { HostContent } from '../host-content';
import type { HostFile } from '../host-file';
import {
  type Division,
  divide,
  dividePlain,
  fewestPacked,
  fewestThat,
  isPlain,
  LONGEST_VALUE,
  listSize,
  MAX_PARTS,
  partSize,
  pointerSize,
  templateSize,
} from './division';
import { canBePacked, digest, PARAMETER_LIMIT, type Part } from './parts';

/** The instance's tag with the content that a running host must have. */
export const CONTENT_TAG = 'portway:content';

/** A host's content as stored in Parameter Store. */
export interface StoredContent extends Division {
  /**
   * SHA-256 of the list in hexadecimal digits. Identifies the content in the pointer, the host's report, and the instance's tag or
   * user-data.
   */
  readonly content: string;
}

/**
 * Bytes of a template that is sent without a bucket.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export const TEMPLATE_LIMIT = 51_200;

/** What a pointer contains in addition to its content. */
export interface PointerProps {
  /** The condition that waits for this content, with onChange 'live': its logical id, and its stack's name. */
  readonly live?: { readonly condition: string; readonly stack: string };
  /** The number of this attempt. A failing host suggests the next one, since the same content with the same ids may read an old signal. */
  readonly attempt: number;
}

export interface StoreProps {
  /**
   * Bytes that the parts may take in the template; files that cannot be packed may exceed it. Default: no limit.
   */
  readonly room?: number;
  /** Bytes of the template that the content of the stack's other gateways takes. Default: 0. */
  readonly others?: number;
  /** Whether the host applies changes while it runs. Default: false. */
  readonly isLive?: boolean;
  /** Whether the host is one of a fleet's. Default: false. */
  readonly inFleet?: boolean;
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LONGEST_LOGICAL_ID = 255;
const LONGEST_STACK = 128;

/**
 * How much too high the estimated size in a template may be. Within this margin, the CDK CLI reports that the template
 * is too large.
 */
const ESTIMATE_ERROR = 1000;

/** How much must be left of the room in a template for extras to go into it. */
const EXTRA_SPARE = 2000;

/** The same for limits of services, without live changes: such a template fits as indented JSON too, which takes more. */
const LIMITS_SPARE = 1000;

/** Bytes for the pointer's list and values. */
const POINTER_ROOM =
  PARAMETER_LIMIT -
  Buffer.byteLength(
    `${header({ content: 'x'.repeat(64), values: [] }, { live: { stack: 'x'.repeat(LONGEST_STACK), condition: 'x'.repeat(LONGEST_LOGICAL_ID) }, attempt: 1_000_000 })}\n`,
  );

/**
 * The content in parts: rules, settings and the team's files as plain lines, the rest packed. If there are too many
 * parts, or they exceed the room in the template, the largest plain files are packed too.
 */
export function storedContent(
  content: HostContent,
  problems: Problems,
  { room = Number.POSITIVE_INFINITY, others = 0, isLive = false, inFleet = false }: StoreProps = {},
): StoredContent {
  const files = [settingsFile(content), ...content.files];
  for (const file of files.filter((one) => !isPlain(one) && !canBePacked(one)))
    problems.add(
      `content of ${file.path}`,
      `must be ASCII with lines of less than ${PARAMETER_LIMIT} bytes, since it has values that are known only at deploy time`,
    );
  const isSmall = (one: Division, spare: number) =>
    one.parts.length <= MAX_PARTS && pointerSize(one) <= POINTER_ROOM && templateSize(one) <= room - spare;
  const plainFits: Fits = (some, count, spare = 0) => isSmall(dividePlain(some, count), spare);
  // If the plain files alone take too much, nothing is packed to learn it.
  const fits: Fits = (some, count, spare = 0) => plainFits(some, count, spare) && isSmall(divide(some, count), spare);
  const choice = mostReadable({ fits, plainFits, limitsSpare: isLive ? 0 : LIMITS_SPARE }, files);
  const division = divide(choice?.files ?? files.flatMap(withoutComfort), choice?.count ?? files.length);
  if (choice === undefined && !isSmall(division, 0)) reportSize(division, { room, others, isLive, inFleet }, problems);
  return { ...division, content: digest(division.list) };
}

/** Whether files fit with so many of the plain ones packed, and with bytes to spare in the template. Default: none. */
type Fits = (files: readonly HostFile[], count: number, spare?: number) => boolean;

interface Room {
  readonly fits: Fits;
  /** Whether the plain files alone do. */
  readonly plainFits: Fits;
  /** Bytes that must be left where limits of services go in. */
  readonly limitsSpare: number;
}

/** The files, and how many plain ones must be packed. */
interface Choice {
  readonly files: readonly HostFile[];
  readonly count: number;
}

/**
 * The most readable division that fits, with the limits of services where nothing else has to go for them, and with extras where much room
 * is left.
 */
function mostReadable(room: Room, all: readonly HostFile[]): Choice | undefined {
  const { fits, limitsSpare } = room;
  if (fits(all, 0, EXTRA_SPARE)) return { files: all, count: 0 };
  const files = all.filter((file) => !isExtra(file));
  if (fits(files, 0, limitsSpare)) return { files, count: 0 };
  const limits = files.filter(isSandbox);
  const found = withoutLimits(
    room,
    files.filter((file) => !isSandbox(file)),
    limits,
  );
  if (found === undefined) return undefined;
  const limited = [...found.files, ...limits];
  return fits(limited, found.count, limitsSpare) ? { ...found, files: limited } : found;
}

/**
 * Lines that `cdk diff` shows count for more than comments, which `Portway.rules.txt` has too; and comments for more than files that
 * forwarding does not depend on. Tools go first.
 */
function withoutLimits(
  { fits, plainFits, limitsSpare }: Room,
  all: readonly HostFile[],
  limits: readonly HostFile[],
): Choice | undefined {
  const files = all.filter((file) => !isTool(file));
  for (const some of [all, files]) if (fits(some, 0)) return { files: some, count: 0 };
  for (const smaller of [files.map(withoutComments), files.flatMap(withoutComfort)]) {
    const least = fewestThat(smaller, (packed) => plainFits(smaller, packed));
    if (least === undefined) continue;
    // Most often so many are enough for everything, and each packing that is spared is a second with thousands of forwards.
    if (fits([...files, ...limits], least, limitsSpare)) return { files, count: least };
    const count = fewestPacked(smaller, least, (packed) => fits(smaller, packed));
    if (count === undefined) continue;
    return { files: fits(files, count) ? files : smaller, count };
  }
  return undefined;
}

/** The pointer's text: a line of JSON, then the list of parts. Every token of the content is in the first line. */
export function pointerText(stored: StoredContent, props: PointerProps): string {
  return `${header(stored, props)}\n${stored.list}`;
}

function header(
  { content, values }: Pick<StoredContent, 'content' | 'values'>,
  { live, attempt }: PointerProps,
): string {
  const waiting = live === undefined ? {} : { live: live.condition, stack: live.stack };
  return JSON.stringify({ content, ...waiting, ...(attempt === 0 ? {} : { attempt }), values });
}

/**
 * The prefix of a gateway's parts. Names stay the same, and parts are updated in place.
 * @param gateway the gateway's name: that of its stack, with a suffix if the stack may have several
 */
export function partPlace(gateway: string): string {
  return `/portway/${gateway}`;
}

/** The pointer of one generation, so that a host never learns of content for its successor. */
export function pointerName(gateway: string, generation: string): string {
  return `${partPlace(gateway)}/${generation}/now`;
}

/** The settings without what the host adds itself: content, attempt, and where it reports. */
function settingsFile({ settings }: HostContent): HostFile {
  const text = Object.entries(settings).map(([key, value]) => `${key}='${value}'\n`);
  // The host adds the signal's URL, and anyone with it can signal in the host's name.
  return { path: '/etc/portway/portway.env', mode: '0600', text: text.join(''), origin: 'rules' };
}

function reportSize(
  division: Division,
  { room, others, isLive, inFleet }: Required<StoreProps>,
  problems: Problems,
): void {
  const [list, template] = [pointerSize(division), templateSize(division)];
  const parts = `Parts: ${breakdown(division, () => 1)}`;
  const other = isLive ? "set onChange 'restart'" : 'split the forwards over two stacks';
  const alone = others > 0 ? 'give each gateway a stack of its own' : other;
  // No fleet fits without the bucket, whatever it contains.
  const way = inFleet ? '' : `, or ${alone}`;
  const why = isLive && !inFleet ? "with onChange 'live', the default, " : '';
  const shared = others > 0 ? `, with ${others} for the content of its other gateways` : '';
  if (template > room + ESTIMATE_ERROR)
    problems.add(
      'content',
      `must be at most ${room} bytes ${why}in a template that is sent without a bucket: bootstrap the account and leave out -c bootstrapless=true${way}. The template may have ${TEMPLATE_LIMIT} bytes: about ${TEMPLATE_LIMIT - room} for its other resources${shared}, ${breakdown(division, partSize)} and ${listSize(division)} for the list of files`,
      `${template} bytes`,
    );
  const shorten = 'shorten firstBootScript (let it fetch what it needs) or split the forwards over two stacks';
  if (division.parts.length > MAX_PARTS)
    problems.add('content', `must have at most ${MAX_PARTS} parts; ${shorten}. ${parts}`, division.parts.length);
  if (list > POINTER_ROOM)
    problems.add(
      'content',
      `must be at most ${POINTER_ROOM} bytes in its list of files, with ${LONGEST_VALUE} for each value that is known only at deploy time (${division.values.length} of them); ${shorten}`,
      `${list} bytes`,
    );
}

/** The five largest files, each with the sum over its parts. */
function breakdown({ parts }: Division, size: (part: Part) => number): string {
  const sums = new Map<string, number>();
  for (const part of parts) {
    const file = part.name.replace(/\.\d+$/, '');
    sums.set(file, (sums.get(file) ?? 0) + size(part));
  }
  const largest = [...sums].toSorted((a, b) => b[1] - a[1]).slice(0, 5);
  return largest.map(([file, sum]) => `${file} ${sum}`).join(', ');
}
