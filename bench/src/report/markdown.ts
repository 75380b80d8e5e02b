import type { LoadResult, Result, ScenarioResult } from '../result';
import { type Verdict, verdicts } from './bounds';
import { capital, table } from './markdown-table';
import { number, range } from './numbers';
import { cpuMedian, cpuPerUnit, figureSpread, ratioSpread } from './statistics';

/** The whole report: the bounds, then each scenario. `charts` returns the Markdown of a scenario's chart. */
export function markdown(result: Result, charts: (scenario: ScenarioResult) => string = () => ''): string {
  const judged = verdicts(result);
  return [
    about(result),
    ...(judged.length === 0 ? [] : [`### What must hold\n\n${boundsTable(judged)}`]),
    ...result.scenarios.flatMap((scenario) => [
      `### ${scenario.title}`,
      ...[charts(scenario)].filter((chart) => chart !== ''),
      ...loadsMarkdown(scenario),
    ]),
    '',
  ].join('\n\n');
}

/** A table for each load of a scenario. */
export function loadsMarkdown(scenario: ScenarioResult): readonly string[] {
  return scenario.loads.map((load) => `**${capital(load.title)}**\n\n${loadTable(scenario, load)}`);
}

function about({ date, pace, machine, versions }: Result): string {
  const { cpu, cores, memoryGiB, kernel, system } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date.slice(0, 10)}: ${cores} cores of ${cpu}, ${memoryGiB} GiB, Linux ${kernel} (${system}). `,
    `${pace.rounds} rounds of ${pace.seconds} s a sample${pace.quick ? ', quick' : ''}. `,
    `From Debian 13: ${packages.join(', ')}.`,
  ].join('');
}

/** Bounds with what was measured: `pass` or `MISSED`. */
export function boundsTable(judged: readonly Verdict[]): string {
  const rows = judged.map(({ bound, measured, value, holds }) => {
    const limit =
      bound.atLeast === undefined ? `at most ${number(bound.atMost ?? 0)}` : `at least ${number(bound.atLeast)}`;
    const counted = bound.every ? ', every round' : '';
    return [capital(bound.title), `${limit}${counted}`, precise(value), range(measured), holds ? 'pass' : '**MISSED**'];
  });
  return table(['what', 'bound', 'measured', 'median (spread)', ''], rows);
}

/** Ratios near their bound need a third digit. */
function precise(value: number): string {
  return Math.abs(value) < 2 && !Number.isInteger(value) ? value.toFixed(3) : number(value);
}

function loadTable({ contenders }: ScenarioResult, load: LoadResult): string {
  const present = contenders.filter(({ name }) => load.samples[name] !== undefined);
  const [main, ...others] = load.figures;
  const [reference] = present;
  if (main === undefined || reference === undefined) return '';
  const counted = present.some(({ name }) => cpuMedian(load, name) !== undefined);
  const isRate = main.unit.startsWith('/');
  const rows = present.map(({ name, title, ours }) => {
    const figure = figureSpread(load, name, main.name);
    const ratio = ratioSpread(load, name, reference.name, main.name);
    const cpu = cpuMedian(load, name);
    const perUnit = cpuPerUnit(load, name, main.name);
    return [
      ours ? `**${title}**` : title,
      figure === undefined ? '' : range(figure),
      ratio === undefined ? '' : ratio.median.toFixed(2),
      ...others.map(({ name: other }) => {
        const found = figureSpread(load, name, other);
        return found === undefined ? '' : number(found.median);
      }),
      ...(counted ? [cpu === undefined ? '' : cores([cpu.client, cpu.gateway, cpu.backend, cpu.kernel])] : []),
      ...(counted && isRate ? [perUnit === undefined ? '' : number(perUnit.median)] : []),
    ];
  });
  return table(
    [
      '',
      `${main.title} (spread)`,
      `of ${reference.title}`,
      ...others.map(({ title, unit }) => (unit === '' || title.includes(unit) ? title : `${title}, ${unit}`)),
      ...(counted ? ['cores: client, gateway, backend, kernel'] : []),
      ...(counted && isRate ? ['CPU for one, us'] : []),
    ],
    rows,
  );
}

function cores(numbers: readonly number[]): string {
  return numbers.map((n) => n.toFixed(2)).join(', ');
}
