import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';
import { readAsset } from './assets';
import type { HostContent } from './host-content';
import type { HostFile } from './host-file';
import { packSections, section } from './pack';
import {
  FETCHERS,
  fetchFiles,
  MAX_PARAMETERS,
  type ParameterArchive,
  parameterArchive,
  parameterSettings,
} from './parameters';

/** What EC2 takes, before base64. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
export const USER_DATA_LIMIT = 16_384;

/**
 * How many bytes are kept for the signal's URL, which is known only at deploy time. It names the stack and the handle, and four times
 * the region; 467 characters were seen for a stack of 4, a handle of 17 and a region of 10. Regions of 16, a partition's longer name and
 * domain, and a little more are counted in.
 */
export function signalUrlReserve(names: { readonly stack: string; readonly handleLength: number }): number {
  return 520 + lengthOf(names.stack) + names.handleLength;
}

/** A name that is known only at deploy time has at most 128 characters. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
function lengthOf(stack: string): number {
  return isToken(stack) ? 128 : stack.length;
}

/** What is known only once the content is: which content this is, where the host reports about it, and whose it is. */
export interface ContentIdentity {
  /** Hash over all that the host must prove. */
  readonly content: string;
  /** Presigned URL of the wait condition handle; a token. */
  readonly signalUrl: string;
  /** Bytes that are kept for that URL: see `signalUrlReserve`. */
  readonly signalUrlReserve: number;
  /** Which try this is; a failing host names the next one, since the same content under the same ids may read an old signal. */
  readonly attempt: number;
  /** The stack's name, which parameters bear; may be a token. Default: Portway. */
  readonly stack?: string;
}

export interface UserData {
  /** The MIME text; it still holds the signal URL's token. */
  readonly text: string;
  /** Bytes, with the whole reserve counted for the URL. */
  readonly size: number;
  readonly reserve: number;
  /** Whether rules and team files had to be compressed. */
  readonly compressed: boolean;
  /** What the host reads from Parameter Store besides; undefined where all has room in user-data. */
  readonly archive?: ParameterArchive;
}

/** Scripts of assets/ that bring a host its files, and are none of them. */
export const CARRIERS = ['portway.sh', ...FETCHERS] as const;

const BOUNDARY = 'portway';
const DEFAULT_STACK = 'Portway';

/**
 * User-data of one fixed shape: a multipart with one shell part, of a type that cloud-init runs at every boot, under one
 * file name for ever. (cloud-init never removes a part that it once wrote, so a second name would go on running.)
 * The part is the static script of assets/, then the files that it puts on the host: what a reviewer reads as plain text, the rest
 * as one archive, since scripts have much in common. What has no room at all is read from Parameter Store: the archive then holds
 * the program that does it.
 * @see https://docs.cloud-init.io/en/latest/explanation/format.html
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
    // Rules are plain lines for as long as they can be: `cdk diff` shows a changed one as a changed line. So scripts go first.
    () => spread(content, identity, []),
    () => spread({ ...content, files: files.map(withoutComments) }, identity, []),
    // Then what keeps values of the deployment, and so must stay, has all the room.
    () => assemble(files, content, identity, true),
    () => assemble(files.flatMap(withoutComfort), content, identity, true),
    // Where there are too many rules, the largest file goes first.
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

/** A file without its comments, and none of those that are only there for people. */
function withoutComfort(file: HostFile): readonly HostFile[] {
  return file.optional === true ? [] : [withoutComments(file)];
}

/** What is rendered, without comments but those that are a forward's name alone. */
function withoutComments(file: HostFile): HostFile {
  return file.origin === 'rules' ? { ...file, text: file.text.replace(/^\s*# (?![\w-]+$).*\n/gm, '') } : file;
}

/** Files other than scripts that need not stay in user-data, the largest first. */
function bySize(files: readonly HostFile[]): readonly HostFile[] {
  const movable = files.filter((file) => file.origin !== 'script' && isPacked(file, true));
  return movable.toSorted((a, b) => b.text.length - a.text.length);
}

/**
 * With scripts and `more` in parameters, and in their place what reads them. Scripts alone make parameters that no change of a rule
 * touches.
 */
function spread(content: HostContent, identity: ContentIdentity, more: readonly HostFile[]): UserData {
  const away = content.files.filter((file) => file.origin === 'script' || more.includes(file));
  const archive = parameterArchive(away, identity.stack ?? DEFAULT_STACK);
  const settings = { ...content.settings, ...parameterSettings(archive) };
  const files = [...content.files.filter((file) => !away.includes(file)), ...fetchFiles()];
  return { ...assemble(files, { files, settings }, identity, false), compressed: more.length > 0, archive };
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
  const text = `Content-Type: multipart/mixed; boundary="${BOUNDARY}"
MIME-Version: 1.0

--${BOUNDARY}
Content-Type: text/x-shellscript-per-boot
Content-Disposition: attachment; filename="portway.sh"

${readAsset('portway.sh')}${plain.join('')}${archive}
--${BOUNDARY}--
`;
  return { text, size: sizeOf(text, identity), reserve: identity.signalUrlReserve, compressed: compress };
}

/** Tokens are counted with the longest that may stand in their place. */
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
  // Values are names, ports, hashes and a URL: none holds a quote, which user-data's tests assert.
  const text = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
  // Whoever has the URL can signal in the host's place.
  return { path: '/etc/portway/portway.env', mode: '0600', text: text.join(''), origin: 'rules' };
}

/**
 * Scripts are read and reviewed in assets/. User-data is ASCII, and no line of it may look like a boundary. A token must stay
 * readable, or nobody could fill it in.
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
    ['assets/portway.sh', Buffer.byteLength(readAsset('portway.sh'))] as const,
    ...sizes,
    ["the signal's URL", identity.signalUrlReserve] as const,
  ];
  return all.toSorted((a, b) => b[1] - a[1]);
}
