import { Forward } from '../../lib';

/**
 * A WireGuard server at 10.0.1.50. Peers connect to the gateway's address (`Endpoint = <gateway>:51820`). Everything
 * between them and the server is encrypted, and the gateway has no keys.
 */
export const wireguard = {
  vpn: Forward.udp({ listen: 51820, to: '10.0.1.50:51820', engine: 'iptables' }),
};
