/** What the console of a host says about Portway. */
export interface HostWords {
  /** The last failure, without time and mark: `FAILED: packages: apt-get …`. Undefined if the host reported none. */
  readonly failure: string | undefined;
  /** Portway's own lines, and what a failing command printed before its failure. In the order of the console. */
  readonly lines: readonly string[];
}

/** How Portway's lines begin on the console: see `say` in host.sh. */
const OWN = /portway (\d{4}-\d\d-\d\dT[\d:]+Z) (.*)$/;
/** The most lines of a failing command, as host.sh prints them. */
const PRINTED = 20;

/** A line of Portway's on a console. */
export interface OwnLine {
  /** By the host's clock. */
  readonly time: Date;
  readonly text: string;
}

/** Portway's own lines, in the order of the console. Pure. */
export function ownLines(console: string): readonly OwnLine[] {
  return console.split(/\r?\n|\r/).flatMap((line) => {
    const [, time = '', text] = OWN.exec(line) ?? [];
    return text === undefined ? [] : [{ time: new Date(time), text: text.trimEnd() }];
  });
}

/** Reads Portway's words out of a console's text. Pure. */
export function hostWords(console: string): HostWords {
  const all = console.split(/\r?\n|\r/);
  const isFailure = (line: string) => OWN.exec(line)?.[2]?.startsWith('FAILED: ') === true;
  const kept = new Set<number>();
  for (const [i, line] of all.entries()) {
    if (OWN.test(line)) kept.add(i);
    if (!isFailure(line)) continue;
    for (let k = i - 1; k >= Math.max(0, i - PRINTED) && !OWN.test(all[k] ?? ''); k--) kept.add(k);
  }
  const lines = all.filter((line, i) => kept.has(i) && line.trim() !== '');
  const last = lines.findLast(isFailure);
  return { failure: last === undefined ? undefined : OWN.exec(last)?.[2], lines: lines.map((line) => line.trimEnd()) };
}
