import type { Endpoint } from './endpoint';
import { query, values } from './other-inventory';

/** A stack's Network Load Balancer as the API describes it. */
export interface DescribedBalancer {
  /** The ids of its security groups. */
  readonly groups: readonly string[];
  /** One for each zone. */
  readonly zones: readonly { readonly subnetId: string; readonly publicIp: string }[];
  readonly listeners: readonly DescribedListener[];
}

export interface DescribedListener {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'TCP_UDP';
  readonly check: HealthCheck;
  /** The instances that it may send connections to, by id. */
  readonly targets: readonly string[];
  /** Those that keep what they have, and get no new ones. */
  readonly draining: readonly string[];
}

/** How each target is asked whether it is well: `GET path`, answered by 200. */
export interface HealthCheck {
  readonly port: number;
  readonly path: string;
  readonly intervalSeconds: number;
  /** So many good answers in a row make a target healthy. */
  readonly healthyCount: number;
  readonly unhealthyCount: number;
}

/** Reads the endpoint's only balancer; undefined while there is none. Its target groups' checks never change while they live. */
export class BalancerReader {
  readonly #endpoint: Endpoint;
  readonly #checks = new Map<string, HealthCheck>();

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async read(): Promise<DescribedBalancer | undefined> {
    const balancers = await this.#ask('DescribeLoadBalancers');
    const [arn] = values(balancers, 'LoadBalancerArn');
    if (arn === undefined) return undefined;
    const [, own = ''] = /<SecurityGroups>(.*?)<\/SecurityGroups>/s.exec(balancers) ?? [];
    const subnets = values(balancers, 'SubnetId');
    const addresses = values(balancers, 'IpAddress');
    const listeners = values(await this.#ask('DescribeListeners', { LoadBalancerArn: arn }), 'ListenerArn');
    return {
      groups: values(own, 'member'),
      zones: subnets.map((subnetId, i) => ({ subnetId, publicIp: addresses[i] ?? '' })),
      listeners: await Promise.all(listeners.map((one) => this.#listener(one))),
    };
  }

  async #listener(arn: string): Promise<DescribedListener> {
    const text = await this.#ask('DescribeListeners', { 'ListenerArns.member.1': arn });
    const TargetGroupArn = only(text, 'TargetGroupArn');
    const check = this.#checks.get(TargetGroupArn) ?? (await this.#checkOf(TargetGroupArn));
    this.#checks.set(TargetGroupArn, check);
    const states = targetStates(await this.#ask('DescribeTargetHealth', { TargetGroupArn }));
    const are = (isDraining: boolean) =>
      [...states].filter(([, state]) => (state === 'draining') === isDraining).map(([id]) => id);
    return {
      port: Number(only(text, 'Port')),
      protocol: only(text, 'Protocol') as DescribedListener['protocol'],
      ...{ check, targets: are(false), draining: are(true) },
    };
  }

  async #checkOf(arn: string): Promise<HealthCheck> {
    const text = await this.#ask('DescribeTargetGroups', { 'TargetGroupArns.member.1': arn });
    const number = (tag: string) => Number(only(text, tag));
    return {
      port: number('HealthCheckPort'),
      path: only(text, 'HealthCheckPath'),
      intervalSeconds: number('HealthCheckIntervalSeconds'),
      healthyCount: number('HealthyThresholdCount'),
      unhealthyCount: number('UnhealthyThresholdCount'),
    };
  }

  #ask(action: string, more = {}): Promise<string> {
    return query(this.#endpoint, 'elasticloadbalancing', action, '2015-12-01', more);
  }
}

/** The states of a target group's targets by their ids, of an answer to DescribeTargetHealth. */
export function targetStates(xml: string): ReadonlyMap<string, string> {
  const found = xml.matchAll(/<Id>([^<]+)<\/Id>.*?<State>([^<]+)<\/State>/gs);
  return new Map([...found].map(([, id = '', state = '']) => [id, state]));
}

function only(xml: string, tag: string): string {
  const [value] = values(xml, tag);
  if (value === undefined) throw new Error(`the endpoint's balancer has no ${tag}: ${xml.slice(0, 300)}`);
  return value;
}
