import { createHash } from 'node:crypto';
import { assetFiles, PACKAGE, PROGRAMS } from './assets';
import type { HostFile } from './host-file';
import { packForParameters } from './pack';

/** Size limit of a parameter of the standard tier, which is free. @see https://docs.aws.amazon.com/general/latest/gr/ssm.html */
export const PARAMETER_LIMIT = 4096;

/** The most parameters of one stack: enough for some 1,000 forwards. */
export const MAX_PARAMETERS = 20;

/** Files that do not fit into user-data; the host reads them from Parameter Store. */
export interface ParameterArchive {
  /** SHA-256 of the concatenated values. It is in user-data, and the host accepts no other values. */
  readonly digest: string;
  /** Prefix of their names; a number from 1 follows. New content gets new names, so that an old host still finds its own. */
  readonly place: string;
  readonly values: readonly string[];
}

/** @param stack the stack's name, which may be a token. Part of the names: another stack in the account may have the same files. */
export function parameterArchive(files: readonly HostFile[], stack: string): ParameterArchive {
  const text = packForParameters(files);
  const digest = createHash('sha256').update(text).digest('hex');
  return {
    digest,
    place: `/portway/${stack}/${digest.slice(0, 16)}`,
    values: text.match(new RegExp(`.{1,${PARAMETER_LIMIT}}`, 'g')) ?? [],
  };
}

/** The parameters' names, in the order of the values. */
export function parameterNames({ place, values }: ParameterArchive): readonly string[] {
  return values.map((_, i) => `${place}/${i + 1}`);
}

/** For portway.env; fetch.py reads them. */
export function parameterSettings({ digest, place, values }: ParameterArchive): Readonly<Record<string, string>> {
  return { PORTWAY_PARAMETERS: `${place} ${values.length}`, PORTWAY_PARAMETERS_SHA256: digest };
}

/** Files of assets/ that read the parameters. */
export const FETCHERS = [`${PROGRAMS}/fetch.py`, `${PACKAGE}/aws.py`] as const;

/** Bootstrap files when host.sh is in Parameter Store. */
export function fetchFiles(): readonly HostFile[] {
  return assetFiles(...FETCHERS);
}
