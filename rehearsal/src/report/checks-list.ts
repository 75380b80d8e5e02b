import type { Check } from '../checks';
import { html, type Markup } from './html';
import { tail } from './log';

const MARKS = { failed: '✗ failed', skipped: '– skipped', passed: '✓ passed' } as const;

/** What failed, then what was skipped, then what passed, which is folded. */
export function checksList(checks: readonly Check[]): Markup {
  const of = (result: Check['result']) => checks.filter((check) => check.result === result);
  const passed = of('passed');
  const others = [...of('failed'), ...of('skipped')];
  return html`${others.length > 0 && list(others)}${
    passed.length > 0 &&
    html`<details><summary>${passed.length} checks passed</summary>
${list(passed)}</details>
`
  }`;
}

function list(checks: readonly Check[]): Markup {
  return html`<ul class="checks">
${checks.map(
  ({
    at,
    phase,
    what,
    result,
    seen,
  }) => html`<li class="${result}"><span class="result">${MARKS[result]}</span> <span class="what">${what}</span> <span class="when">${phase}, ${at} s</span>${
    seen && html` <span class="seen">${tail(seen, 40)}</span>`
  }</li>
`,
)}</ul>
`;
}
