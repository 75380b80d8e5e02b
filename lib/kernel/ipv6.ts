import { readFlag } from '../forward/read-value';
import type { GatewayOption } from './feature';

/** @category Network */
export interface Ipv6Props {
  /**
   * Whether the gateway also has IPv6. The stack's own VPC becomes dual-stack; an existing VPC must be so already.
   * @default false
   * @refused forwards that would lead one IP version nowhere
   * @see docs/options.md#ipv6
   */
  readonly ipv6?: boolean;
}

export interface Ipv6Values {
  readonly ipv6: boolean;
}

declare module './values' {
  interface GatewayValues extends Ipv6Values {}
}

/** `ipv6`: done by the network and the security group. The rules of both IP versions exist anyway. */
export const ipv6: GatewayOption<Ipv6Props, Ipv6Values> = {
  on: 'gateway',
  props: { ipv6: true },
  read: (_, props, problems) => ({ ipv6: readFlag('ipv6', props.ipv6, problems) === true }),
};
