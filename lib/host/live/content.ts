import { createHash } from 'node:crypto';
import type { Problems } from '../../forward/problems';
import { withoutComfort, withoutComments } from '../comfort';
import type { HostContent } from '../host-content';
import type { HostFile } from '../host-file';
import { PARAMETER_LIMIT } from '../parameters';
import { canBePacked, canBePlain, type Part, packedParts, plainParts } from './parts';

/** The instance's tag with the content that a running host must have. */
export const CONTENT_TAG = 'portway:content';

/** A host's content as stored in Parameter Store. */
export interface LiveContent {
  /** Sorted by name. */
  readonly parts: readonly Part[];
  /** One line for each part: the first 32 hexadecimal digits of its SHA-256, and its name. */
  readonly list: string;
  /** SHA-256 of the list in hexadecimal digits. Identifies the content in the pointer, the instance's tag and the host's report. */
  readonly content: string;
  /** Tokens whose values the parts' placeholders stand for. */
  readonly values: readonly string[];
}

/** What a pointer contains in addition to its content. */
export interface PointerProps {
  /** The stack's name. */
  readonly stack: string;
  /** Logical id of the condition that waits for this content. */
  readonly condition: string;
  /** See `ContentIdentity`. */
  readonly attempt: number;
}

/** The bytes reserved for a token's value in the pointer: enough for addresses, AWS host names and common ARNs. */
const LONGEST_VALUE = 128;

/**
 * How much too high the estimated size in a template may be. Within this margin, the CDK CLI reports that the template
 * is too large.
 */
const ESTIMATE_ERROR = 1000;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LONGEST_LOGICAL_ID = 255;
const LONGEST_STACK = 128;

/** Bytes for the pointer's list and values. */
const POINTER_ROOM =
  PARAMETER_LIMIT -
  Buffer.byteLength(
    `${header({ content: 'x'.repeat(64), values: [] }, { stack: 'x'.repeat(LONGEST_STACK), condition: 'x'.repeat(LONGEST_LOGICAL_ID), attempt: 1_000_000 })}\n`,
  );

/**
 * The content in parts: rules, settings and the team's files as plain lines, the rest packed. If there are more parts
 * than a pointer can list, or they exceed `room`, the largest plain files are packed too.
 *
 * @param room bytes that the parts may take in the template; files that cannot be packed may exceed it. Default: no
 * limit
 */
export function liveContent(content: HostContent, problems: Problems, room = Number.POSITIVE_INFINITY): LiveContent {
  const files = [settingsFile(content), ...content.files];
  for (const file of files.filter((one) => !isPlain(one) && !canBePacked(one)))
    problems.add(
      `content of ${file.path}`,
      `must be ASCII with lines of less than ${PARAMETER_LIMIT} bytes, since it has values that are known only at deploy time`,
    );
  // Only to fit into a template without a bucket: comments are removed, then the files that forwarding does not depend on.
  const smaller = room === Number.POSITIVE_INFINITY ? [] : [files.map(withoutComments), files.flatMap(withoutComfort)];
  const variants = [files, ...smaller];
  for (const variant of variants) {
    const found = divisions(variant).find((live) => pointerSize(live) <= POINTER_ROOM && templateSize(live) <= room);
    if (found !== undefined) return found;
  }
  const smallest = divisions(variants.at(-1) ?? files).at(-1) as LiveContent;
  if (templateSize(smallest) > room + ESTIMATE_ERROR)
    problems.add(
      'content',
      `must be at most ${room} bytes in a template that is sent without a bucket: bootstrap the account and leave out bootstrapless, use one engine for all forwards, or onChange 'restart'. Parts: ${breakdown(smallest)}`,
      `${templateSize(smallest)} bytes`,
    );
  if (pointerSize(smallest) <= POINTER_ROOM) return smallest;
  problems.add(
    'content',
    `must be at most ${POINTER_ROOM} bytes in its list of parts, with ${LONGEST_VALUE} for each value that is known only at deploy time (${smallest.values.length} of them); shorten firstBootScript (let it fetch what it needs) or split the forwards over two stacks. Parts: ${breakdown(smallest)}`,
    `${pointerSize(smallest)} bytes`,
  );
  return smallest;
}

/** All as plain as possible, then with more and more files packed, the largest first. */
function divisions(files: readonly HostFile[]): readonly LiveContent[] {
  const plain = files.filter(isPlain);
  const movable = plain.filter(canBePacked).toSorted((a, b) => b.text.length - a.text.length);
  return [undefined, ...movable].map((_, count) => {
    const packed = movable.slice(0, count);
    return divided(
      files,
      plain.filter((file) => !packed.includes(file)),
    );
  });
}

function isPlain(file: HostFile): boolean {
  return file.origin !== 'script' && canBePlain(file);
}

/** The pointer's text: a line of JSON, then the list of parts. Every token of the content is in the first line. */
export function pointerText(live: LiveContent, props: PointerProps): string {
  return `${header(live, props)}\n${live.list}`;
}

function header(
  { content, values }: Pick<LiveContent, 'content' | 'values'>,
  { stack, condition, attempt }: PointerProps,
): string {
  return JSON.stringify({ content, live: condition, stack, ...(attempt === 0 ? {} : { attempt }), values });
}

/** The prefix of a stack's parts. Names stay the same, and parts are updated in place. */
export function partPlace(stack: string): string {
  return `/portway/${stack}`;
}

/** The pointer of one generation, so that a host never learns of content for its successor. */
export function pointerName(stack: string, generation: string): string {
  return `${partPlace(stack)}/${generation}/now`;
}

function divided(files: readonly HostFile[], plain: readonly HostFile[]): LiveContent {
  const values: string[] = [];
  const parts = [
    ...plain.flatMap((file) => plainParts(file, values)),
    ...packedParts(files.filter((file) => !plain.includes(file) && canBePacked(file))),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const list = parts.map(({ name, value }) => `${digest(value).slice(0, 32)} ${name}`).join('\n');
  return { parts, list, content: digest(list), values };
}

/** The settings without what the host adds itself: content, attempt, and where it reports. */
function settingsFile({ settings }: HostContent): HostFile {
  const text = Object.entries(settings).map(([key, value]) => `${key}='${value}'\n`);
  // The host adds the signal's URL, and anyone with it can signal in the host's name.
  return { path: '/etc/portway/portway.env', mode: '0600', text: text.join(''), origin: 'rules' };
}

function pointerSize({ list, values }: LiveContent): number {
  return Buffer.byteLength(list) + values.length * (LONGEST_VALUE + '"",'.length);
}

/** The approximate bytes in a YAML template: a parameter's name and tier, and each line's indentation and quotes. */
function templateSize({ parts, list }: LiveContent): number {
  const texts = [...parts.map(({ value }) => value), list];
  return texts.reduce((sum, text) => sum + 180 + text.length + 17 * (text.split('\n').length - 1), 0);
}

/** The five files with the most parts. */
function breakdown({ parts }: LiveContent): string {
  const counts = new Map<string, number>();
  for (const { name } of parts) {
    const file = name.replace(/\.\d+$/, '');
    counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  const largest = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, 5);
  return largest.map(([file, count]) => `${file} ${count}`).join(', ');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
