import { type Carrying, CONTENDERS } from '../carriers/contenders';
import { HANDSHAKE_CPU, HANDSHAKES, newTlsConnections, tlsHandshakes } from '../load/tls';
import { CONNECTIONS_MADE, P50, P99, REQUESTS, wrk } from '../load/wrk';
import type { Bound, Figure, Round, Scenario, Values } from '../model';
import { carryWeb, endpoint, SECURE_WEB } from './set-up';

const RESUMED_CPU: Figure = { ...HANDSHAKE_CPU, name: 'resumed', title: 'CPU of the server, resumed, us' };
const SHARE: Figure = { name: 'share', title: 'resumed of full', unit: '', better: 'lower' };

function bound(figure: string, against: string, atLeast: number, what: string): Bound {
  return { figure, contender: 'portway-nginx', against, atLeast, title: `TLS 1.3, ${what}` };
}

/** HTTPS with one certificate (ECDSA P-256) for all: kept connections, those of strangers, and what it saves to come again. */
export const tls: Scenario = {
  name: 'tls',
  title: 'HTTPS (TLS 1.3) through a reverse proxy to another host',
  about: 'requests/s on kept connections, new connections/s, and CPU of full and resumed handshakes',
  contenders: [CONTENDERS.haproxyTls, CONTENDERS.portwayTls, CONTENDERS.nginxStockTls, CONTENDERS.caddyTls],
  slow: true,
  loads: [
    {
      name: 'kept',
      title: 'kept-alive',
      figures: [REQUESTS, P50, P99],
      bounds: [bound('requests', 'haproxy', 1.05, "kept-alive requests/s, of haproxy's")],
    },
    {
      name: 'new',
      title: 'a full handshake and one request each',
      figures: [CONNECTIONS_MADE],
      bounds: [bound('connections', 'haproxy', 1.3, "new connections/s, of haproxy's")],
    },
    {
      name: 'handshakes',
      title: 'handshakes alone, full and resumed',
      figures: [HANDSHAKE_CPU, RESUMED_CPU, SHARE, HANDSHAKES],
      bounds: [
        {
          figure: 'share',
          contender: 'portway-nginx',
          atMost: 0.4,
          title: 'TLS 1.3, CPU of a resumed handshake at the server, of a full one',
        },
      ],
    },
  ],
  async setUp(contender, start) {
    const lane = await start('backend');
    const url = await carryWeb(lane, contender as Carrying);
    const to = endpoint(lane, contender as Carrying, SECURE_WEB);
    return {
      lane,
      loads: {
        kept: (round) => wrk(lane, round, { url }),
        new: (round) => newTlsConnections(lane, round, to.host, to.port),
        async handshakes(round): Promise<Values> {
          const half: Round = { ...round, seconds: round.seconds / 2 };
          const { cpu, handshakes = Number.NaN } = await tlsHandshakes(lane, half, 'full', to);
          const { cpu: resumed } = await tlsHandshakes(lane, half, 'resumed', to);
          if (cpu === undefined || resumed === undefined) return { handshakes };
          return { cpu, resumed, share: resumed / cpu, handshakes };
        },
      },
    };
  },
};
