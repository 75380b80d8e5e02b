import { type Lane, TOOLS } from '../lab/lane';
import type { Figure, Round, Values } from '../model';

/** Programs that make connections at the same time: enough for two cores, and each is a small one. */
const PROCESSES = 8;

export const HANDSHAKE_CPU: Figure = { name: 'cpu', title: 'CPU of the server, us', unit: 'us', better: 'lower' };
export const HANDSHAKES: Figure = {
  name: 'handshakes',
  title: 'handshakes/s',
  unit: '/s',
  better: 'higher',
  aside: true,
};

/**
 * A full handshake, one request and its answer, on a connection of its own: how many a second, by OpenSSL's own client. wrk cannot do
 * this: it resumes sessions.
 */
export async function newTlsConnections(lane: Lane, round: Round, host: string, port: number): Promise<Values> {
  // It writes the path as it is given, and ` HTTP/1.0` behind it.
  const request = "$'/ HTTP/1.1\\r\\nHost: bench\\r\\nConnection: close\\r\\nX-Rest:'";
  const client = `openssl s_time -connect ${host}:${port} -new -tls1_3 -no-CAfile -no-CApath -no-CAstore -www ${request} -time 600`;
  const script = [
    `for ((i = 0; i < ${PROCESSES}; i++)); do timeout ${round.seconds} ${client} >/dev/null 2>/run/s_time.$i & done`,
    // Each ends by its time limit, and by nothing else.
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

/** Handshakes that carry nothing, of strangers or of those who come again: what one costs the gateway. */
export async function tlsHandshakes(
  lane: Lane,
  round: Round,
  kind: 'full' | 'resumed',
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Values> {
  const command = ['python3', `${TOOLS}/tls.py`, host, `${port}`, `${round.seconds}`, kind];
  const begin = performance.now();
  const { cpu, result } = await lane.during(() => round.during(lane, () => lane.run('client', command)));
  const counted = (performance.now() - begin) / 1000;
  if (result.code !== 0) throw new Error(result.stderr);
  const { made, seconds } = JSON.parse(result.stdout);
  return { ...(cpu === undefined ? {} : { cpu: (cpu.gateway * counted * 1e6) / made }), handshakes: made / seconds };
}
