import { gzipSync, strToU8 } from 'fflate';
import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';
import { readAsset } from './assets';
import type { HostContent } from './host-content';
import type { HostFile } from './host-file';

/** What EC2 takes, before base64. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
export const USER_DATA_LIMIT = 16_384;

/** The signal's URL is known only at deploy time; the longest that a stack's names allow is about 830 characters. */
export const SIGNAL_URL_RESERVE = 900;

/** What is known only once the content is: which content this is, and where the host reports about it. */
export interface ContentIdentity {
  /** Hash over all that the host must prove. */
  readonly content: string;
  /** Presigned URL of the wait condition handle; a token. */
  readonly signalUrl: string;
  /** Which try this is; a failing host names the next one, since the same content under the same ids may read an old signal. */
  readonly attempt: number;
}

export interface UserData {
  /** The MIME text; it still holds the signal URL's token. */
  readonly text: string;
  /** Bytes, with the whole reserve counted for the URL. */
  readonly size: number;
  /** Whether rules and team files had to be compressed. */
  readonly compressed: boolean;
}

const BOUNDARY = 'portway';

/**
 * User-data of one fixed shape: a multipart with one shell part, of a type that cloud-init runs at every boot, under one
 * file name for ever. (cloud-init never removes a part that it once wrote, so a second name would go on running.)
 * The part is the static script of assets/, then the files that it puts on the host, as plain text after its last command.
 * @see https://docs.cloud-init.io/en/latest/explanation/format.html
 */
export function renderUserData(content: HostContent, identity: ContentIdentity, problems: Problems): UserData {
  const plain = assemble(content, identity, false);
  if (plain.size <= USER_DATA_LIMIT) return plain;
  const compressed = assemble(content, identity, true);
  if (compressed.size <= USER_DATA_LIMIT) return compressed;
  const parts = breakdown(content).map(([name, bytes]) => `${name} ${bytes}`);
  problems.add(
    'user-data',
    `must be at most ${USER_DATA_LIMIT} bytes; shorten firstBootScript (let it fetch what it needs) or split the forwards over two stacks. Bytes, rules compressed: ${parts.join(', ')}`,
    compressed.size,
  );
  return compressed;
}

function assemble(content: HostContent, identity: ContentIdentity, compress: boolean): UserData {
  const files = [environment(content, identity), ...content.files];
  const body = [readAsset('portway.sh'), ...files.map((file) => section(file, compress))].join('');
  const text = `Content-Type: multipart/mixed; boundary="${BOUNDARY}"
MIME-Version: 1.0

--${BOUNDARY}
Content-Type: text/x-shellscript-per-boot; charset="us-ascii"
Content-Transfer-Encoding: 7bit
Content-Disposition: attachment; filename="portway.sh"

${body}
--${BOUNDARY}--
`;
  return {
    text,
    size: Buffer.byteLength(text.replace(identity.signalUrl, '')) + SIGNAL_URL_RESERVE,
    compressed: compress,
  };
}

function environment({ settings }: HostContent, { content, signalUrl, attempt }: ContentIdentity): HostFile {
  const all = { PORTWAY_CONTENT: content, PORTWAY_SIGNAL_URL: signalUrl, PORTWAY_ATTEMPT: attempt, ...settings };
  // Values are names, ports, hashes and a URL: none holds a quote, which user-data's tests assert.
  const text = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
  return { path: '/etc/portway/portway.env', mode: '0644', text: text.join(''), origin: 'rules' };
}

/** The script reads sections from its own file: each runs to the next header. */
function section(file: HostFile, compress: boolean): string {
  return mustEncode(file) || isLargeScript(file) || (compress && file.origin !== 'script' && !isToken(file.text))
    ? `#portway-gzip ${file.mode} ${file.path}\n${encode(file.text)}`
    : `#portway-file ${file.mode} ${file.path}\n${file.text}`;
}

/** Scripts are read and reviewed in assets/, so they are what travels compressed and leaves the room to the rules. */
function isLargeScript(file: HostFile): boolean {
  return file.origin === 'script' && file.text.length > 1024;
}

/** User-data is ASCII; a line that looks like a header or a boundary would end the file before its time. */
function mustEncode(file: HostFile): boolean {
  return (
    file.origin === 'team' &&
    (/[^\n\t\x20-\x7e]/.test(file.text) || /^(#portway-(file|gzip) |--portway)/m.test(file.text))
  );
}

/**
 * gzip in base64. The library's version is pinned and it has no native part: zlib's bytes differ between versions of Node,
 * and other bytes would restart every gateway.
 */
function encode(text: string): string {
  const base64 = Buffer.from(gzipSync(strToU8(text), { level: 9, mtime: 0 })).toString('base64');
  return `${base64.replace(/(.{76})(?=.)/g, '$1\n')}\n`;
}

function breakdown(content: HostContent): readonly (readonly [string, number])[] {
  const sizes = content.files.map((file) => [file.path, Buffer.byteLength(section(file, true))] as const);
  const all = [
    ['assets/portway.sh', Buffer.byteLength(readAsset('portway.sh'))] as const,
    ...sizes,
    ["the signal's URL", SIGNAL_URL_RESERVE] as const,
  ];
  return all.toSorted((a, b) => b[1] - a[1]);
}
