import { deflate } from 'pako';
import { PROGRAMS, readAsset } from '../assets';
import { encodeBase85 } from '../base85';
import { mimeMessage } from './mime';

/** Files of assets/ that fetch a host's content. */
export const LOADERS = [`${PROGRAMS}/loader.sh`, `${PROGRAMS}/fetch.py`] as const;

export interface LoaderProps {
  /** Name of the pointer; may hold tokens. */
  readonly pointer: string;
  /** Where the first boot reports; a token. */
  readonly signalUrl: string;
  /**
   * The content that the host may run, with the values in it that are known only at deploy time; so new content changes
   * user-data. Default: the content of the instance's tag.
   */
  readonly only?: { readonly content: string; readonly values: readonly string[] };
  /** Default: the files of assets/. */
  readonly scripts?: { readonly loader: string; readonly fetch: string };
}

/**
 * User-data: the loader, and the packed program that fetches the content from Parameter Store. Without `only` it is the
 * same for all contents of a stack, so changed forwards never restart the host.
 */
export function renderLoader({ pointer, signalUrl, only, scripts = readLoaders() }: LoaderProps): string {
  const names = only === undefined ? pointer : `${pointer} ${only.content}`;
  const values = (only?.values ?? []).map((value) => `# value: ${value}\n`);
  const script = scripts.loader
    .replace(/^PORTWAY_POINTER=''$/m, () => `PORTWAY_POINTER='${names}'`)
    .replace(/^PORTWAY_SIGNAL_URL=''\n/m, () => `PORTWAY_SIGNAL_URL='${signalUrl}'\n${values.join('')}`);
  return mimeMessage(`${script}#portway-fetch\n${pack(scripts.fetch)}`);
}

function readLoaders() {
  const [loader, fetch] = LOADERS;
  return { loader: readAsset(loader), fetch: readAsset(fetch) };
}

/** Lines of 900 characters. pako, since the output of Node's zlib differs between versions. */
function pack(text: string): string {
  const packed = deflate(Buffer.from(text), { level: 9, memLevel: 9 });
  return encodeBase85(packed).replace(/.{1,900}/g, '$&\n');
}
