import { type Cidr, everyoneIn } from '../forward/cidr';
import type { Known } from '../forward/known';
import { PUBLISHED } from '../forward/known-sources';
import { readSources } from '../forward/lists';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readWhole } from '../forward/read-value';
import { CLOUD_WATCH, type CloudWatch, type CloudWatchProps, readCloudWatch } from './cloud-watch';
import type { GatewayContext, GatewayOption } from './feature';
import { LOGS, type LogShipping, type LogsProps, readLogShipping } from './log-shipping';

/** @category In the kernel */
export interface MonitoringOptionProps {
  /**
   * Metrics of the forwards and of the host.
   * @default none
   * @see docs/monitoring/README.md
   */
  readonly monitoring?: MonitoringProps;
}

/** What the host itself tells. */
export interface MonitoringProps {
  /**
   * Metrics for a Prometheus server of yours: the host answers `GET /metrics` over HTTP, without TLS, on a port of its
   * own. Adding or removing it is a live change like that of a forward.
   * @default none
   */
  readonly prometheus?: PrometheusProps;
  /**
   * Metrics in CloudWatch: once a minute the host sends what it counted, as log events that CloudWatch turns into metrics. Its role gets
   * the right to write into this one log group, which the stack makes, and which goes with it. `portway plan` says what it costs.
   * @default none
   * @see docs/monitoring/README.md#cloudwatch
   */
  readonly cloudWatch?: CloudWatchProps;
  /**
   * The host's logs in CloudWatch Logs, sent once a minute. They stay on the host too. Its role gets the right to write into these streams
   * of a log group of their own, which the stack makes, and which goes with it.
   * @default none
   * @see docs/monitoring/README.md#logs
   */
  readonly logs?: LogsProps;
}

/** Who may read the metrics, and where. */
export interface PrometheusProps {
  /**
   * The networks that may ask, in CIDR notation, and names of `lists`. The security group and the host both keep out everyone else.
   * @refused an empty list; everyone, also as two halves, since the metrics name forwards and targets; a CDN's ranges; IPv6 networks without `ipv6`
   */
  readonly from: readonly string[];
  /**
   * The TCP port (1024-65535).
   * @default 9464
   * @refused a port of a forward in TCP, or of an application on the gateway that a forward leads to
   * @see https://github.com/prometheus/prometheus/wiki/Default-port-allocations
   */
  readonly port?: number;
}

export const PROMETHEUS = { from: true, port: true } satisfies Known<PrometheusProps>;

export interface Monitoring {
  /** Undefined: nobody reads metrics. */
  readonly prometheus?: { readonly from: readonly Cidr[]; readonly port: number };
  /** Undefined: nothing is sent to CloudWatch. */
  readonly cloudWatch?: CloudWatch;
  /** Undefined: logs stay on the host. */
  readonly shippedLogs?: LogShipping;
}

declare module './values' {
  interface GatewayValues extends Monitoring {}
}

/** Whether the host counts what each forward carries, for Prometheus or CloudWatch. */
export function countsTraffic({ prometheus, cloudWatch }: Pick<Monitoring, 'prometheus' | 'cloudWatch'>): boolean {
  return prometheus !== undefined || cloudWatch !== undefined;
}

/** `monitoring`: here, who may read the metrics, and which of them CloudWatch gets. lib/host/monitoring.ts has what collects them. */
export const monitoring: GatewayOption<MonitoringOptionProps, Monitoring> = {
  on: 'gateway',
  props: { monitoring: true },
  parts: { 'monitoring.prometheus': PROMETHEUS, 'monitoring.cloudWatch': CLOUD_WATCH, 'monitoring.logs': LOGS },
  read(_, { monitoring: written }, problems, context) {
    // lib/constructs/monitoring.ts reads the whole.
    const prometheus = readPrometheus(written?.prometheus, context, problems);
    const cloudWatch = readCloudWatch(written?.cloudWatch, problems);
    const shippedLogs = readLogShipping(written?.logs, problems);
    return {
      ...(prometheus === undefined ? {} : { prometheus }),
      ...(cloudWatch === undefined ? {} : { cloudWatch }),
      ...(shippedLogs === undefined ? {} : { shippedLogs }),
    };
  },
};

const NO_IPV6 = 'must be IPv4 while the gateway has no IPv6: add ipv6: true to the stack';

function readPrometheus(value: unknown, { ipv6, lists }: GatewayContext, problems: Problems): Monitoring['prometheus'] {
  const at = 'monitoring.prometheus';
  const props = readObject(at, value, { parts: PROMETHEUS, example: "{ from: ['10.0.0.0/16'] }" }, problems);
  if (props === undefined) return undefined;
  if (props.from === undefined)
    problems.add(`${at}.from`, "must say which networks may read the metrics, such as ['10.0.0.0/16']");
  const readers = readSources(`${at}.from`, props.from, lists, problems);
  // A list may hold both IP versions, for others.
  const usable = readers.filter((c) => c.list === undefined || c.family === 4 || ipv6);
  const from = [...new Map(usable.map((c) => [c.text, c])).values()];
  const [first] = readers;
  if (from.length === 0 && first !== undefined) problems.add(`${at}.from`, NO_IPV6, first.text);
  const everyone = everyoneIn(from);
  for (const cidr of everyone)
    problems.add(`${at}.from`, 'must not be everyone: the metrics name forwards and targets', cidr.text);
  for (const { text, family, list = '' } of from) {
    if (PUBLISHED.has(list))
      problems.add(`${at}.from`, 'must be networks of your own: anybody may ask through a CDN', text);
    else if (family === 6 && !ipv6 && !everyone.some((c) => c.family === 6)) problems.add(`${at}.from`, NO_IPV6, text);
  }
  return { from, port: readWhole(`${at}.port`, props.port, { from: 1024, to: 65535 }, problems) ?? 9464 };
}
