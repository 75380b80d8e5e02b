import type { Problems } from './problems';

/** Accounts that may ask the EC2 metadata service, besides root; or everyone. */
export type MetadataUsers = readonly string[] | 'everyone';

/** The accounts in a prop. Invalid names are reported to `problems`. @see useradd(8), which has this rule for names */
export function readMetadataUsers(value: unknown, problems: Problems): MetadataUsers {
  if (value === undefined || value === 'everyone') return value ?? [];
  if (!Array.isArray(value) || value.length === 0) {
    problems.add('metadataUsers', "must be 'everyone' or a list of account names such as ['app']", value);
    return [];
  }
  for (const name of value)
    if (typeof name !== 'string' || !/^[a-z_][a-z0-9_-]{0,31}$/.test(name))
      problems.add('metadataUsers', 'must be names of accounts: lower-case letters, digits, - and _, at most 32', name);
  return [...new Set(value)];
}
