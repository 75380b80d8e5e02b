import type { Family } from '../forward/cidr';
import { type GatewaySettings, NO_SETTINGS } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { Table } from '../iptables/table';
import type { KernelFeature } from './feature';
import { KERNEL_FEATURES } from './features';
import { waysOf } from './ways';

/** The rules of both IP versions, each as text for `iptables-restore --noflush` (`Table` describes its form). */
export interface IptablesRules {
  readonly v4: string;
  readonly v6: string;
}

/** The iptables-restore texts of the forwards that iptables carries. Forwards on nginx are ignored. */
export function renderIptables(forwards: readonly ResolvedForward[], settings = NO_SETTINGS): IptablesRules {
  return { v4: renderFamily(forwards, settings, 4), v6: renderFamily(forwards, settings, 6) };
}

function renderFamily(forwards: readonly ResolvedForward[], settings: GatewaySettings, family: Family): string {
  const tables = { nat: new Table('nat'), mangle: new Table('mangle'), filter: new Table('filter') };
  const input = { ...tables, family, ways: waysOf(forwards, family), settings };
  for (const feature of Object.values<KernelFeature>(KERNEL_FEATURES)) feature.iptables?.(input);
  const texts = Object.values(tables).map((table) => table.render());
  return `${[`# Portway: forwards carried by iptables, IPv${family}.`, ...texts].join('\n')}\n`;
}
