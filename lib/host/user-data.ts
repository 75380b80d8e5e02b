import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';
import { BOOT_SCRIPT, readAsset } from './assets';
import { withoutComfort, withoutComments } from './comfort';
import type { HostContent } from './host-content';
import type { HostFile } from './host-file';
import { mimeMessage } from './mime';
import { packSections, section } from './pack';
import {
  FETCHERS,
  fetchFiles,
  MAX_PARAMETERS,
  type ParameterArchive,
  parameterArchive,
  parameterNames,
  parameterSettings,
} from './parameters';

/** EC2's limit in bytes, before base64. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
export const USER_DATA_LIMIT = 16_384;

/**
 * Bytes reserved for the signal's URL, which is known only at deploy time. It contains the names of the stack and the handle, and the
 * region four times. A measured URL has 467 characters, with a stack name of 4, a handle of 17 and a region of 10. The reserve allows
 * for regions of 16, for partitions with longer names and domains, and for a small margin.
 */
export function signalUrlReserve(names: { readonly stack: string; readonly handleLength: number }): number {
  return 520 + lengthOf(names.stack) + names.handleLength;
}

/** A stack's name has at most 128 characters. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
function lengthOf(stack: string): number {
  return isToken(stack) ? 128 : stack.length;
}

/** Identifies the content: its hash, where the host reports, and which stack it belongs to. */
export interface ContentIdentity {
  /** Hash of everything that the host must prove. */
  readonly content: string;
  /** Presigned URL of the wait condition's handle; a token. */
  readonly signalUrl: string;
  /** Bytes reserved for that URL: see `signalUrlReserve`. */
  readonly signalUrlReserve: number;
  /**
   * The number of this attempt. A failing host suggests the next one, since the same content with the same ids may read
   * an old signal.
   */
  readonly attempt: number;
  /** The stack's name, used in the parameters' names; may be a token. Default: Portway. */
  readonly stack?: string;
}

export interface UserData {
  /** The MIME text. The signal's URL is still a token. */
  readonly text: string;
  /** Bytes, counting the whole reserve for the URL. */
  readonly size: number;
  readonly reserve: number;
  /** Whether rules and team files had to be compressed. */
  readonly compressed: boolean;
  /** Files that the host reads from Parameter Store; undefined if everything fits into user-data, and for a live host. */
  readonly archive?: ParameterArchive;
  /** Names of the parameters that the host reads its content from; undefined without any. */
  readonly parameters?: readonly string[];
  /** SHA-256 of a live host's content, which user-data does not hold. */
  readonly content?: string;
}

/** Files of assets/ that deliver the host's files. */
export const CARRIERS = [BOOT_SCRIPT, ...FETCHERS];

const DEFAULT_STACK = 'Portway';

/**
 * User-data is one shell part (see `mimeMessage`): the static script of assets/, then the files that it writes on the host, those for
 * reviewers as plain text and the rest in one compressed archive. Files that still do not fit go to Parameter Store; the archive then
 * contains the program that fetches them.
 */
export function renderUserData(
  content: HostContent,
  identity: ContentIdentity,
  problems: Problems,
  limit = USER_DATA_LIMIT,
): UserData {
  const { files } = content;
  const ways = [
    () => assemble(files, content, identity, false),
    // Scripts move out first, so that rules stay plain text for as long as possible: `cdk diff` shows a changed rule as one line.
    () => spread(content, identity, []),
    () => spread({ ...content, files: files.map(withoutComments) }, identity, []),
    // Then everything in user-data, compressed: files with deploy-time values cannot move out.
    () => assemble(files, content, identity, true),
    () => assemble(files.flatMap(withoutComfort), content, identity, true),
    // Then move out rules and team files, the largest first.
    ...bySize(files).map((_, i, all) => () => spread(content, identity, all.slice(0, i + 1))),
  ];
  let last: UserData | undefined;
  for (const way of ways) {
    last = way();
    if (last.size <= limit && (last.archive?.values.length ?? 0) <= MAX_PARAMETERS) return last;
  }
  const rendered = last as UserData;
  const parts = breakdown(content, identity).map(([name, bytes]) => `${name} ${bytes}`);
  problems.add(
    'user-data',
    `must be at most ${limit} bytes with at most ${MAX_PARAMETERS} parameters besides; shorten firstBootScript (let it fetch what it needs) or split the forwards over two stacks. Files with values that are known only at deploy time stay in user-data. Bytes, each compressed by itself: ${parts.join(', ')}`,
    `${rendered.size} bytes and ${rendered.archive?.values.length ?? 0} parameters`,
  );
  return rendered;
}

