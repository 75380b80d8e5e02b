import { type Carrying, CONTENDERS } from '../carriers/contenders';
import { newTlsConnections, tlsHandshakes } from '../load/tls';
import { CONNECTIONS_MADE, P50, P99, REQUESTS, wrk } from '../load/wrk';
import type { Bound, Figure, Load, Round, Scenario, Values } from '../model';
import { carryWeb, endpoint, SECURE_WEB } from './set-up';

const FULL: Figure = { name: 'full', title: 'CPU of the server, us', unit: 'us', better: 'lower' };
const RESUMED: Figure = { name: 'resumed', title: 'resumed, us', unit: 'us', better: 'lower' };
const SHARE: Figure = { name: 'share', title: 'resumed of full', unit: '', better: 'lower' };

function bound(figure: string, against: string, atLeast: number, what: string): Bound {
  return { figure, contender: 'portway-nginx', against, atLeast, title: `TLS 1.3, ${what}` };
}

function handshakes(version: '1.2' | '1.3', atMost: number): Load {
  return {
    name: `handshakes-${version}`,
    title: `handshakes alone, TLS ${version}, full and resumed`,
    figures: [FULL, RESUMED, SHARE],
    bounds: [
      {
        figure: 'share',
        contender: 'portway-nginx',
        atMost,
        title: `TLS ${version}, CPU of a resumed handshake at the server, of a full one`,
      },
    ],
  };
}

/**
 * HTTPS with the same certificate (ECDSA P-256) for all: kept connections, new clients, and what session resumption
 * saves.
 */
export const tls: Scenario = {
  name: 'tls',
  title: 'HTTPS (TLS 1.3) through a reverse proxy to another host',
  about: 'requests/s on kept connections, new connections/s, and CPU of full and resumed handshakes',
  contenders: [CONTENDERS.haproxyTls, CONTENDERS.portwayTls, CONTENDERS.caddyTls],
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
    handshakes('1.3', 0.4),
    handshakes('1.2', 0.4),
  ],
  async setUp(contender, start) {
    const lane = await start('backend');
    const url = await carryWeb(lane, contender as Carrying);
    const to = endpoint(lane, contender as Carrying, SECURE_WEB);
    const costs = async (round: Round, version: '1.2' | '1.3'): Promise<Values> => {
      const found = await tlsHandshakes(lane, { ...round, seconds: round.seconds / 3 }, version, to);
      return found === undefined ? {} : { ...found, share: found.resumed / found.full };
    };
    return {
      lane,
      loads: {
        kept: (round) => wrk(lane, round, { url }),
        new: (round) => newTlsConnections(lane, round, to.host, to.port),
        'handshakes-1.3': (round) => costs(round, '1.3'),
        'handshakes-1.2': (round) => costs(round, '1.2'),
      },
    };
  },
};
