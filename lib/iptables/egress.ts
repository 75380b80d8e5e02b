import { type Cidr, type Family, mergeCidrs } from '../forward/cidr';
import { CHAINS } from './chains';
import { writeSegmentSize } from './other-hosts';
import type { Table } from './table';

/**
 * nat, mangle and filter: private networks go out to the world under the gateway's address (dynamic NAT: each connection gets a port
 * of it). Between themselves they are neither translated nor let pass. Connections that were translated already are a forward's.
 */
export function writeEgress(
  { nat, mangle, filter }: { readonly nat: Table; readonly mangle: Table; readonly filter: Table },
  egress: readonly Cidr[],
  family: Family,
): void {
  const networks = mergeCidrs(egress)
    .filter((c) => c.family === family)
    .map((c) => c.text);
  if (networks.length === 0) return;
  const add = (table: Table, match: string, jump: string) => table.addCommon(CHAINS.egress, match, jump);

  nat.hook('POSTROUTING', NOT_TRANSLATED, CHAINS.egress);
  nat.remark(CHAINS.egress, 'private networks share an address of the gateway, but not among themselves');
  for (const network of networks) add(nat, `-d ${network}`, '-j RETURN');
  for (const network of networks) add(nat, `-s ${network}`, '-j MASQUERADE');

  filter.hook('FORWARD', NOT_TRANSLATED, CHAINS.egress);
  filter.remark(CHAINS.egress, 'private networks on their way out, and answers to them');
  for (const network of networks) {
    add(filter, `-d ${network} -m conntrack --ctstate RELATED,ESTABLISHED`, '-j ACCEPT');
    add(filter, `-d ${network}`, '-j RETURN');
  }
  for (const network of networks) add(filter, `-s ${network}`, '-j ACCEPT');

  for (const network of networks) {
    writeSegmentSize(mangle, `-s ${network}`);
    writeSegmentSize(mangle, `-d ${network}`);
  }
}

const NOT_TRANSLATED = '-m conntrack ! --ctstate DNAT';
