import type { GatewaySettings } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { isToken } from '../forward/token';
import type { TrafficRule } from '../forward/traffic';
import { USER_DATA_LIMIT, type UserData } from '../host/content/user-data';
import type { HostContent } from '../host/host-content';
import { AT_DEPLOY, network, plannedFetched, plannedLists } from './lists';
import type { Plan, PlannedCost, PlannedRule } from './plan';
import { plannedForward } from './planned-forward';
import { PRICES } from './prices';

export interface PlanProps {
  readonly association: string;
  readonly forwards: readonly ResolvedForward[];
  readonly settings: GatewaySettings;
  readonly eip: { readonly publicIp: string } | undefined;
  readonly dns: { readonly names: readonly string[] } | undefined;
  /** How many watch the host. */
  readonly alarms: number;
  readonly dashboard: boolean;
  readonly content: HostContent;
  readonly userData: UserData;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
}

export function makePlan(props: PlanProps): Plan {
  const { association, forwards, settings, eip, dns, alarms, dashboard, content, userData, inbound, outbound } = props;
  return {
    association,
    forwards: forwards.map(plannedForward),
    gateway: {
      ipv6: settings.ipv6,
      blocked: settings.blocked.map(network),
      ...plannedLists(forwards, settings),
      ...(settings.fetchedLists.length === 0 ? {} : { fetchedLists: settings.fetchedLists.map(plannedFetched) }),
      egress: settings.egress.map(network),
      ...(eip === undefined || isToken(eip.publicIp) ? {} : { address: eip.publicIp }),
      ...(dns === undefined ? {} : { names: dns.names.map((name) => (isToken(name) ? AT_DEPLOY : name)) }),
      ...(alarms === 0 ? {} : { alarms: plannedCost(alarms, PRICES.alarmAMonth) }),
      ...(dashboard ? { dashboard: plannedCost(1, PRICES.dashboardAMonth) } : {}),
      ...(settings.ping === undefined ? {} : { ping: settings.ping }),
    },
    files: content.files.filter((f) => f.origin === 'rules').map(({ path, text }) => ({ path, text })),
    inbound: inbound.map(plannedRule),
    outbound: outbound.map(plannedRule),
    userData: {
      size: userData.size,
      limit: USER_DATA_LIMIT,
      reserve: userData.reserve,
      parameters: userData.parameters,
      content: userData.content,
      namesContent: userData.namesContent,
    },
  };
}

function plannedCost(count: number, each: number): PlannedCost {
  const { asOf, source } = PRICES;
  return { count, dollarsAMonth: Math.round(count * each * 100) / 100, pricesOf: asOf, source };
}

function plannedRule({ protocol, ports, peer, reasons }: TrafficRule): PlannedRule {
  return { protocol, ...(ports === undefined ? {} : { ports }), peer: network(peer), for: reasons };
}
