import { table } from '../../report/markdown-table';
import { number } from '../../report/numbers';
import { spread } from '../../report/statistics';
import type { CountedSection, CountedSubject } from '../result';
import { STEPS } from './section';

const MILLION = 1e6;

/** First boots in millions of instructions: all of each, and each step's share. */
export function bootTables({ subjects }: CountedSection): readonly string[] {
  const alone = total(subjects[0]);
  const timed = subjects.some(({ boot }) => boot?.seconds !== undefined);
  const whole = subjects.map((subject) => {
    const all = total(subject);
    return [
      named(subject),
      millions(all),
      (all / alone).toFixed(3),
      millions(all - alone),
      ...(timed ? [seconds(subject)] : []),
    ];
  });
  const steps = Object.entries(STEPS)
    .filter(([step]) => subjects.some(({ boot }) => boot?.steps[step] !== undefined))
    .map(([step, title]) => [title, ...subjects.map((subject) => share(subject, step))]);
  return [
    table(
      [
        '',
        'million instructions',
        `of ${subjects[0]?.title}`,
        `over ${subjects[0]?.title}`,
        ...(timed ? ['seconds'] : []),
      ],
      whole,
    ),
    'By step, in millions of instructions:',
    table(['', ...subjects.map(named)], steps),
  ];
}

function seconds({ boot }: CountedSubject): string {
  return boot?.seconds === undefined ? '' : `${Math.round(boot.seconds)} s`;
}

function named({ title, ours }: CountedSubject): string {
  return ours ? `**${title}**` : title;
}

function total(subject: CountedSubject | undefined): number {
  return spread(subject?.instructions.boot ?? [])?.median ?? Number.NaN;
}

function share(subject: CountedSubject, step: string): string {
  const count = spread(subject.boot?.steps[step] ?? []);
  return count === undefined
    ? ''
    : `${millions(count.median)} (${Math.round((100 * count.median) / total(subject))} %)`;
}

function millions(instructions: number): string {
  return number(Math.round(instructions / MILLION));
}