/** Files other than scripts that may move out of user-data, the largest first. */
function bySize(files: readonly HostFile[]): readonly HostFile[] {
  const movable = files.filter((file) => file.origin !== 'script' && isPacked(file, true));
  return movable.toSorted((a, b) => b.text.length - a.text.length);
}

/**
 * Moves scripts and `more` into parameters, and adds the files that fetch them. With scripts alone, a changed rule does not change
 * the parameters.
 */
function spread(content: HostContent, identity: ContentIdentity, more: readonly HostFile[]): UserData {
  const carried = fetchFiles();
  const isCarried = ({ path }: HostFile) => carried.some((file) => file.path === path);
  const away = content.files.filter((file) => (file.origin === 'script' && !isCarried(file)) || more.includes(file));
  const archive = parameterArchive(away, identity.stack ?? DEFAULT_STACK);
  const settings = { ...content.settings, ...parameterSettings(archive) };
  const files = [...content.files.filter((file) => !away.includes(file) && !isCarried(file)), ...carried];
  return {
    ...assemble(files, { files, settings }, identity, false),
    compressed: more.length > 0,
    archive,
    parameters: parameterNames(archive),
  };
}

function assemble(
  carried: readonly HostFile[],
  content: HostContent,
  identity: ContentIdentity,
  compress: boolean,
): UserData {
  const files = [environment(content, identity), ...carried];
  const plain = files.filter((file) => !isPacked(file, compress)).map(section);
  const archive = `#portway-archive\n${packSections(files.filter((file) => isPacked(file, compress)))}`;
  const text = mimeMessage(`${readAsset(BOOT_SCRIPT)}${plain.join('')}${archive}`);
  return { text, size: sizeOf(text, identity), reserve: identity.signalUrlReserve, compressed: compress };
}

/** Counts tokens with the longest value that they may have. */
function sizeOf(text: string, { signalUrl, signalUrlReserve, stack = DEFAULT_STACK }: ContentIdentity): number {
  const rest = text.replace(signalUrl, '');
  const names = isToken(stack) ? rest.split(stack).length - 1 : 0;
  return Buffer.byteLength(rest) + signalUrlReserve + names * (lengthOf(stack) - stack.length);
}

function environment({ settings }: HostContent, { content, signalUrl, attempt }: ContentIdentity): HostFile {
  const all = {
    PORTWAY_CONTENT: content,
    PORTWAY_SIGNAL_URL: signalUrl,
    ...(attempt === 0 ? {} : { PORTWAY_ATTEMPT: attempt }),
    ...settings,
  };
  // Values are names, ports, hashes and a URL. None contains a quote; tests assert that.
  const text = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
  // Anyone with the URL can signal in the host's name.
  return { path: '/etc/portway/portway.env', mode: '0600', text: text.join(''), origin: 'rules' };
}

/**
 * Scripts are reviewed in assets/. User-data must be ASCII, and no line may look like a boundary. Files with tokens must stay plain,
 * or CloudFormation could not fill them in.
 */
function mustPack({ origin, packed = false, text }: HostFile): boolean {
  return (
    origin === 'script' || (packed && !isToken(text)) || /[^\n\t\x20-\x7e]|^(--portway|#portway-archive$)/m.test(text)
  );
}

function isPacked(file: HostFile, compress: boolean): boolean {
  return mustPack(file) || (compress && !isToken(file.text));
}

function breakdown(content: HostContent, identity: ContentIdentity): readonly (readonly [string, number])[] {
  const sizes = content.files.map((file) => [file.path, packSections([file]).length] as const);
  const all = [
    ['portway.sh', Buffer.byteLength(readAsset(BOOT_SCRIPT))] as const,
    ...sizes,
    ["the signal's URL", identity.signalUrlReserve] as const,
  ];
  return all.toSorted((a, b) => b[1] - a[1]);
}
