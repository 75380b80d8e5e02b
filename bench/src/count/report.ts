import { plainTable } from '../../../lib/plan/table';
import { capital, table } from '../report/markdown-table';
import { number } from '../report/numbers';
import { type Spread, spread } from '../report/statistics';
import { bootTables } from './boot/report';
import { BOOT } from './boot/section';
import { type CountVerdict, countVerdicts } from './bounds';
import type { CountLoss } from './losses';
import type { Counted, CountedSection, CountedSubject } from './result';
import { LOADS, type LoadName } from './section';

/** The counts as a part of docs/performance.md. */
export function countMarkdown(result: Counted): string {
  const packages = Object.entries(result.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Counted on ${result.date.slice(0, 10)}: Linux ${result.kernel}, ${result.boots} ${result.boots === 1 ? 'boot' : 'boots'}. From Debian 13: ${packages.join(', ')}.`,
    boundsTable(countVerdicts(result)),
    ...result.sections.flatMap((section) => [
      `### ${section.title}, counted`,
      ...(section.name === BOOT.name
        ? bootTables(section)
        : section.prices
          ? [priceTable(section)]
          : loadsOf(section).map((load) => `**${capital(LOADS[load].title)}**\n\n${loadTable(section, load)}`)),
    ]),
    '',
  ].join('\n\n');
}

function boundsTable(judged: readonly CountVerdict[]): string {
  const rows = judged.map(({ bound, measured, holds }) => [
    capital(bound.title),
    `at most ${bound.atMost}`,
    measured.toFixed(3),
    holds ? 'holds' : '**not yet**',
  ]);
  return table(['what must hold', 'bound', 'counted', ''], rows);
}

function loadTable({ subjects, peer }: CountedSection, load: LoadName): string {
  const counts = new Map(subjects.map(({ name, instructions }) => [name, spread(instructions[load] ?? [])]));
  const [reference] = subjects;
  const least = counts.get(reference?.name ?? '');
  const other = counts.get(peer);
  const rows = subjects.map(({ name, title, ours }) => {
    const count = counts.get(name);
    return [
      ours ? `**${title}**` : title,
      count === undefined ? '' : number(Math.round(count.median)),
      count === undefined ? '' : percent(count),
      ratio(count, least),
      ratio(count, other),
      count === undefined || least === undefined ? '' : number(Math.round(count.median - least.median)),
    ];
  });
  const titleOf = (name: string) => subjects.find((subject) => subject.name === name)?.title ?? name;
  const first = reference?.title;
  return table(['', 'instructions', 'spread', `of ${first}`, `of ${titleOf(peer)}`, `over ${first}`], rows);
}

/** What each subject costs more than the first one. */
function priceTable(section: CountedSection): string {
  const loads = loadsOf(section);
  const [plain] = section.subjects;
  const medianOf = (subject: CountedSubject | undefined, load: LoadName) =>
    spread(subject?.instructions[load] ?? [])?.median;
  const rows = section.subjects.map((subject) => [
    subject === plain ? `**${subject.title}**` : subject.title,
    ...loads.map((load) => {
      const [own, before] = [medianOf(subject, load), medianOf(plain, load)];
      if (own === undefined || before === undefined) return '';
      return subject === plain ? number(Math.round(own)) : price(own - before, before);
    }),
  ]);
  return table(['', ...loads.map((load) => LOADS[load].title)], rows);
}

/** Both signs, so that a reader sees at once what saves. */
function price(more: number, of: number): string {
  const sign = more < 0 ? '−' : '+';
  return `${sign}${number(Math.round(Math.abs(more)))} (${sign}${((100 * Math.abs(more)) / of).toFixed(1)} %)`;
}

function ratio(count: Spread | undefined, other: Spread | undefined): string {
  return count === undefined || other === undefined ? '' : (count.median / other.median).toFixed(3);
}

/** From the lowest to the highest batch, of the median. */
function percent({ lowest, highest, median }: Spread): string {
  return `${((100 * (highest - lowest)) / median).toFixed(2)} %`;
}

function loadsOf(section: CountedSection): readonly LoadName[] {
  return (Object.keys(LOADS) as LoadName[]).filter((load) =>
    section.subjects.some(({ instructions }) => instructions[load] !== undefined),
  );
}

/** For a terminal: the counts, and what must hold. */
export function countText(result: Counted, judged: readonly CountVerdict[]): string {
  const rows = result.sections.flatMap((section) =>
    loadsOf(section).flatMap((load) => {
      const first = spread(section.subjects[0]?.instructions[load] ?? []);
      return section.subjects.flatMap(({ title, instructions }) => {
        const count = spread(instructions[load] ?? []);
        if (count === undefined) return [];
        return [
          [`${section.name}, ${load}`, title, number(Math.round(count.median)), percent(count), ratio(count, first)],
        ];
      });
    }),
  );
  const must = judged.map(({ bound, measured, holds, committed, fails }) => [
    bound.title,
    `<= ${bound.atMost}`,
    measured.toFixed(3),
    committed === undefined ? '' : committed.toFixed(3),
    fails ? 'FAILS' : holds ? 'holds' : 'not yet',
  ]);
  return [
    plainTable(['counted', '', 'instructions', 'spread', 'of the first'], rows),
    ...(must.length === 0 ? [] : [plainTable(['must hold', 'bound', 'counted', 'committed', ''], must)]),
  ].join('\n\n');
}

/** For a terminal: what of ours costs more than in the committed run. */
export function lossText(lost: readonly CountLoss[], isComparable: boolean): string {
  if (!isComparable)
    return 'not compared with the committed counts, which are of another kernel or other packages: record them again';
  if (lost.length === 0) return 'nothing of ours takes more than 1 % more instructions than in the committed run';
  const rows = lost.map(({ section, load, subject, committed, counted }) => [
    `${section}, ${load}`,
    subject,
    number(Math.round(committed)),
    number(Math.round(counted)),
    `+${((100 * (counted - committed)) / committed).toFixed(1)} %`,
  ]);
  return plainTable(['FAILS: more than in the committed run', '', 'committed', 'counted', ''], rows);
}
