import type { SecurityGroupRule } from '../../../lib/operate/security-group';
import type { Check, Scan } from '../checks';
import { type Content, html, type Markup } from './html';
import { tail } from './log';
import type { CaseRecord, EventRecord, GatewayRecord } from './record';

/** A table that scrolls if it is wider than the screen. The keyboard reaches it too. */
export function table(caption: string, head: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>
`;
}

const MARKS = { passed: '✓ passed', failed: '✗ failed', skipped: '– skipped' } as const;

const CASE_MARKS = {
  passed: '✓ passed',
  failed: '✗ failed',
  'cut short': '✗ cut short',
  'not run': '– not run',
} as const;
const CASE_CLASSES = { passed: 'passed', failed: 'failed', 'cut short': 'failed', 'not run': 'skipped' } as const;

export function casesTable(run: string, cases: readonly CaseRecord[]): Markup {
  const rows = cases.map(
    ({
      name,
      about,
      result,
    }) => html`<tr class="${CASE_CLASSES[result]}"><th scope="row">${name}</th><td class="about">${about}</td><td class="result">${CASE_MARKS[result]}</td></tr>
`,
  );
  return table(`Cases of ${run}`, ['case', 'what happens', 'result'], rows);
}

export function checksTable(run: string, checks: readonly Check[]): Markup {
  const rows = checks.map(
    ({
      at,
      phase,
      what,
      result,
      seen,
    }) => html`<tr class="${result}"><td class="when">${phase}</td><td class="what">${what}</td><td class="result">${MARKS[result]}</td><td class="number">${at} s</td><td class="seen">${seen && tail(seen, 40)}</td></tr>
`,
  );
  return table(`Checks of ${run}`, ['when', 'what', 'result', 'at', 'seen'], rows);
}

export function eventsTable(run: string, events: readonly EventRecord[]): Markup {
  const rows = events.map(
    ({
      at,
      instanceId,
      what,
      detail,
    }) => html`<tr><td class="number">${at} s</td><th scope="row">${instanceId}</th><td class="event">${what}</td><td class="seen">${detail}</td></tr>
`,
  );
  return table(`What the lab did in ${run}`, ['at', 'instance', 'what', 'detail'], rows);
}

/** Ports that readers look for first, whether found or not. */
const ALWAYS = [22, 80, 443];

/** Which party found which port, scan by scan. */
export function matrix(run: string, scans: readonly Scan[]): Markup {
  const ports = [...new Set([...ALWAYS, ...scans.flatMap(({ open, refused }) => [...open, ...refused])])];
  ports.sort((a, b) => a - b);
  // If a host refuses connections, there may be a thousand.
  const shown = ports.slice(0, 40);
  const rows = scans.map((scan) => {
    const others = scan.tried - scan.open.length - scan.refused.length;
    return html`<tr><th scope="row">${scan.party}</th><td class="when">${scan.phase}</td>${shown.map((port) => cell(scan, port))}<td class="rest">${others} of ${scan.tried} gave no answer</td></tr>
`;
  });
  const more = ports.length > shown.length ? `all tried (${ports.length - shown.length} more answered)` : 'all tried';
  return table(`TCP ports of the Elastic IP, ${run}`, ['party', 'when', ...shown.map(String), more], rows);
}

function cell({ open, refused }: Scan, port: number): Markup {
  if (open.includes(port)) return html`<td class="open">● open</td>`;
  return refused.includes(port) ? html`<td class="refused">× refused</td>` : html`<td class="silent">no answer</td>`;
}

export function securityTable({ securityGroups }: GatewayRecord): Markup {
  const rows = securityGroups.flatMap(({ name, ingress, egress }) => [
    ...ingress.map((rule) => securityRow(name, 'in', rule)),
    ...egress.map((rule) => securityRow(name, 'out', rule)),
  ]);
  return table(
    'Security group, as the EC2 API tells it',
    ['group', 'direction', 'protocol', 'ports', 'networks'],
    rows,
  );
}

function securityRow(group: string, direction: string, rule: SecurityGroupRule): Markup {
  const networks: Content = [...rule.cidrs4, ...rule.cidrs6, ...rule.others].join(', ');
  return html`<tr><td>${group}</td><td>${direction}</td><td>${rule.protocol === '-1' ? 'all' : rule.protocol}</td><td>${ports(rule)}</td><td>${networks}</td></tr>
`;
}

function ports({ fromPort, toPort }: SecurityGroupRule): string {
  if (fromPort === undefined) return 'all';
  return toPort === undefined || toPort === fromPort ? String(fromPort) : `${fromPort}-${toPort}`;
}
