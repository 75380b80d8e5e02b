import { type Content, html, type Markup } from './html';
import type { RehearsalReport, StepRecord } from './record';

/** When each step began and how long it took, as bars on one scale for all runs. */
export function timeline({ preparation, runs, seconds }: RehearsalReport): Markup {
  const scale = Math.max(seconds, 1);
  return html`<div class="timeline">
${preparation.length > 0 && group('preparation', preparation, scale)}<div class="side">
${runs.map(({ name, steps }) => steps.length > 0 && group(name, steps, scale))}</div>
</div>
`;
}

function group(name: string, steps: readonly StepRecord[], scale: number): Markup {
  return html`<div><h3>${name}</h3>
<ol>
${steps.map(
  (
    step,
  ) => html`<li class="${mark(step)}"><span class="step">${step.title}</span> <span class="time">${told(step)}</span>${bar(step, scale)}</li>
`,
)}</ol>
<p class="scale" aria-hidden="true"><span>0 s</span><span>${Math.round(scale / 2)} s</span><span>${scale} s</span></p></div>
`;
}

function mark({ result }: StepRecord): string {
  return result.replace(' ', '-');
}

function told({ begin, seconds, result }: StepRecord): string {
  if (begin === undefined) return 'not run';
  const took = seconds === undefined ? '' : `${short(seconds)} s, `;
  const ended = result === 'passed' ? '' : `, ${result}`;
  return `${took}from ${short(begin)} s${ended}`;
}

function short(seconds: number): string {
  return seconds < 10 ? String(seconds) : String(Math.round(seconds));
}

function bar({ begin, seconds }: StepRecord, scale: number): Content {
  if (begin === undefined) return undefined;
  const percent = (value: number) => ((100 * value) / scale).toFixed(2);
  // A step that did not end lasted until the end of the run. Very short ones must still be visible.
  const width = Math.max(seconds ?? scale - begin, scale / 250);
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/><rect class="run" x="${percent(Math.min(begin, scale - width))}" width="${percent(width)}" height="4"/></svg>`;
}
