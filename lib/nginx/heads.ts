import type { Family } from '../forward/cidr';
import { formatPorts } from '../forward/ports';
import { isNginxForward, isWebForward, type ResolvedForward, sharedPortOf, type WebForward } from '../forward/resolved';
import { renderChain, renderSet } from '../nftables/block';
import { smallestShare, spareConnections, withShares } from './share';

/** The kernel's table that bounds slow heads, and the file that nginx's unit loads it from. */
export const HEADS = { table: 'inet portway_heads', file: '/etc/portway/heads.nft' } as const;

/** After this many seconds, nginx has dropped an incomplete head (`client_header_timeout` is 10). */
const GIVEN_UP = 11;

/** Matches a packet with data after TCP's own header. */
const HAS_CONTENT = '@ih,0,8 >= 0';

/**
 * A table for `nft -f` that limits how many clients of each HTTP forward may wait for an answer. nginx counts a request
 * when its head is complete (`limit_conn`), so a client that sends its head slowly belongs to no share, but holds a
 * connection that nginx cannot take back.
 *
 * A set for each forward holds the connections whose client has sent something since nginx last did. When it is full,
 * and the spare set of all forwards too, the kernel drops what further clients send, and they resend it. To nginx,
 * those connections have sent nothing yet, so it closes them when it runs short. Idle connections are in no set.
 * Connection tracking is not needed.
 *
 * Undefined if no forward has a share. A port shared with a TLS forward needs no limit: nginx counts its clients as
 * they connect.
 */
export function renderHeads(
  forwards: readonly ResolvedForward[],
  { families = [4], memoryMiB = 1024 }: { readonly families?: readonly Family[]; readonly memoryMiB?: number } = {},
): string | undefined {
  const own = withShares(forwards.filter(isNginxForward), memoryMiB);
  // Redirects have no share, but their clients send heads too.
  const smallest = smallestShare(own);
  const bounded = own.filter(isWebForward).filter((f) => sharedPortOf(f) === undefined);
  if (smallest === undefined || bounded.length === 0) return undefined;
  const sizes: Readonly<Record<string, number>> = {
    ...Object.fromEntries(bounded.map((f) => [idOf(f), clientsOf(f.share ?? smallest)])),
    [SPARE]: Math.floor(spareConnections(memoryMiB) / families.length),
  };
  const sets = Object.entries(sizes).flatMap(([id, size]) => families.map((family) => renderClients(id, family, size)));
  return [
    '# Portway: how many clients of each HTTP forward on nginx may wait for an answer at once.',
    `add table ${HEADS.table}`,
    `delete table ${HEADS.table}`,
    `table ${HEADS.table} {`,
    [...sets, ...bounded.flatMap((f) => boundOf(f, families)), ...hooks(bounded)].join('\n'),
    '}',
    '',
  ].join('\n');
}

/** No forward's set has this name, since those have a prefix. */
const SPARE = 'spare';

/** The name of a forward's chain, counter and sets for what its clients send. */
function idOf({ name }: Pick<WebForward, 'name'>): string {
  return `from-${name}`;
}

/** The name of its chain for what is sent to them. */
function answerOf({ name }: WebForward): string {
  return `to-${name}`;
}

/**
 * More than the share, so that a client beyond it gets an answer (503). Even if one of two forwards holds all that it
 * can (its share with as many connections to targets, these clients, and the spare ones), the other has its own left.
 */
function clientsOf(share: number): number {
  return Math.floor(share * 1.25);
}

function renderClients(id: string, family: Family, size: number): string {
  const lines = [`size ${size}`, 'flags dynamic,timeout', `timeout ${GIVEN_UP}s`, 'gc-interval 100ms'];
  return renderSet(`${id}-v${family}`, { type: `ipv${family}_addr . inet_service . inet_service`, lines });
}

/** The rules for what clients of a forward send, and for what it sends to them. */
function boundOf(forward: WebForward, families: readonly Family[]): readonly string[] {
  const id = idOf(forward);
  const sets = [id, SPARE].flatMap((set) => families.map((family) => ({ set: `@${set}-v${family}`, family })));
  const update = sets.map(({ set, family }) => {
    const client = `${family === 4 ? 'ip' : 'ip6'} saddr . tcp sport . tcp dport`;
    return `socket wildcard 0 update ${set} { ${client} } accept`;
  });
  const remove = sets.map(({ set, family }) => {
    const client = `${family === 4 ? 'ip' : 'ip6'} daddr . tcp dport . tcp sport`;
    return `delete ${set} { ${client} }`;
  });
  const heard = [
    ...update,
    `socket wildcard 0 counter name ${id} drop`,
    // Segments of no open connection: forged, or of a handshake whose last packet was lost or could not be accepted yet
    // (a full queue). In the time that nginx gives a head, these hold 2,000 connections.
    `limit rate over 200/second burst 1000 packets drop`,
  ];
  return [`  counter ${id} {\n  }\n`, renderChain(id, heard, [forward.name]), renderChain(answerOf(forward), remove)];
}

function hooks(forwards: readonly WebForward[]): readonly string[] {
  const by = (port: string, chain: (forward: WebForward) => string) =>
    `tcp ${port} vmap { ${forwards.map((f) => `${formatPorts(f.listen)} : goto ${chain(f)}`).join(', ')} }`;
  const answer = by('sport', answerOf);
  return [
    renderChain(
      'heard',
      [
        'type filter hook input priority filter; policy accept;',
        `iif != "lo" tcp flags & (syn | rst | ack) == ack ${HAS_CONTENT} ${by('dport', idOf)}`,
      ],
      ['Only packets that may belong to an open connection: their content waits for an answer.'],
    ),
    renderChain(
      'answered',
      [
        'type filter hook output priority filter; policy accept;',
        `oif != "lo" tcp flags & (fin | rst) != 0 ${answer}`,
        `oif != "lo" ${HAS_CONTENT} ${answer}`,
      ],
      ['An answer, or the end of the connection.'],
    ),
  ];
}
