import type { HostAges } from '../host-ages';

/** What `portway verify --json` prints of a fleet besides. */
export interface VerifiedFleet {
  /** The balancer's addresses, one a zone. */
  readonly addresses: readonly string[];
  /** Those by IPv6. Omitted: the app has no `ipv6`. */
  readonly ipv6Addresses?: readonly string[];
  /** How many hosts the group wants now. Omitted: the group is gone. */
  readonly desired?: number;
  /** The version of the launch template that the group launches, and the newest there is. Omitted: there is none. */
  readonly launchTemplate?: { readonly runs: string; readonly newest: string };
  /** By instance id. */
  readonly hosts: Readonly<Record<string, VerifiedHost>>;
}

/** A host of a fleet, as `portway verify --json` prints it. */
export interface VerifiedHost {
  /** Such as `eu-central-1a`. */
  readonly zone: string;
  /** The group's word, such as `InService`. */
  readonly state: string;
  /** The version of the launch template that it was made of. Omitted: the group does not say. */
  readonly launchTemplate?: string;
  /** The content that it runs by its own word on its console. Omitted: the console has no such line any more. */
  readonly runs?: { readonly content: string; readonly since: string };
  /** How old the kernel and nginx are that run, by its own word on its console. Omitted: the console does not say. */
  readonly ages?: HostAges;
}
