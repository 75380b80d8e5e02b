import { Command, InvalidArgumentError } from 'commander';
import { BOOT } from './count/boot/section';
import type { Section } from './count/section';
import { SECTIONS } from './count/subjects';
import type { Scenario } from './model';
import type { Pace } from './run';

/** The options of the command line. */
export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  /** What is counted. */
  readonly sections: readonly Section[];
  /** Whether first boots are counted. */
  readonly firstBoots: boolean;
  readonly pace: Pace;
  /** Count instructions in an emulated machine instead of measuring time. */
  readonly count: boolean;
  /** Measure synth instead of forwarding. */
  readonly synth: boolean;
  readonly list: boolean;
  readonly check: boolean;
  readonly record: boolean;
}

const FULL: Pace = { rounds: 5, seconds: 0.8, quick: false };
/** Of counting: two boots show whether they agree. */
const BOOTS = 2;
const QUICK: Pace = { rounds: 3, seconds: 0.4, quick: true };

const COUNTED = [...SECTIONS, BOOT].map(({ name }) => name);

interface Parsed {
  readonly quick?: true;
  readonly only?: readonly string[];
  readonly rounds?: number;
  readonly seconds?: number;
  readonly count?: true;
  readonly synth?: true;
  readonly check?: true;
  readonly record?: true;
  readonly list?: true;
}

/** Reads the command line. @throws CommanderError for `--help`, and for mistakes, which it has printed */
export function readOptions(args: readonly string[], all: readonly Scenario[]): BenchOptions {
  const names = all.map(({ name }) => name);
  const program = new Command('npm run bench --')
    .description('Measures forwarding side by side with a direct connection and with other ways to forward.')
    .option('--quick', 'two minutes instead of fifteen: fewer rounds, shorter samples, fewer contenders')
    .option('--only <names>', `these scenarios only (comma separated): ${names.join(', ')}`, namesOf)
    .option('--rounds <number>', `rounds that count; default ${FULL.rounds}, quick ${QUICK.rounds}`, positive)
    .option('--seconds <number>', `length of a sample; default ${FULL.seconds}, quick ${QUICK.seconds}`, positive)
    .option(
      '--count',
      `count instructions in an emulated machine instead of time; --only of ${COUNTED.join(', ')}; rounds are boots, default ${BOOTS}`,
    )
    .option(
      '--synth',
      'measure the CPU of synth instead, which needs neither root nor --seconds; --only has no meaning',
    )
    .option('--check', 'fail when a bound is missed, or a ratio is worse than in the committed run, beyond the spread')
    .option('--record', 'make this the committed run: results, tables and charts; with --only the other scenarios stay')
    .option('--list', 'print the scenarios, their contenders and bounds, and end')
    .allowExcessArguments(false)
    .exitOverride();
  program.parse([...args], { from: 'user' });
  const { quick, only, rounds, seconds, count, synth, check, record, list } = program.opts<Parsed>();
  const [known, where] = count ? [COUNTED, 'with --count, '] : [names, ''];
  for (const name of only ?? []) {
    if (!known.includes(name)) program.error(`error: ${where}--only must be of ${known.join(', ')}, got: ${name}`);
  }
  if (synth && (count || only !== undefined)) program.error('error: --synth goes with neither --count nor --only');
  if (synth && seconds !== undefined) program.error('error: --seconds has no meaning with --synth');
  if (count && seconds !== undefined) program.error('error: --seconds has no meaning with --count');
  const given = quick ? QUICK : FULL;
  const pace = count ? { ...given, rounds: quick ? 1 : BOOTS } : given;
  return {
    scenarios: all.filter((s) => (only === undefined ? !(quick && s.slow) : only.includes(s.name))),
    sections: SECTIONS.filter(({ name }) => only === undefined || only.includes(name)),
    firstBoots: only === undefined || only.includes(BOOT.name),
    pace: { ...pace, rounds: Math.ceil(rounds ?? pace.rounds), seconds: seconds ?? pace.seconds },
    count: count === true,
    synth: synth === true,
    list: list === true,
    check: check === true,
    record: record === true,
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number above 0');
  return value;
}

/** `a,b`, given once or several times. */
function namesOf(value: string, previous: readonly string[] = []): string[] {
  return [...previous, ...value.split(/[,\s]+/).filter(Boolean)];
}
