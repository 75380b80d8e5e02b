import { formatPorts } from '../forward/ports';
import { isPortForward, type ResolvedForward } from '../forward/resolved';
import { formatHost, formatTarget } from '../forward/target';
import type { TrafficRule } from '../forward/traffic';
import type { HostContent } from '../host/host-content';
import { SIGNAL_URL_RESERVE, USER_DATA_LIMIT, type UserData } from '../host/user-data';

/** What a deploy would set up, as plain data: what `portway plan` prints, and what other programs can read. */
export interface Plan {
  readonly forwards: readonly PlannedForward[];
  /** The rendered files as the host gets them: rules and nginx.conf. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** What the security group lets through. */
  readonly inbound: readonly PlannedRule[];
  readonly outbound: readonly PlannedRule[];
  readonly userData: {
    /** Bytes, with the reserve counted for the signal's URL. */
    readonly size: number;
    readonly limit: number;
    readonly reserve: number;
    /** Whether the rendered files travel compressed. */
    readonly compressed: boolean;
  };
}

export interface PlannedForward {
  readonly name: string;
  /** `tcp`, `udp`, `http`, `https` or `protocol`. */
  readonly kind: string;
  /** Port or range on the gateway; the number of a protocol without ports. */
  readonly listen: string;
  /** Targets; a port alone is on the gateway itself. */
  readonly to: readonly string[];
  readonly redirectTo?: string;
  readonly engine: string;
  /** Source networks; empty means everyone. */
  readonly allowFrom: readonly string[];
}

export interface PlannedRule {
  readonly protocol: string;
  readonly ports: string;
  readonly peer: string;
  readonly for: readonly string[];
}

export interface PlanProps {
  readonly forwards: readonly ResolvedForward[];
  readonly content: HostContent;
  readonly userData: UserData;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
}

export function makePlan({ forwards, content, userData, inbound, outbound }: PlanProps): Plan {
  return {
    forwards: forwards.map(plannedForward),
    files: content.files.filter((f) => f.origin === 'rules').map(({ path, text }) => ({ path, text })),
    inbound: inbound.map(plannedRule),
    outbound: outbound.map(plannedRule),
    userData: {
      size: userData.size,
      limit: USER_DATA_LIMIT,
      reserve: SIGNAL_URL_RESERVE,
      compressed: userData.compressed,
    },
  };
}

function plannedForward(forward: ResolvedForward): PlannedForward {
  const { name, kind, engine, allowFrom } = forward;
  const allowed = allowFrom.map((c) => c.text);
  if (!isPortForward(forward)) {
    const { protocol, target } = forward;
    return { name, kind, listen: `${protocol}`, to: [formatHost(target)], engine, allowFrom: allowed };
  }
  const { listen, targets, sites } = forward;
  const redirect = sites.flatMap((s) => s.routes).find((r) => r.redirect !== undefined)?.redirect;
  return {
    name,
    kind,
    listen: formatPorts(listen),
    to: targets.map(formatTarget),
    ...(redirect === undefined ? {} : { redirectTo: typeof redirect === 'number' ? `https on ${redirect}` : redirect }),
    engine,
    allowFrom: allowed,
  };
}

function plannedRule({ protocol, ports, peer, reasons }: TrafficRule): PlannedRule {
  return {
    protocol: `${protocol}`,
    ports: ports === undefined ? 'all' : formatPorts(ports),
    peer: peer.text,
    for: reasons,
  };
}
