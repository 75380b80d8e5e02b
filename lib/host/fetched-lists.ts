import { mergeCidrs } from '../forward/cidr';
import type { GatewaySettings } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { LISTS_TABLE, renderFetchedLists } from '../kernel/fetched-lists';
import { assetFiles, PACKAGE, UNITS } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';
import { neededNetworks } from './protect';

/** The lists that portway-lists.service fetches. */
const SETTINGS = '/etc/portway/lists';

/** What keeps lists of others current; nothing without `Sources.url`. The admin, proxies and own networks are never blocked. */
export function fetchedListsPart(
  forwards: readonly ResolvedForward[],
  { fetchedLists, admin }: GatewaySettings,
  { packages }: OperatingSystem,
): { readonly files: readonly HostFile[]; readonly packages: readonly string[] } {
  if (fetchedLists.length === 0) return { files: [], packages: [] };
  const never = mergeCidrs([...(admin === undefined ? [] : [admin]), ...neededNetworks(forwards)]);
  const lines = fetchedLists.map(({ id, everyHours, most, url }) => `${id} ${everyHours} ${most} ${url}\n`);
  return {
    files: [
      { path: SETTINGS, mode: '0644', text: lines.join(''), origin: 'rules' },
      { path: LISTS_TABLE.file, mode: '0644', text: renderFetchedLists(fetchedLists, never), origin: 'rules' },
      ...assetFiles(`${PACKAGE}/lists.py`, `${PACKAGE}/fetched.py`, `${UNITS}/portway-lists.service`),
    ],
    packages: packages.nftables,
  };
}
