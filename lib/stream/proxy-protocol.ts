import { type ProxyProtocolProps, readTrustedProxies, type TrustedProxies } from '../forward/trusted-proxies';
import type { StreamOption } from './feature';

export interface ProxyProtocolOptionProps {
  /**
   * The PROXY protocol, towards clients and towards targets; TCP on nginx only.
   * @default none: targets see the gateway's address
   * @refused neither `accept` nor `send`; UDP; iptables
   * @see docs/options.md#the-real-client
   * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
   */
  readonly proxyProtocol?: ProxyProtocolProps;
}

export interface ProxyProtocol {
  /** Undefined: whoever connects is the client. */
  readonly trustedProxies?: TrustedProxies;
  /** Whether targets are told the client's address by the PROXY protocol. */
  readonly sendsProxyProtocol: boolean;
}

declare module './values' {
  interface StreamValues extends ProxyProtocol {}
}

/** `proxyProtocol`: its lines are in lib/nginx/trusted-proxies.ts, since two forwards on one port share them. */
export const proxyProtocol: StreamOption<ProxyProtocolOptionProps, ProxyProtocol> = {
  on: 'stream',
  props: { proxyProtocol: true },
  read(at, props, problems, { transport, lists }) {
    if (transport === 'tcp') return readTrustedProxies(at, props, ['accept', 'send'], lists, problems);
    if (props.proxyProtocol !== undefined)
      problems.add(`${at}.proxyProtocol`, 'must be left out: nginx speaks it only over TCP', props.proxyProtocol);
    return { sendsProxyProtocol: false };
  },
};
