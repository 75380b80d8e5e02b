import { Forward } from '../../lib';

/** The other site's gateway. */
const site = ['198.51.100.10/32'];

/**
 * An IPsec server (such as strongSwan) at 10.0.1.50: IKE, and the encrypted packets, which are ESP, or UDP on 4500 if
 * one end is behind a NAT. Since the gateway is a NAT, most peers use 4500 automatically; ESP is for peers configured
 * not to. The kernel distinguishes ESP peers only by address, so each must have its own.
 */
export const ipsec = {
  ike: Forward.udp({ listen: 500, to: '10.0.1.50:500', engine: 'iptables', allowFrom: site }),
  'ike-nat': Forward.udp({ listen: 4500, to: '10.0.1.50:4500', engine: 'iptables', allowFrom: site }),
  esp: Forward.protocol({ protocol: 'esp', to: '10.0.1.50', allowFrom: site }),
};
