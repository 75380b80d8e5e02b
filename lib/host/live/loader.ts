import { deflate } from 'pako';
import { PROGRAMS, readAsset } from '../assets';
import { encodeBase85 } from '../base85';
import { mimeMessage } from '../mime';

/** The most bytes of user-data for a loader, including its reserve. */
export const LOADER_LIMIT = 4096;

/** Files of assets/ that fetch a host's content. */
export const LOADERS = [`${PROGRAMS}/loader.sh`, `${PROGRAMS}/live_fetch.py`] as const;

export interface LoaderProps {
  /** Name of the pointer; may hold tokens. */
  readonly pointer: string;
  /** Where the first boot reports; a token. */
  readonly signalUrl: string;
  /** Default: the files of assets/. */
  readonly scripts?: { readonly loader: string; readonly fetch: string };
}

/**
 * User-data of a host whose content is in Parameter Store: the loader, and the packed program that fetches the content.
 * It is the same for all contents of a stack, so changed forwards never restart the host.
 */
export function renderLoader({ pointer, signalUrl, scripts = readLoaders() }: LoaderProps): string {
  const script = scripts.loader
    .replace(/^PORTWAY_POINTER=''$/m, () => `PORTWAY_POINTER='${pointer}'`)
    .replace(/^PORTWAY_SIGNAL_URL=''$/m, () => `PORTWAY_SIGNAL_URL='${signalUrl}'`);
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
