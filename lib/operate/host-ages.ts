import { ownLines } from './host-words';

/** How old the programs are that a host runs, by its own word on its console: see `portway running`. */
export interface HostAges {
  /** When it said so, in ISO 8601. */
  readonly told: string;
  /** The kernel, and nginx if it runs, by their names. */
  readonly programs: Readonly<Record<string, HostProgram>>;
  /** The packages that wait for a reboot. Empty: none did when it said so. */
  readonly rebootFor: readonly string[];
}

export interface HostProgram {
  readonly version: string;
  /** The day on which the distribution built it, such as `2026-11-05`. Omitted: its file did not say. */
  readonly built?: string;
}

/** The last that a console says of it. Pure. */
export function hostAges(console: string): HostAges | undefined {
  const line = ownLines(console).findLast(({ text }) => /^runs Linux /.test(text));
  if (line === undefined) return undefined;
  const [programs = '', packages = ''] = line.text.split('; a reboot is due for ');
  const all = [...programs.matchAll(/(?:^runs |, )(\S+) ([^\s,]+)(?: of (\d{4}-\d\d-\d\d))?/g)];
  return {
    told: line.time.toISOString(),
    programs: Object.fromEntries(
      all.map(([, name, version, built]) => [name, { version, ...(built === undefined ? {} : { built }) }]),
    ),
    rebootFor: packages.split(', ').filter(Boolean),
  };
}

/** The same for people; nothing where the console does not say it. Pure. */
export function agesNotes(ages: HostAges | undefined, now = new Date()): readonly string[] {
  if (ages === undefined) return [];
  const programs = Object.entries(ages.programs).map(([name, { version, built }]) => {
    if (built === undefined) return `${name} ${version}`;
    const days = Math.floor((now.getTime() - Date.parse(built)) / 86_400_000);
    return `${name} ${version} of ${built} (${days} days old)`;
  });
  const told = ages.told.replace('.000', '');
  return [
    `the host runs ${programs.join(', ')}: it said so at ${told}`,
    ...(ages.rebootFor.length === 0 ? [] : [`a reboot of the host is due for ${ages.rebootFor.join(', ')}`]),
  ];
}
