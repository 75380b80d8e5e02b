import { readFlag } from '../forward/read-value';
import type { GatewayOption } from './feature';

/** @category In the kernel */
export interface PingProps {
  /**
   * Whether the gateway answers pings (ICMP echo requests). `true`: the security group lets them in from everyone.
   * `false`: the host answers nobody, not even in its own network.
   * @default none are let in; the host answers as its distribution does
   */
  readonly ping?: boolean;
}

declare module './values' {
  interface GatewayValues extends PingProps {}
}

/** `ping`: done by the security group and sysctl. */
export const ping: GatewayOption<PingProps, PingProps> = {
  on: 'gateway',
  props: { ping: true },
  read(_, props, problems) {
    const value = readFlag('ping', props.ping, problems);
    return value === undefined ? {} : { ping: value };
  },
};
