import type { SecurityGroupRule, SecurityGroupRules } from '../../../lib/operate/security-group';
import { type Content, html, type Markup } from './html';
import type { EventRecord, GatewayRecord } from './record';

/** A table of few columns, so that a phone shows all of it. */
export function table(caption: string, head: readonly string[], rows: readonly Markup[]): Markup {
  return html`<table>
<caption>${caption}</caption>
<thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>
`;
}

export function eventsTable(run: string, events: readonly EventRecord[]): Markup {
  const rows = events.map(
    ({
      at,
      instanceId,
      what,
      detail,
    }) => html`<tr><td class="number">${at} s</td><th scope="row">${instanceId}</th><td class="event">${what}${detail && html` <span class="seen">${detail}</span>`}</td></tr>
`,
  );
  return table(`What the lab did in ${run}`, ['at', 'instance', 'what'], rows);
}

export function securityTables({ securityGroups }: GatewayRecord): Content {
  return securityGroups.map(securityTable);
}

function securityTable({ name, ingress, egress }: SecurityGroupRules): Markup {
  const rows = [...ingress.map((rule) => securityRow('in', rule)), ...egress.map((rule) => securityRow('out', rule))];
  return table(`${name}, as the EC2 API tells it`, ['way', 'protocol', 'ports', 'networks'], rows);
}

function securityRow(direction: string, rule: SecurityGroupRule): Markup {
  const networks: Content = [...rule.cidrs4, ...rule.cidrs6, ...rule.others].join(', ');
  return html`<tr><th scope="row">${direction}</th><td>${rule.protocol === '-1' ? 'all' : rule.protocol}</td><td>${ports(rule)}</td><td>${networks}</td></tr>
`;
}

function ports({ fromPort, toPort }: SecurityGroupRule): string {
  if (fromPort === undefined) return 'all';
  return toPort === undefined || toPort === fromPort ? String(fromPort) : `${fromPort}-${toPort}`;
}
