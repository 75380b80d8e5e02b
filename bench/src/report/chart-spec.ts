import type { TopLevelSpec } from 'vega-lite';
import type { Figure } from '../model';
import type { LoadResult, ScenarioResult } from '../result';
import { figureSpread, ratioSpread } from './statistics';

/** For pages with a light or a dark background: charts have none of their own. */
export type Theme = 'light' | 'dark';

export const THEMES: readonly Theme[] = ['light', 'dark'];

interface Colors {
  readonly text: string;
  readonly grid: string;
  readonly ours: string;
  readonly others: string;
  /** The colour of the mark that shows the spread. */
  readonly spread: string;
  readonly lines: readonly string[];
}

const COLORS: Readonly<Record<Theme, Colors>> = {
  light: {
    text: '#1f2328',
    grid: '#d1d9e0',
    ours: '#0969da',
    others: '#9aa4af',
    spread: '#1f2328',
    lines: ['#0969da', '#bc4c00', '#1a7f37', '#8250df'],
  },
  dark: {
    text: '#e6edf3',
    grid: '#3d444d',
    ours: '#4493f8',
    others: '#6e7681',
    spread: '#e6edf3',
    lines: ['#4493f8', '#f0883e', '#3fb950', '#ab7df8'],
  },
};

const WIDTH = 520;
const BAR_HEIGHT = 24;
const LINE_HEIGHT = 260;

/** A scenario as one chart, with a panel for each load's first figure. */
export function chartSpec(scenario: ScenarioResult, theme: Theme): TopLevelSpec {
  const colors = COLORS[theme];
  const panels = scenario.loads
    .filter(hasLength)
    .map((load) => (scenario.axis === undefined ? bars(scenario, load, colors) : lines(scenario, load, colors)));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'transparent',
    vconcat: panels,
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: colors.text, anchor: 'start', fontSize: 13 },
      axis: {
        labelColor: colors.text,
        titleColor: colors.text,
        gridColor: colors.grid,
        domainColor: colors.grid,
        tickColor: colors.grid,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: colors.text, labelFontSize: 12, labelLimit: 300 },
    },
  } as TopLevelSpec;
}

/** If all values are 0, as losses should be, there is nothing to draw. */
function hasLength({ figures, samples }: LoadResult): boolean {
  const [figure] = figures;
  const all = Object.values(samples).flat();
  return all.some(({ values }) => figure !== undefined && (values[figure.name] ?? 0) > 0);
}

/** One bar for each contender, as long as the median, with a line from the lowest to the highest round. */
function bars({ contenders }: ScenarioResult, load: LoadResult, colors: Colors): object {
  const [figure] = load.figures;
  const values = contenders.flatMap(({ name, title, ours }) => {
    const found = figure === undefined ? undefined : figureSpread(load, name, figure.name);
    return found === undefined ? [] : [{ title, ours: ours === true, ...found }];
  });
  const y = {
    field: 'title',
    type: 'nominal',
    sort: null,
    axis: { title: null, ticks: false, domain: false, labelLimit: 300 },
  };
  const x = { type: 'quantitative', scale: { zero: true }, axis: { title: axisTitle(figure), tickCount: 6 } };
  return {
    title: capital(load.title),
    width: WIDTH,
    height: BAR_HEIGHT * values.length,
    data: { values },
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.7 } },
        encoding: {
          y,
          x: { ...x, field: 'median' },
          color: { condition: { test: 'datum.ours', value: colors.ours }, value: colors.others },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.5, color: colors.spread },
        encoding: { y, x: { ...x, field: 'lowest' }, x2: { field: 'highest' } },
      },
    ],
  };
}

/** One line for each way to forward, over the scenario's axis, relative to the first contender. */
function lines({ contenders, axis }: ScenarioResult, load: LoadResult, colors: Colors): object {
  const [figure] = load.figures;
  const [reference] = contenders;
  const values = contenders.flatMap(({ name, point }) => {
    if (figure === undefined || reference === undefined || point === undefined) return [];
    const found = ratioSpread(load, name, reference.name, figure.name);
    return found === undefined ? [] : [{ ...point, ...found }];
  });
  const named = [...new Set(values.map(({ line }) => line))];
  const x = {
    field: 'at',
    type: 'quantitative',
    scale: { type: 'log' },
    axis: { title: axis, values: [...new Set(values.map(({ at }) => at))], format: ',', grid: false },
  };
  const y = {
    type: 'quantitative',
    scale: { zero: true },
    axis: { title: `${figure?.title}, of ${reference?.title}` },
  };
  const color = {
    field: 'line',
    type: 'nominal',
    scale: { domain: named, range: colors.lines.slice(0, named.length) },
    legend: { title: null, orient: 'bottom' },
  };
  return {
    title: capital(load.title),
    width: WIDTH,
    height: LINE_HEIGHT,
    data: { values },
    layer: [
      { mark: { type: 'line', point: true }, encoding: { x, y: { ...y, field: 'median' }, color } },
      { mark: { type: 'rule' }, encoding: { x, y: { ...y, field: 'lowest' }, y2: { field: 'highest' }, color } },
    ],
  };
}

function axisTitle(figure: Figure | undefined): string | undefined {
  return figure?.unit === 'ms' ? `${figure.title}, ms` : figure?.title;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
