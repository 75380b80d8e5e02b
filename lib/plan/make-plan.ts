import { cloudWatchMetrics, countMetrics } from '../forward/cloud-watch-metrics';
import type { GatewaySettings } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { isToken } from '../forward/token';
import type { TrafficRule } from '../forward/traffic';
import { USER_DATA_LIMIT, type UserData } from '../host/content/user-data';
import type { HostContent } from '../host/host-content';
import { windowText } from '../kernel/patching';
import type { PlannedFleet } from './fleet';
import { AT_DEPLOY, network, plannedFetched, plannedLists } from './lists';
import type { Plan, PlannedCost, PlannedLogin, PlannedRule } from './plan';
import { plannedForward } from './planned-forward';
import { PRICES } from './prices';

export interface PlanProps {
  readonly association: string;
  readonly forwards: readonly ResolvedForward[];
  readonly settings: GatewaySettings;
  readonly login: PlannedLogin;
  readonly eip: { readonly publicIp: string } | undefined;
  readonly dns: { readonly names: readonly string[] } | undefined;
  /** How many watch the host, how many metrics they are on, and how many were made for them: AWS charges for each metric. */
  readonly alarms: { readonly count: number; readonly metrics: number; readonly metricsMade: number };
  readonly dashboard: boolean;
  readonly fleet?: PlannedFleet;
  readonly content: HostContent;
  readonly userData: UserData;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
}

export function makePlan(props: PlanProps): Plan {
  const { association, forwards, settings, login, eip, dns, alarms, dashboard, content, userData, inbound, outbound } =
    props;
  return {
    association,
    forwards: forwards.map(plannedForward),
    gateway: {
      ipv6: settings.ipv6,
      blocked: settings.blocked.map(network),
      ...plannedLists(forwards, settings),
      ...(settings.fetchedLists.length === 0 ? {} : { fetchedLists: settings.fetchedLists.map(plannedFetched) }),
      login,
      egress: settings.egress.map(network),
      ...(eip === undefined || isToken(eip.publicIp) ? {} : { address: eip.publicIp }),
      ...(dns === undefined ? {} : { names: dns.names.map((name) => (isToken(name) ? AT_DEPLOY : name)) }),
      ...plannedAlarms(alarms),
      ...(dashboard ? { dashboard: plannedCost(1, PRICES.dashboardAMonth) } : {}),
      ...plannedMetrics(forwards, settings, props.fleet?.min ?? 1),
      ...(settings.reboot === undefined ? {} : { reboot: windowText(settings.reboot) }),
      ...(settings.updatesOffBecause === undefined ? {} : { updatesOffBecause: settings.updatesOffBecause }),
      ...(settings.ping === undefined ? {} : { ping: settings.ping }),
    },
    ...(props.fleet === undefined ? {} : { fleet: props.fleet }),
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

function plannedCost(count: number, each: number, more = 0): PlannedCost {
  const { asOf, source } = PRICES;
  return {
    count,
    dollarsAMonth: Math.ceil(Number((100 * (count * each + more)).toFixed(6))) / 100,
    pricesOf: asOf,
    source,
  };
}

function plannedAlarms({ count, metrics, metricsMade }: PlanProps['alarms']): { alarms?: PlannedCost } {
  if (count === 0) return {};
  return { alarms: { ...plannedCost(metrics, PRICES.alarmAMonth, metricsMade * PRICES.metricAMonth), count } };
}

/** The metrics that the hosts send to CloudWatch, which they share, with the events of each that carry them: one for the gateway, and one for each forward. */
function plannedMetrics(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  hosts: number,
): { metrics?: PlannedCost } {
  const metrics = cloudWatchMetrics(forwards, settings);
  if (metrics === undefined) return {};
  const events = hosts * (1 + Object.keys(metrics.forwards).length);
  return { metrics: plannedCost(countMetrics(metrics), PRICES.metricAMonth, events * PRICES.eventAMonth) };
}

function plannedRule({ protocol, ports, peer, reasons }: TrafficRule): PlannedRule {
  return { protocol, ...(ports === undefined ? {} : { ports }), peer: network(peer), for: reasons };
}
