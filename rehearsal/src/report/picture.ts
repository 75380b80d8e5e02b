import { INTERNET } from '../network/addresses';
import { sideOf } from '../network/host';
import { html, type Markup } from './html';
import type { RunRecord } from './record';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly lines: readonly string[];
  readonly kind?: 'party' | 'cloud' | 'wall' | 'gateway';
}

/**
 * The lab of a run: who is where, and what is between them, without hosts that the stack does not use. In portrait, so
 * that a phone shows all of it.
 */
export function picture({ name, gateway, hosts, scans }: RunRecord): Markup {
  const id = `lab-${name}`;
  const nat = gateway ? `Elastic IP ${gateway.publicIp} ⇄ ${gateway.privateIp} (1:1 NAT)` : 'no Elastic IP yet';
  const there = gateway ? [gateway.privateIp, gateway.instanceId] : ['not there yet'];
  const reached = (party: string) => {
    const own = scans.filter((scan) => scan.party === party);
    if (own.length === 0) return 'has not tried any port';
    const ports = [...new Set(own.flatMap(({ open }) => open))];
    return ports.length === 0 ? 'found no port' : `found ${few(ports.sort((a, b) => a - b).map(String), 4).join(', ')}`;
  };
  const outside = hosts.filter((address) => sideOf(address) === 'internet');
  const inside = hosts.filter((address) => sideOf(address) === 'vpc');
  const targets = few(inside, 6);
  const outsideLine = outside.length > 0 ? [`hosts at ${few(outside, 2).join(', ')}`] : [];
  // The height of one more line above, or of some more below.
  const down = 18 * outsideLine.length;
  const height = 430 + down + 18 * Math.max(0, targets.length - 2);
  const boxes: Box[] = [
    { x: 10, y: 10, width: 160, lines: ['stranger', INTERNET.stranger.address, reached('stranger')], kind: 'party' },
    { x: 190, y: 10, width: 160, lines: ['admin', INTERNET.admin.address, reached('admin')], kind: 'party' },
    {
      x: 10,
      y: 106,
      width: 340,
      lines: ['internet', 'with a package repository and the signal endpoint', ...outsideLine],
      kind: 'cloud',
    },
    { x: 10, y: 186 + down, width: 340, lines: ['VPC router', nat] },
    {
      x: 10,
      y: 266 + down,
      width: 200,
      lines: ['security group', `${ruleCount(gateway)} rules in, stateful`],
      kind: 'wall',
    },
    {
      x: 10,
      y: 346 + down,
      width: 200,
      lines: ['gateway VM', ...there],
      kind: 'gateway',
    },
    ...(targets.length > 0 ? [{ x: 230, y: 346 + down, width: 120, lines: ['targets', ...targets] }] : []),
  ];
  const lines = [
    ...['M90 78V106', 'M270 78V106'],
    ...[`M180 ${158 + down}v28`, `M110 ${238 + down}v28`, `M110 ${318 + down}v28`],
    ...(targets.length > 0 ? [`M290 ${238 + down}v108`] : []),
  ];
  const made = hosts.length > 0 ? ` The stack's forwards name hosts at ${hosts.join(', ')}.` : '';
  const told = `Stranger and admin reach the internet, from there the VPC's router (${nat}), and through the security group the gateway (${there[0]}).${made} The stranger ${reached('stranger')}; the admin ${reached('admin')}.`;
  return html`<svg class="picture" viewBox="0 0 360 ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">The lab of ${name}</title>
<desc id="${id}-desc">${told}</desc>
${lines.map((d) => html`<path d="${d}"/>`)}
${boxes.map(drawn)}
</svg>
`;
}

/** As many of a list as there is room for. */
function few(all: readonly string[], room: number): readonly string[] {
  return all.length <= room ? all : [...all.slice(0, room - 1), `${all.length - room + 1} more`];
}

function drawn({ x, y, width, lines, kind = 'party' }: Box): Markup {
  const height = 16 + lines.length * 18;
  const middle = x + width / 2;
  return html`<g class="${kind}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>${lines.map(
    (line, i) => html`<text class="${i === 0 ? 'name' : ''}" x="${middle}" y="${y + 22 + i * 18}">${line}</text>`,
  )}</g>
`;
}

function ruleCount(gateway: RunRecord['gateway']): number {
  return (gateway?.securityGroups ?? []).reduce((count, { ingress }) => count + ingress.length, 0);
}
