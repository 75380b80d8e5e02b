import type { Problems } from '../forward/problems';
import type { GatewayOption } from './feature';

/** Accounts that may use the EC2 metadata service besides root, or everyone. */
export type MetadataUsers = readonly string[] | 'everyone';

/** @category In the kernel */
export interface MetadataUsersProps {
  /**
   * Accounts on the gateway, besides root, that may query the EC2 metadata service, and so use the rights of
   * `gateway.instance.role`. An account that does not exist when the host starts is skipped, with a warning in its
   * log. `'everyone'` leaves the service open to all.
   * @default root, and EC2 Instance Connect if the system has it
   * @refused an empty list; invalid account names
   * @see docs/options.md#the-metadata-service
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-limiting-access.html
   */
  readonly metadataUsers?: MetadataUsers;
}

export interface MetadataUsersValues {
  readonly metadataUsers: MetadataUsers;
}

declare module './values' {
  interface GatewayValues extends MetadataUsersValues {}
}

/** `metadataUsers`: the host writes these rules, since only it knows the accounts (lib/host/metadata.ts). */
export const metadataUsers: GatewayOption<MetadataUsersProps, MetadataUsersValues> = {
  on: 'gateway',
  props: { metadataUsers: true },
  read: (_, props, problems) => ({ metadataUsers: readMetadataUsers(props.metadataUsers, problems) }),
};

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
