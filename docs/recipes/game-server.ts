import { Forward } from '../../lib';

/** Who may give the server commands. */
const operators = ['203.0.113.7/32'];

/**
 * A game server at 10.0.1.40: players over UDP, the operators' console over TCP. Players keep their flow as long as
 * they send. An address that keeps opening new flows (a flood, a misbehaving server list) is cut off while the others
 * play on.
 *
 * The server sees the gateway's address. If it bans by address, add `preserveClientAddress: true` to `players`, and
 * make the gateway the server's default route.
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
