import type { Family } from '../forward/cidr';
import { NO_SETTINGS } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { Table } from '../iptables/table';
import { waysOf } from '../iptables/ways';
import type { IptablesSettings, KernelFeature } from './feature';
import { KERNEL_FEATURES } from './features';

/** The rules of both IP versions, each as text for `iptables-restore --noflush` (`Table` describes its form). */
export interface IptablesRules {
  readonly v4: string;
  readonly v6: string;
}

/** The iptables-restore texts of the forwards that iptables carries. Forwards on nginx are ignored. */
export function renderIptables(
  forwards: readonly ResolvedForward[],
  settings: IptablesSettings = NO_SETTINGS,
): IptablesRules {
  return { v4: renderFamily(forwards, settings, 4), v6: renderFamily(forwards, settings, 6) };
}

function renderFamily(forwards: readonly ResolvedForward[], settings: IptablesSettings, family: Family): string {
  const tables = { nat: new Table('nat'), mangle: new Table('mangle'), filter: new Table('filter') };
  const input = { ...tables, family, ways: waysOf(forwards, family), settings };
  for (const feature of Object.values<KernelFeature>(KERNEL_FEATURES)) feature.iptables?.(input);
  const texts = Object.values(tables).map((table) => table.render());
  return `${[`# Portway: forwards carried by iptables, IPv${family}.`, ...texts].join('\n')}\n`;
}
