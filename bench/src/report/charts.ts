import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result, ScenarioResult } from '../result';
import { chartSpec, THEMES, type Theme } from './chart-spec';

/** Draws each scenario as SVG files in a folder, one for each theme. */
export async function writeCharts({ scenarios }: Pick<Result, 'scenarios'>, folder: string): Promise<void> {
  // Loaded only here: they take a second, and most of the benchmark needs no chart.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  await mkdir(folder, { recursive: true });
  for (const scenario of scenarios) {
    for (const theme of THEMES) {
      const view = new vega.View(vega.parse(vegaLite.compile(chartSpec(scenario, theme)).spec), { renderer: 'none' });
      await writeFile(join(folder, chartFile(scenario, theme)), `${await view.toSVG()}\n`);
      view.finalize();
    }
  }
}

/** Markdown that shows the chart for the theme of the reader's page. */
export function chartMarkdown(scenario: Pick<ScenarioResult, 'name' | 'title'>, folder: string): string {
  const source = (theme: Theme) => `${folder}/${chartFile(scenario, theme)}`;
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="${source('dark')}">`,
    `  <img alt="${scenario.title}" src="${source('light')}">`,
    '</picture>',
  ].join('\n');
}

function chartFile({ name }: Pick<ScenarioResult, 'name'>, theme: Theme): string {
  return `${name}-${theme}.svg`;
}
