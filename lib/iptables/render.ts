import type { Family } from '../forward/cidr';
import { type GatewaySettings, NO_SETTINGS } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { writeDestinations } from './destination';
import { writeEgress } from './egress';
import { writeLimits } from './limit';
import { writeOtherHosts } from './other-hosts';
import { Table } from './table';
import { waysOf } from './ways';

/** The rules of both families, each as text for `iptables-restore --noflush` (see `Table` for its form). */
export interface IptablesRules {
  readonly v4: string;
  readonly v6: string;
}

/** The iptables-restore texts for the forwards that iptables carries; forwards of other engines are passed over. */
export function renderIptables(
  forwards: readonly ResolvedForward[],
  settings: Pick<GatewaySettings, 'egress'> = NO_SETTINGS,
): IptablesRules {
  return { v4: renderFamily(forwards, settings, 4), v6: renderFamily(forwards, settings, 6) };
}

function renderFamily(
  forwards: readonly ResolvedForward[],
  { egress }: Pick<GatewaySettings, 'egress'>,
  family: Family,
): string {
  const tables = { nat: new Table('nat'), mangle: new Table('mangle'), filter: new Table('filter') };
  const ways = waysOf(forwards, family);
  writeDestinations(tables.nat, ways);
  // What is limited is dropped before anything lets it pass.
  writeLimits(tables.filter, ways);
  writeOtherHosts(tables, ways);
  writeEgress(tables, egress, family);
  const texts = [tables.nat, tables.mangle, tables.filter].map((table) => table.render());
  return `${[`# Portway: forwards carried by iptables, IPv${family}.`, ...texts].join('\n')}\n`;
}
