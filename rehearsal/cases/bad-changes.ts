import type { DeployResult, Stage } from '../src/case';
import { withoutPackages } from './changes';

/** A change that fails on the host. */
export interface BadChange<Version extends string> {
  readonly title: string;
  readonly version: Version;
  /** What the deploy's user must read. */
  readonly why: RegExp;
  /** Deploys with the cause in place. Default: the change itself is the cause. */
  during?(stage: Stage, deploy: () => Promise<DeployResult>): Promise<DeployResult>;
}

/** A content that needs nginx, which the host does not have yet, while the repository is unreachable. */
export const repositoryDown = <Version extends string>(title: string, version: Version): BadChange<Version> => ({
  title,
  version,
  why: /install nginx: .*(packages\.rehearsal\.internal|Failed to fetch|Unable to locate|Could not connect)/,
  during: withoutPackages,
});

/** A content with nginx on 8080, where the application already listens. */
export const portTaken = <Version extends string>(version: Version): BadChange<Version> => ({
  title: 'the port is taken by another program',
  version,
  why: /nginx needs port tcp\/8080, which another program holds: .*python3/,
});
