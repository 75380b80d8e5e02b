import { Forward } from '../../lib';

/** Who may give the server commands. */
const operators = ['203.0.113.7/32'];

/**
 * A game server at 10.0.1.40: players over UDP, the operators' console over TCP. Players keep their flow for as long as they send, and
 * one address that opens new ones without end (a flood, a list of servers gone wild) is cut while the others play on.
 *
 * The server sees the gateway's address. Where it bans by address, add `preserveClientAddress: true` to `players`, and make the
 * gateway the server's default route.
 */
export const gameServer = {
  players: Forward.udp({
    listen: 27015,
    to: '10.0.1.40:27015',
    engine: 'iptables',
    limits: { newConnectionsPerSecond: 10, burst: 20 },
  }),
  console: Forward.tcp({ listen: 27015, to: '10.0.1.40:27015', engine: 'iptables', allowFrom: operators }),
};
