import { Forward } from '../../lib';

/** Where the NAS is used from: the office, and anyone else with a fixed address. A NAS is never open to everyone. */
const office = ['198.51.100.0/24'];

/** A NAS that the gateway's network reaches at 10.0.1.20: its web interface, which ends TLS itself, and SFTP. */
export const nas = {
  files: Forward.tcp({ listen: 5001, to: '10.0.1.20:5001', engine: 'iptables', allowFrom: office }),
  // Port 22 is the gateway's own. Four attempts at once, then one every second, so passwords cannot be guessed quickly.
  sftp: Forward.tcp({
    listen: 2222,
    to: '10.0.1.20:22',
    engine: 'iptables',
    allowFrom: office,
    limits: { newConnectionsPerSecond: 1, burst: 4 },
  }),
};
