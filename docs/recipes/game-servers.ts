import { Forward } from '../../lib';

/**
 * Two equal game servers behind one address: a player's address always leads to the same one, and a server that falls silent is
 * left out until it answers again; its players are led to the other with their next datagram, without a new address to type.
 */
export const gameServers = {
  players: Forward.udp({
    listen: 27015,
    to: ['10.0.1.40:27015', '10.0.1.41:27015'],
    engine: 'iptables',
    balance: 'source',
    // A ping tells whether the host is there; where the server has a TCP port, asking that tells more: { by: 'tcp', port: 27015 }.
    healthCheck: { interval: 2 },
  }),
};
