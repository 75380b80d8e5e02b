import { verdicts } from '../report/bounds';
import { withReport } from '../report/document';
import { boundsTable, loadsMarkdown } from '../report/markdown';
import type { Result } from '../result';

/** The page with what a run of synth found. @throws Error if it lacks the markers */
export function withSynth(page: string, result: Result): string {
  const { date, machine, pace, versions } = result;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const about = `Measured on ${date.slice(0, 10)}: ${machine.cores} cores of ${machine.cpu}, ${pace.rounds} rounds, ${packages.join(', ')}.`;
  return withReport(
    page,
    [about, boundsTable(verdicts(result)), ...result.scenarios.flatMap(loadsMarkdown)].join('\n\n'),
    'synth',
  );
}
