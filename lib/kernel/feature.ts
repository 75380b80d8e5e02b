import type { Family } from '../forward/cidr';
import type { GatewaySettings } from '../forward/gateway-settings';
import type { KernelForward } from '../forward/resolved';
import type { Table } from '../iptables/table';
import type { Way } from '../iptables/ways';

/** What features get to write the iptables rules of one IP version. */
export interface IptablesInput {
  /** Features write their rules into these tables, in the order of the feature list. */
  readonly nat: Table;
  readonly mangle: Table;
  readonly filter: Table;
  readonly family: Family;
  /** The forwards of this IP version. */
  readonly ways: readonly Way[];
  readonly settings: IptablesSettings;
}

/** What features get to write the table `inet portway`. */
export interface NftablesInput {
  readonly forwards: readonly KernelForward[];
  readonly settings: NftablesSettings;
}

export type IptablesSettings = Pick<GatewaySettings, 'egress'>;
export type NftablesSettings = Pick<GatewaySettings, 'blocked' | 'loginClosedTo'>;

/** One thing that the kernel does for forwards or for the gateway. A feature that is not used writes nothing. */
export interface KernelFeature {
  /** Writes iptables rules of one IP version. */
  readonly iptables?: (input: IptablesInput) => void;
  /** The sets and chains of the table `inet portway`, as text. */
  readonly nftables?: (input: NftablesInput) => readonly string[];
}
