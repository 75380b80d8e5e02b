import { mergeCidrs } from '../forward/cidr';
import type { FetchedList } from '../forward/fetched-lists';
import type { GatewaySettings } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';
import { LISTS_TABLE, renderFetchedLists } from '../kernel/fetched-lists';
import { assetFiles, PACKAGE, PROGRAMS, UNITS } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';
import { neededNetworks } from './protect';

/** The lists that portway-lists.service fetches. */
const SETTINGS = '/etc/portway/lists';

/** What keeps lists of others current; nothing without lists to fetch. The admin, proxies and own networks are never blocked. */
export function fetchedListsPart(
  forwards: readonly ResolvedForward[],
  { fetchedLists, admin, prometheus }: GatewaySettings,
  { packages }: OperatingSystem,
): { readonly files: readonly HostFile[]; readonly packages: readonly string[] } {
  if (fetchedLists.length === 0) return { files: [], packages: [] };
  const known = [...(admin === undefined ? [] : [admin]), ...(prometheus?.from ?? [])];
  const never = mergeCidrs([...known, ...neededNetworks(forwards)]);
  const lines = fetchedLists.map(
    ({ id, everyHours, most, url, countries }) =>
      `${[id, everyHours, most, url, ...(countries === undefined ? [] : [countryWord(countries)])].join(' ')}\n`,
  );
  const byCountry = fetchedLists.some(({ countries }) => countries !== undefined);
  return {
    files: [
      { path: SETTINGS, mode: '0644', text: lines.join(''), origin: 'rules' },
      { path: LISTS_TABLE.file, mode: '0644', text: renderFetchedLists(fetchedLists, never), origin: 'rules' },
      ...assetFiles(
        ...['lists', 'fetched', ...(byCountry ? ['countries'] : [])].map((module) => `${PACKAGE}/${module}.py`),
        `${UNITS}/portway-lists.service`,
        `${UNITS}/portway-lists-table.service`,
        `${PROGRAMS}/host.d/lists.sh`,
      ),
    ],
    packages: packages.nftables,
  };
}

/** Countries as countries.py reads them: `KP,RU`, or `-KR` for all but one. */
function countryWord({ codes, areKeptOut }: NonNullable<FetchedList['countries']>): string {
  return `${areKeptOut ? '' : '-'}${codes.join(',')}`;
}
