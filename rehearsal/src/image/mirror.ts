import spawn from 'nano-spawn';

/** Names of Debian's releases, old and new, and the aliases that move with them. */
const DEBIAN_SUITES = new Set(['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid', 'stable', 'testing']);

/** One index that apt knows, as `apt-get indextargets` lists it. */
export interface IndexTarget {
  repository: string;
  origin: string;
  suite: string;
  component: string;
}

const FORMAT = '$(REPO_URI)|$(ORIGIN)|$(RELEASE)|$(COMPONENT)';

/**
 * The Debian mirror that this machine itself uses, so that a company's mirror or cache is used here too.
 *
 * @returns its URL, or undefined if the machine has no Debian source (such as Ubuntu): then the bootstrap tool's
 * default mirror is right
 */
export async function machineMirror(): Promise<string | undefined> {
  const listed = await spawn('apt-get', ['indextargets', '--format', FORMAT, 'Created-By: Packages']).catch(() => null);
  return listed ? pickMirror(parseIndexTargets(listed.stdout)) : undefined;
}

/** Parses the lines of `apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(RELEASE)|$(COMPONENT)'`. */
export function parseIndexTargets(text: string): IndexTarget[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [repository = '', origin = '', suite = '', component = ''] = line.split('|');
      // apt prints an unknown field as its own name: the origin is unknown until `apt-get update` has run once.
      return { repository, origin: origin.startsWith('$(') ? '' : origin, suite, component };
    });
}

/**
 * The first repository that holds a complete Debian release, rather than security updates or a third party's packages.
 */
export function pickMirror(targets: IndexTarget[]): string | undefined {
  return targets.find(
    (target) =>
      /^https?:\/\//.test(target.repository) &&
      DEBIAN_SUITES.has(target.suite) &&
      target.component === 'main' &&
      (target.origin === 'Debian' || target.origin === ''),
  )?.repository;
}

/**
 * The machine's apt settings that decide whether a mirror can be reached at all: proxies, retries, and how the dates of
 * an index are checked. Package names and other settings of the machine are left out.
 *
 * @returns lines of apt.conf(5)
 */
export async function machineAptOptions(): Promise<string[]> {
  const dumped = await spawn('apt-config', ['dump', 'Acquire']).catch(() => null);
  return dumped ? pickAptOptions(dumped.stdout) : [];
}

/** Picks those settings from the output of `apt-config dump`. */
export function pickAptOptions(dump: string): string[] {
  const wanted =
    /^Acquire::(?:https?::(?:Proxy|Timeout|CAInfo|Verify-)|Retries|Check-Valid-Until|Check-Date)[^"]*"[^"]+";$/;
  return dump.split('\n').filter((line) => wanted.test(line));
}
