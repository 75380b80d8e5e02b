import type { SshWay } from '../forward/admin';
import type { Cidr, Family } from '../forward/cidr';
import type { Known } from '../forward/known';
import type { Lists } from '../forward/lists';
import type { Problems } from '../forward/problems';
import type { KernelForward } from '../forward/resolved';
import type { Host, Target } from '../forward/target';
import type { Table } from '../iptables/table';
import type { GatewayValues } from './values';
import type { Way } from './ways';

/** What features get to write the iptables rules of one IP version. */
export interface IptablesInput {
  /** Features write their rules into these tables, in the order of the feature list. */
  readonly nat: Table;
  readonly mangle: Table;
  readonly filter: Table;
  readonly family: Family;
  /** The forwards of this IP version. */
  readonly ways: readonly Way[];
  readonly settings: GatewayValues;
}

/** What features get to write the table `inet portway`. */
export interface NftablesInput {
  readonly forwards: readonly KernelForward[];
  readonly settings: GatewayValues;
}

/** One thing that the kernel does for forwards or for the gateway. A feature that is not used writes nothing. */
export interface KernelFeature {
  /** Writes iptables rules of one IP version. */
  readonly iptables?: (input: IptablesInput) => void;
  /** The sets and chains of the table `inet portway`, as text. */
  readonly nftables?: (input: NftablesInput) => readonly string[];
}

/** A feature with props. `on` says what has them. */
interface Option<On extends string, Props extends object, Values extends object, Context> extends KernelFeature {
  readonly on: On;
  /** The names of its props. */
  readonly props: Known<Props>;
  /** Props that are objects, with the names of their parts, for hints about misplaced props. */
  readonly parts?: Readonly<Record<string, object>>;
  /** Checks the props of one forward, or of the stack. Unset values get their default, or are omitted. */
  read(at: string, props: Props, problems: Problems, context: Context): Values;
}

/** An option of every forward in the kernel. nginx refuses it. */
export type ForwardOption<Props extends object, Values extends object> = Option<
  'forward',
  Props,
  Values,
  ForwardContext
>;

/** An option of TCP and UDP forwards in the kernel. nginx refuses it. */
export type PortOption<Props extends object, Values extends object> = Option<'ports', Props, Values, PortContext>;

/** A setting of the gateway, which is a prop of the stack. */
export type GatewayOption<Props extends object, Values extends object> = Option<
  'gateway',
  Props,
  Values,
  GatewayContext
>;

/** What else is known about a forward. */
export interface ForwardContext {
  readonly allowFrom: readonly Cidr[];
  readonly denyFrom: readonly Cidr[];
  /** Where it leads. */
  readonly hosts: readonly Host[];
}

export interface PortContext extends ForwardContext {
  readonly transport: 'tcp' | 'udp';
  readonly targets: readonly Target[];
}

export interface GatewayContext {
  readonly lists: Lists;
  /**
   * The network that must never be locked out: `adminCidr`, or the subnet of the endpoint that people log in through.
   * Undefined: it is not valid, or not known, or nobody reaches port 22.
   */
  readonly admin: Cidr | undefined;
  readonly ssh: SshWay;
  /** Whether the gateway has IPv6. */
  readonly ipv6: boolean;
}
