import { ADDRESS, type Host, type Answer as Told } from './host';
import type { Answer } from './import-answers';
import type { Ask } from './import-asks';
import { STRANGER } from './nginx';

/** How long to wait for an answer. Most come within milliseconds, and what is dropped has none. */
const SECONDS = 1.5;

const SOURCES: Readonly<Record<string, { readonly v4: string; readonly v6: string }>> = {
  client: ADDRESS.client,
  stranger: STRANGER,
};

/**
 * Who answers connections and datagrams to the gateway, and whom it sees, all at once. `tcp 80` asks from the client,
 * `udp 53 stranger` from another one, `tcp6 80` over IPv6.
 */
export async function askConnections(host: Host, asks: readonly Ask[]): Promise<readonly (Answer | undefined)[]> {
  if (asks.length === 0) return [];
  const words = asks.map(({ words: [protocol = '', port = '', source = 'client'] }) => {
    const family = protocol.endsWith('6') ? 'v6' : 'v4';
    return [protocol.slice(0, 3), ADDRESS.gateway[family], Number(port), SOURCES[source]?.[family] ?? source];
  });
  const command = ['python3', host.support('client', 'asks.py'), `${SECONDS}`];
  const { code, stdout, stderr } = await host.run('client', command, JSON.stringify(words));
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as readonly (Told | null)[]).map((told) =>
    told === null ? undefined : { status: 0, headers: {}, body: `${told.name} saw ${told.client}` },
  );
}
