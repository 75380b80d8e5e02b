import { type Lane, TOOLS } from '../lab/lane';
import type { Round, Values } from '../model';

/** Programs that connect at the same time: enough for two cores, and each is small. */
const PROCESSES = 8;

/**
 * How many times a second OpenSSL's own client can make a full handshake, send one request and get its answer, each on
 * a new connection. wrk cannot measure this, since it resumes sessions.
 */
export async function newTlsConnections(lane: Lane, round: Round, host: string, port: number): Promise<Values> {
  // The client writes the path as given, followed by ` HTTP/1.0`.
  const request = "$'/ HTTP/1.1\\r\\nHost: bench\\r\\nConnection: close\\r\\nX-Rest:'";
  const client = `openssl s_time -connect ${host}:${port} -new -tls1_3 -no-CAfile -no-CApath -no-CAstore -www ${request} -time 600`;
  const script = [
    `for ((i = 0; i < ${PROCESSES}; i++)); do timeout ${round.seconds} ${client} >/dev/null 2>/run/s_time.$i & done`,
    // Each must end by its time limit and by nothing else.
    'for pid in $(jobs -p); do wait $pid && exit 1 || [[ $? = 124 ]] || { cat /run/s_time.* >&2; exit 1; }; done',
  ].join('\n');
  const before = await lane.served();
  const begin = performance.now();
  await round.during(lane, () => lane.sh('client', script));
  const seconds = (performance.now() - begin) / 1000;
  const made = (await lane.served()) - before;
  if (made < PROCESSES) throw new Error(`the application gave ${made} answers`);
  return { connections: made / seconds };
}

/** The gateway's CPU time for one handshake, in microseconds, without the cost of the connection itself. */
export interface HandshakeCosts {
  readonly full: number;
  readonly resumed: number;
}

/**
 * Handshakes without requests, of new and of returning clients: what one costs the gateway.
 * @returns undefined if CPU time cannot be counted
 */
export async function tlsHandshakes(
  lane: Lane,
  round: Round,
  version: '1.2' | '1.3',
  to: { readonly host: string; readonly port: number },
): Promise<HandshakeCosts | undefined> {
  const cost = async (kind: 'none' | 'full' | 'resumed') => {
    const command = ['python3', `${TOOLS}/tls.py`, to.host, `${to.port}`, `${round.seconds}`, kind, version];
    const begin = performance.now();
    const { cpu, result } = await lane.during(() => round.during(lane, () => lane.run('client', command)));
    const seconds = (performance.now() - begin) / 1000;
    if (result.code !== 0) throw new Error(result.stderr);
    return cpu === undefined ? undefined : (cpu.gateway * seconds * 1e6) / JSON.parse(result.stdout).made;
  };
  const [none, full, resumed] = [await cost('none'), await cost('full'), await cost('resumed')];
  if (none === undefined || full === undefined || resumed === undefined) return undefined;
  return { full: full - none, resumed: resumed - none };
}
