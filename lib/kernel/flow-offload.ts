import { type Cidr, type Family, mergeCidrs } from '../forward/cidr';
import { formatPorts, isRange } from '../forward/ports';
import { readFlag } from '../forward/read-value';
import type { KernelForward } from '../forward/resolved';
import { renderChain, renderSet } from '../nftables/block';
import type { GatewayOption } from './feature';
import type { GatewayValues } from './values';
import { isPortWay, waysOf } from './ways';

/** @category In the kernel */
export interface FlowOffloadProps {
  /**
   * Whether packets of established connections and UDP flows to other hosts, and of `egress`, skip all rules: the
   * kernel keeps these flows in a flow table, which makes a packet cheaper than a plain routed one. Kernels without flow
   * tables go on without. `false`: every packet passes every rule, also those of other programs on the gateway.
   * @default false
   * @see docs/limits.md
   * @see https://docs.kernel.org/networking/nf_flowtable.html
   */
  readonly flowOffload?: boolean;
}

export interface FlowOffload {
  readonly flowOffload: boolean;
}

declare module './values' {
  interface GatewayValues extends FlowOffload {}
}

/** `flowOffload`: a table of its own (see {@link renderFlows}), which the host loads for the devices that it has. */
export const flowOffload: GatewayOption<FlowOffloadProps, FlowOffload> = {
  on: 'gateway',
  props: { flowOffload: true },
  read: (_, props, problems) => ({ flowOffload: readFlag('flowOffload', props.flowOffload, problems) ?? false }),
};

/** The kernel's table of flows, and the file that the host loads it from. */
export const FLOWS = { table: 'inet portway_flows', file: '/etc/portway/flows.nft' } as const;

/** After the chains of everybody else, whose priorities are small numbers: what they drop never gets here. */
const LAST = 1000;

/**
 * The table that puts established flows into a flow table, as text for `nft -f`. It has no devices: the host adds
 * those that it has. It stands apart from `inet portway`, since that one is compared with what was rendered.
 *
 * Undefined if nothing is forwarded to other hosts.
 */
export function renderFlows(
  forwards: readonly KernelForward[],
  { egress, ipv6 }: Pick<GatewayValues, 'egress'> & { readonly ipv6: boolean },
): string | undefined {
  const families: readonly Family[] = ipv6 ? [4, 6] : [4];
  const parts = families.flatMap((family) => [...forwardsPart(forwards, family), ...egressPart(egress, family)]);
  if (parts.length === 0) return undefined;
  return [
    '# Portway: the flows that the kernel carries past all rules. `portway flows` loads it, and adds the devices.',
    `add table ${FLOWS.table}`,
    `delete table ${FLOWS.table}`,
    `table ${FLOWS.table} {`,
    // Counts in connection tracking what passes.
    '  flowtable fast {\n    hook ingress priority filter\n    counter\n  }\n',
    ...parts.map(({ set }) => set),
    renderChain(
      'established',
      [
        `type filter hook forward priority ${LAST}`,
        ...parts.map(({ match }) => `ct status assured ${match} flow add @fast`),
      ],
      ['The last chain on the way. Assured: a TCP connection is open, a UDP flow has been answered for two seconds.'],
    ),
    '}',
    '',
  ].join('\n');
}

/** A set, and what matches the flows in it. */
interface Part {
  readonly set: string;
  readonly match: string;
}

/** Other programs translate too. Only the port that the client asked for, with the target that it got, is ours. */
function forwardsPart(forwards: readonly KernelForward[], family: Family): readonly Part[] {
  const entries = waysOf(forwards, family)
    .filter(isPortWay)
    .flatMap(({ forward: { transport, listen }, targets }) =>
      targets.flatMap(({ host }) => (host === undefined ? [] : [{ transport, listen, host }])),
    );
  // Without ranges, a look-up takes constant time.
  return (
    [
      [`ports_v${family}`, entries.filter((e) => !isRange(e.listen)), []],
      [`ranges_v${family}`, entries.filter((e) => isRange(e.listen)), ['flags interval']],
    ] as const
  ).flatMap(([name, some, lines]) => {
    const keys = new Set(some.map(({ transport, listen, host }) => `${transport} . ${formatPorts(listen)} . ${host}`));
    if (keys.size === 0) return [];
    const type = `inet_proto . inet_service . ipv${family}_addr`;
    const own = `meta l4proto . ct original proto-dst . ct reply ${ipOf(family)} saddr`;
    return {
      set: renderSet(name, { type, lines, elements: [...keys].map((key) => ({ key })) }),
      match: `ct status dnat ${own} @${name}`,
    };
  });
}

function egressPart(networks: readonly Cidr[], family: Family): readonly Part[] {
  const own = mergeCidrs(networks).filter((c) => c.family === family);
  if (own.length === 0) return [];
  const name = `egress_v${family}`;
  return [
    {
      set: renderSet(name, {
        type: `ipv${family}_addr`,
        // A network known only at deploy time (a token) may lie within another one.
        lines: ['flags interval', 'auto-merge'],
        elements: own.map((c) => ({ key: c.text })),
      }),
      match: `ct status snat ct original ${ipOf(family)} saddr @${name}`,
    },
  ];
}

function ipOf(family: Family): string {
  return family === 4 ? 'ip' : 'ip6';
}
