import { PROTECT, type Protect, type ProtectProps, readProtect } from '../forward/protect';
import { renderChain, renderSet } from '../nftables/block';
import type { GatewayOption } from './feature';

/** @category In the kernel */
export interface ProtectOptionProps {
  /**
   * Blocks sources that offend for a time, which grows: `{}` for many refused requests, `{ failedLogins: { paths:
   * ['/login'] } }` for failed logins too, `{ newConnectionsPerSecond: 50 }` for floods of
   * connections. The kernel drops all that a blocked source sends; behind trusted proxies
   * nginx answers it with 403. `portway blocked` on the gateway lists them, `portway unblock ADDRESS` lets one in again.
   * @default nobody is blocked
   * @refused where nothing counts: no HTTP forward has `limits`, and there are neither `failedLogins` nor
   * `newConnectionsPerSecond`
   * @see docs/decisions/protect.md
   */
  readonly protect?: ProtectProps;
}

export interface ProtectValues {
  readonly protect?: Protect;
}

declare module './values' {
  interface GatewayValues extends ProtectValues {}
}

/** `protect`: done by a service with a table of its own, which no change of rules rebuilds (lib/host/protect.ts). */
export const protect: GatewayOption<ProtectOptionProps, ProtectValues> = {
  on: 'gateway',
  props: { protect: true },
  parts: { protect: PROTECT },
  read(_, props, problems, context) {
    const value = readProtect(props.protect, context, problems);
    return value === undefined ? {} : { protect: value };
  },
};

/** The table of blocked sources, and the file that the host's service loads it from. */
export const PROTECT_TABLE = { table: 'inet portway_protect', file: '/etc/portway/protect.nft' } as const;

const FAMILIES = [
  { family: 4, source: 'ip saddr' },
  // The /64 that an IPv6 client has at least.
  { family: 6, source: 'ip6 saddr & ffff:ffff:ffff:ffff::' },
] as const;

/** How long a source counts as flooding after its last connection too many, and a connection of it as open. */
const SECONDS = 10;

/**
 * The table that drops what blocked sources send, as text for `nft -f`. The service fills its sets, so it stands apart from
 * `inet portway`, which each change of rules makes anew. `proxyPorts`: where only a CDN comes, also with proxies that nobody
 * here knows, which open many connections.
 */
export function renderProtect(
  { newConnectionsPerSecond: perSecond, dryRun }: Protect,
  proxyPorts: readonly number[],
): string {
  const others = proxyPorts.length === 0 ? '' : `tcp dport != { ${proxyPorts.join(', ')} } `;
  const floods = perSecond !== undefined;
  return [
    '# Portway: sources that are blocked for a time. `portway protect` loads it, and fills its sets.',
    `add table ${PROTECT_TABLE.table}`,
    `delete table ${PROTECT_TABLE.table}`,
    `table ${PROTECT_TABLE.table} {`,
    ...FAMILIES.flatMap(({ family }) => sets(family, floods)),
    renderChain(
      'blocked',
      [
        'type filter hook prerouting priority raw + 1; policy accept;',
        'iif lo accept',
        ...FAMILIES.map(
          ({ family, source }) => `${source} @blocked_v${family} ${address(family)} != @never_v${family} counter drop`,
        ),
        ...(floods ? [`tcp flags & (fin | syn | rst | ack) == syn ${others}jump opening`] : []),
      ],
      [
        'Before connection tracking, so that they cannot fill its table. Who is never blocked is asked only of a blocked one:',
        'each packet is looked up once.',
      ],
    ),
    ...(perSecond === undefined ? [] : floodChains(perSecond, dryRun)),
    '}',
    '',
  ].join('\n');
}

function address(family: 4 | 6): string {
  return family === 4 ? 'ip saddr' : 'ip6 saddr';
}

function sets(family: 4 | 6, floods: boolean): readonly string[] {
  const type = `ipv${family}_addr`;
  const dynamic = (size: number) => [`size ${size}`, 'flags dynamic,timeout', `timeout ${SECONDS}s`];
  return [
    renderSet(`never_v${family}`, { type, lines: ['flags interval', 'auto-merge'] }),
    renderSet(`blocked_v${family}`, { type, lines: ['size 8192', 'flags timeout'] }),
    ...(floods
      ? [
          renderSet(`rate_v${family}`, { type, lines: dynamic(16_384) }),
          renderSet(`flooding_v${family}`, { type, lines: dynamic(4096) }),
          renderSet(`open_v${family}`, { type: `${type} . inet_service`, lines: dynamic(2048) }),
        ]
      : []),
  ];
}

/**
 * A first packet may be forged, so it alone blocks nobody: what is too fast is dropped, and no more. If a source that does so
 * has many open connections to this host, there is somebody at that address: these packets belong to sockets whose handshake
 * is over. That the first packets are not forged nevertheless, in the name of who is there, nothing proves (docs/limits.md).
 */
function floodChains(perSecond: number, dryRun: boolean): readonly string[] {
  const limit = `limit rate over ${perSecond}/second burst ${perSecond * 5} packets`;
  return [
    renderChain(
      'opening',
      [
        ...FAMILIES.map(({ family }) => `${address(family)} @never_v${family} return`),
        ...FAMILIES.map(
          ({ family, source }) =>
            `update @rate_v${family} { ${source} ${limit} } update @flooding_v${family} { ${source} } counter${dryRun ? '' : ' drop'}`,
        ),
      ],
      ['What one source opens too fast. Its packets may be forged, so nothing else of it is dropped.'],
    ),
    renderChain(
      'open',
      [
        'type filter hook input priority filter; policy accept;',
        ...FAMILIES.map(
          ({ family, source }) =>
            `tcp flags & (syn | rst | ack) == ack ${source} @flooding_v${family} socket wildcard 0 update @open_v${family} { ${source} . tcp sport }`,
        ),
      ],
      ['Open connections of such sources. With many of them the service blocks the source.'],
    ),
  ];
}
