import { Stack } from 'aws-cdk-lib';
import { LONGEST_VALUE } from '../host/content/division';
import { renderLoader } from '../host/content/loader';
import { pointerName, type StoredContent } from '../host/content/stored-content';
import { signalUrlReserve, type UserData } from '../host/content/user-data';
import type { ContentStore } from './content-store';
import { GENERATION_DIGITS } from './proof';

export interface UserDataProps {
  /** The gateway's name: see `gatewayName`. */
  readonly name: string;
  readonly stored: StoredContent;
  /** Where the content is. */
  readonly store: ContentStore;
  readonly boot: BootReport;
  /** See `UserData`. If not, user-data is the same for all contents. */
  readonly namesContent: boolean;
}

/** Where a boot is reported. */
export interface BootReport {
  /** A token: see `Proof`. It is in the pointer's name. */
  readonly generation: string;
  /** A token for a URL; of a fleet the text that names its group. */
  readonly signalUrl: string;
  /** Length of the handle's logical id, which is part of a URL. Undefined: it is no URL. */
  readonly handleIdLength?: number;
}

/** The loader of a host, with its size. */
export function userData({ name, stored, store, boot, namesContent }: UserDataProps): UserData {
  const { generation, signalUrl, handleIdLength: handleLength } = boot;
  const { content, values } = stored;
  const text = renderLoader({
    pointer: pointerName(name, generation),
    signalUrl,
    ...(namesContent ? { only: { content, values } } : {}),
  });
  const reserve =
    handleLength === undefined
      ? Buffer.byteLength(signalUrl)
      : signalUrlReserve({ stack: Stack.of(store).stackName, handleLength });
  const tokens = [signalUrl, generation, ...(namesContent ? values : [])];
  const known = tokens.reduce((rest, token) => rest.replace(token, ''), text);
  const size = Buffer.byteLength(known) + GENERATION_DIGITS + reserve + LONGEST_VALUE * (tokens.length - 2);
  return { text, size, reserve, parameters: store.names, content, namesContent };
}
