import { createHash } from 'node:crypto';
import { assetFile } from './assets';
import type { HostFile } from './host-file';
import { packForParameters } from './pack';

/** What a parameter of the standard tier, which costs nothing, holds. @see https://docs.aws.amazon.com/general/latest/gr/ssm.html */
export const PARAMETER_LIMIT = 4096;

/** How many a stack may take: some 1,000 forwards, and a template that is still sent without a bucket where rules are fewer. */
export const MAX_PARAMETERS = 20;

/** Files that a host reads from Parameter Store, since user-data has no room for them. */
export interface ParameterArchive {
  /** SHA-256 of the values, one after the other. It stands in user-data: the host takes nothing else. */
  readonly digest: string;
  /** What their names begin with; a number from 1 follows. Other content has other names, so that an old host still finds its own. */
  readonly place: string;
  readonly values: readonly string[];
}

/** @param stack the stack's name, which may be a token: another stack of the same account may have the same files. */
export function parameterArchive(files: readonly HostFile[], stack: string): ParameterArchive {
  const text = packForParameters(files);
  const digest = createHash('sha256').update(text).digest('hex');
  return {
    digest,
    place: `/portway/${stack}/${digest.slice(0, 16)}`,
    values: text.match(new RegExp(`.{1,${PARAMETER_LIMIT}}`, 'g')) ?? [],
  };
}

/** Names as AWS knows them, in the order of the values. */
export function parameterNames({ place, values }: ParameterArchive): readonly string[] {
  return values.map((_, i) => `${place}/${i + 1}`);
}

/** For portway.env; fetch.py reads them. */
export function parameterSettings({ digest, place, values }: ParameterArchive): Readonly<Record<string, string>> {
  return { PORTWAY_PARAMETERS: `${place} ${values.length}`, PORTWAY_PARAMETERS_SHA256: digest };
}

/** Scripts of assets/ that read the parameters. */
export const FETCHERS = ['fetch.py', 'aws.py'] as const;

/** What a host begins with whose host.sh is still in Parameter Store: fetch.py stands in its place, and writes it over itself. */
export function fetchFiles(): readonly HostFile[] {
  const folder = '/usr/local/lib/portway';
  return FETCHERS.map((name) =>
    name === 'fetch.py' ? assetFile(name, `${folder}/host.sh`, '0755') : assetFile(name, `${folder}/${name}`, '0644'),
  );
}
