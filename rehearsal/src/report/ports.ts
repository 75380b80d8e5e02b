import type { Scan } from '../checks';
import { html, type Markup } from './html';
import { table } from './tables';

/** Ports that readers look for first, whether found or not. */
const ALWAYS = [22, 80, 443];

/** The most ports of a table: a host that refuses connections may refuse a thousand. */
const MOST = 40;

/** What each party found on each port: a row a port, a column a party, so that it fits a phone. */
export function portsTable(run: string, scans: readonly Scan[]): Markup {
  const found = [...new Set([...ALWAYS, ...scans.flatMap(({ open, refused }) => [...open, ...refused])])];
  const ports = found.sort((a, b) => a - b).slice(0, MOST);
  const parties = [...new Set(scans.map(({ party }) => party))];
  const row = (title: string, told: (scan: Scan) => Told) => html`<tr><th scope="row">${title}</th>${parties.map(
    (party) =>
      cell(
        scans.filter((scan) => scan.party === party),
        told,
      ),
  )}</tr>
`;
  const when = [...new Set(scans.map(({ phase }) => phase))].join(', ');
  const left = found.length - ports.length;
  return table(
    `TCP ports of the Elastic IP, ${run} (${when})`,
    ['port', ...parties],
    [
      ...ports.map((port) => row(String(port), (scan) => stateOf(scan, port))),
      row(left > 0 ? `others (${left} of them answered)` : 'others', ({ open, refused, tried }) => ({
        kind: 'silent',
        text: `${tried - open.length - refused.length} of ${tried} gave no answer`,
      })),
    ],
  );
}

interface Told {
  readonly kind: 'open' | 'refused' | 'silent';
  readonly text: string;
}

function stateOf({ open, refused }: Scan, port: number): Told {
  if (open.includes(port)) return { kind: 'open', text: '● open' };
  return refused.includes(port) ? { kind: 'refused', text: '× refused' } : { kind: 'silent', text: 'no answer' };
}

/** What the scans of a party say; if they do not say the same, each with its phases. */
function cell(scans: readonly Scan[], told: (scan: Scan) => Told): Markup {
  const phases = new Map<string, string[]>();
  const all = scans.map((scan) => ({ phase: scan.phase, ...told(scan) }));
  for (const { phase, text } of all) phases.set(text, [...(phases.get(text) ?? []), phase]);
  const [first] = all;
  if (phases.size <= 1) return html`<td class="${first?.kind}">${first?.text}</td>`;
  const lines = [...phases].map(([text, when]) => ({
    kind: all.find((one) => one.text === text)?.kind,
    text: `${text}: ${when.join(', ')}`,
  }));
  return html`<td>${lines.map(({ kind, text }) => html`<p class="${kind}">${text}</p>`)}</td>`;
}
