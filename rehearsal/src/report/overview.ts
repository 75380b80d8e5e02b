import { html, type Markup } from './html';
import { portsTable } from './ports';
import type { CaseRecord, RehearsalReport, RunRecord } from './record';

const MARKS: Readonly<Record<CaseRecord['result'], { readonly kind: string; readonly text: string }>> = {
  passed: { kind: 'passed', text: '✓ passed' },
  failed: { kind: 'failed', text: '✗ failed' },
  'cut short': { kind: 'failed', text: '✗ cut short' },
  'not run': { kind: 'skipped', text: '– not run' },
};

/** What each gateway came to, side by side: checks, who finds which port, cases. */
export function overview({ runs, checks }: RehearsalReport): Markup {
  return html`<div class="side">
${runs.map((run) => {
  const own = checks.filter((check) => check.run === run.name);
  return card(
    run,
    (['passed', 'failed', 'skipped'] as const).map((result) => own.filter((check) => check.result === result).length),
  );
})}</div>
`;
}

function card({ name, scans, cases }: RunRecord, [passed = 0, failed = 0, skipped = 0]: readonly number[]): Markup {
  const broken = failed > 0 || cases.some(({ result }) => MARKS[result].kind === 'failed');
  return html`<article class="card ${broken ? 'failed' : passed > 0 && 'passed'}">
<h3><a href="#${name}">${name}</a></h3>
<p class="sum">${passed} checks passed, ${failed} failed, ${skipped} skipped</p>
${scans.length > 0 ? portsTable(name, scans) : html`<p>No ports were scanned.</p>`}<ul class="cases">
${cases.map(({ name: title, about, result }) => {
  const { kind, text } = MARKS[result];
  return html`<li class="${kind}"><span class="result">${text}</span> <span class="case">${title}</span> <span class="about">${about}</span></li>
`;
})}</ul>
</article>
`;
}
