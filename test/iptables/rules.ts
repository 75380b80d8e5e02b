import { type GatewaySettings, NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { type IptablesRules, renderIptables } from '../../lib/kernel/render-iptables';

/** The rules of a stack with the engine iptables. */
export function render(
  forwards: ForwardSet['forwards'],
  settings?: Partial<Pick<GatewaySettings, 'egress'>>,
): IptablesRules {
  return renderIptables(resolveForwardsOrThrow({ engine: 'iptables', forwards }), { ...NO_SETTINGS, ...settings });
}

/** The lines of one table. */
export function table(text: string, name: 'nat' | 'mangle' | 'filter'): string {
  return text.split(`*${name}\n`)[1]?.split('COMMIT')[0] ?? '';
}

/** The rules of one chain, without comments. */
export function chain(text: string, name: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`-A ${name} `))
    .map((line) => line.replace(`-A ${name} `, '').replace(/-m comment --comment "[^"]*" /, ''));
}

export function hooks(text: string): string[] {
  return [...text.matchAll(/^#portway-hook (.*)$/gm)].map(([, hook]) => hook ?? '');
}

/** A packet's path through a chain: the forwards whose rules match it, in order, and the number of rules it passes. */
export interface Walk {
  readonly forwards: readonly string[];
  readonly met: number;
}

/** Traces a packet through a chain and its sub-chains, by protocol and port only. */
export function walk(text: string, name: string, transport: 'tcp' | 'udp', port: number): Walk {
  const forwards: string[] = [];
  let met = 0;
  const matches = (rule: string) => {
    // A rule without either matches every packet in this chain.
    if (!rule.includes('-p ')) return rule.includes('comment');
    const [, protocol] = /-p (\S+)/.exec(rule) ?? [];
    const [, from, to = from] =
      /--ctorigdstport (\d+)(?::(\d+))?/.exec(rule) ?? /--dport (\d+)(?::(\d+))?/.exec(rule) ?? [];
    return protocol === transport && Number(from) <= port && port <= Number(to);
  };
  const enter = (at: string): void => {
    for (const rule of text.split('\n').filter((line) => line.startsWith(`-A ${at} `))) {
      met++;
      if (!matches(rule)) continue;
      const [, to] = /-j (PORTWAY-\S+\.\S+)$/.exec(rule) ?? [];
      if (to !== undefined) enter(to);
      else forwards.push(/"portway:(.*)"/.exec(rule)?.[1] ?? '');
    }
  };
  enter(name);
  return { forwards, met };
}
