import { deflate } from 'pako';
import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';
import { readAsset } from './assets';
import { encodeBase85 } from './base85';
import type { HostContent } from './host-content';
import type { HostFile } from './host-file';

/** What EC2 takes, before base64. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
export const USER_DATA_LIMIT = 16_384;

/**
 * How many bytes are kept for the signal's URL, which is known only at deploy time. It names the stack and the handle, and four times
 * the region; 467 characters were seen for a stack of 4, a handle of 17 and a region of 10. Regions of 16, a partition's longer name and
 * domain, and a little more are counted in.
 */
export function signalUrlReserve(names: { readonly stack: string; readonly handle: string }): number {
  // A name that is known only at deploy time has at most 128 characters. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  const stack = isToken(names.stack) ? 128 : names.stack.length;
  return 520 + stack + names.handle.length;
}

/** What is known only once the content is: which content this is, and where the host reports about it. */
export interface ContentIdentity {
  /** Hash over all that the host must prove. */
  readonly content: string;
  /** Presigned URL of the wait condition handle; a token. */
  readonly signalUrl: string;
  /** Bytes that are kept for that URL: see `signalUrlReserve`. */
  readonly signalUrlReserve: number;
  /** Which try this is; a failing host names the next one, since the same content under the same ids may read an old signal. */
  readonly attempt: number;
}

export interface UserData {
  /** The MIME text; it still holds the signal URL's token. */
  readonly text: string;
  /** Bytes, with the whole reserve counted for the URL. */
  readonly size: number;
  readonly reserve: number;
  /** Whether rules and team files had to be compressed. */
  readonly compressed: boolean;
}

const BOUNDARY = 'portway';

/**
 * User-data of one fixed shape: a multipart with one shell part, of a type that cloud-init runs at every boot, under one
 * file name for ever. (cloud-init never removes a part that it once wrote, so a second name would go on running.)
 * The part is the static script of assets/, then the files that it puts on the host: what a reviewer reads as plain text, the rest
 * as one archive, since scripts have much in common.
 * @see https://docs.cloud-init.io/en/latest/explanation/format.html
 */
export function renderUserData(content: HostContent, identity: ContentIdentity, problems: Problems): UserData {
  const plain = assemble(content, identity, false);
  if (plain.size <= USER_DATA_LIMIT) return plain;
  const whole = assemble(content, identity, true);
  if (whole.size <= USER_DATA_LIMIT) return whole;
  // What the host can do without, before there is no room for a forward.
  const compressed = assemble({ ...content, files: content.files.flatMap(withoutComfort) }, identity, true);
  if (compressed.size <= USER_DATA_LIMIT) return compressed;
  const parts = breakdown(content, identity).map(([name, bytes]) => `${name} ${bytes}`);
  problems.add(
    'user-data',
    `must be at most ${USER_DATA_LIMIT} bytes; shorten firstBootScript (let it fetch what it needs) or split the forwards over two stacks. Bytes, each compressed by itself: ${parts.join(', ')}`,
    compressed.size,
  );
  return compressed;
}

/** A file without its comments, and none of those that are only there for people. */
function withoutComfort(file: HostFile): readonly HostFile[] {
  if (file.optional === true) return [];
  return [file.origin === 'rules' ? { ...file, text: file.text.replace(/^\s*# .*\n/gm, '') } : file];
}

function assemble(content: HostContent, identity: ContentIdentity, compress: boolean): UserData {
  const files = [environment(content, identity), ...content.files];
  const isPacked = (file: HostFile) => mustPack(file) || (compress && !isToken(file.text));
  const plain = files.filter((file) => !isPacked(file)).map(section);
  const archive = `#portway-archive\n${pack(files.filter(isPacked).map(section).join(''))}`;
  const text = `Content-Type: multipart/mixed; boundary="${BOUNDARY}"
MIME-Version: 1.0

--${BOUNDARY}
Content-Type: text/x-shellscript-per-boot
Content-Disposition: attachment; filename="portway.sh"

${readAsset('portway.sh')}${plain.join('')}${archive}
--${BOUNDARY}--
`;
  return {
    text,
    size: Buffer.byteLength(text.replace(identity.signalUrl, '')) + identity.signalUrlReserve,
    reserve: identity.signalUrlReserve,
    compressed: compress,
  };
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
  return { path: '/etc/portway/portway.env', mode: '0644', text: text.join(''), origin: 'rules' };
}

/** A file as the script finds it: so many lines after its header. */
function section({ mode, path, text }: HostFile): string {
  return `#portway-file ${mode} ${path} ${text.split('\n').length - 1}\n${text}`;
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

/**
 * zlib's format as text, with the script that unpacks it as dictionary: scripts have words in common. The library's version is pinned and it has no native part: zlib's bytes differ between versions of Node,
 * and other bytes would restart every gateway.
 */
function pack(text: string): string {
  // As far as the host finds it: up to the line break before the first file.
  const dictionary = Buffer.from(readAsset('portway.sh').slice(0, -1));
  return encodeBase85(deflate(Buffer.from(text), { level: 9, memLevel: 9, dictionary })).replace(/.{1,900}/g, '$&\n');
}

function breakdown(content: HostContent, identity: ContentIdentity): readonly (readonly [string, number])[] {
  const sizes = content.files.map((file) => [file.path, pack(section(file)).length] as const);
  const all = [
    ['assets/portway.sh', Buffer.byteLength(readAsset('portway.sh'))] as const,
    ...sizes,
    ["the signal's URL", identity.signalUrlReserve] as const,
  ];
  return all.toSorted((a, b) => b[1] - a[1]);
}
