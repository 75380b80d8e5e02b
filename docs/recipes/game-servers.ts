import { Forward } from '../../lib';

/**
 * Two equal game servers behind one address. A player's address always leads to the same server. A server that falls
 * silent is left out until it answers again, and its players reach the other one with their next datagram, without
 * typing a new address.
 */
export const gameServers = {
  players: Forward.udp({
    listen: 27015,
    to: ['10.0.1.40:27015', '10.0.1.41:27015'],
    engine: 'iptables',
    balance: 'source',
    // A ping shows whether the host is up. If the server has a TCP port, checking that says more: { by: 'tcp', port:
    // 27015 }.
    healthCheck: { interval: 2 },
  }),
};
