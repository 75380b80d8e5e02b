import { Stack } from 'aws-cdk-lib';
import { LONGEST_VALUE } from '../host/content/division';
import { renderLoader } from '../host/content/loader';
import { pointerName, type StoredContent } from '../host/content/stored-content';
import { signalUrlReserve, type UserData } from '../host/content/user-data';
import type { ContentStore } from './content-store';
import { GENERATION_DIGITS, type Proof } from './proof';

export interface UserDataProps {
  /** The gateway's name: see `gatewayName`. */
  readonly name: string;
  readonly stored: StoredContent;
  /** Where the content is. */
  readonly store: ContentStore;
  /** The proof of the host's boot. */
  readonly boot: Proof;
  /** See `UserData`. If not, user-data is the same for all contents. */
  readonly namesContent: boolean;
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
  const reserve = signalUrlReserve({ stack: Stack.of(store).stackName, handleLength });
  const tokens = [signalUrl, generation, ...(namesContent ? values : [])];
  const known = tokens.reduce((rest, token) => rest.replace(token, ''), text);
  const size = Buffer.byteLength(known) + GENERATION_DIGITS + reserve + LONGEST_VALUE * (tokens.length - 2);
  return { text, size, reserve, parameters: store.names, content, namesContent };
}
