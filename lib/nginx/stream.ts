import { isRange } from '../forward/ports';
import type { NginxTransportForward, StreamForward } from '../forward/resolved';
import { formatHost } from '../forward/target';
import { optionLines } from '../stream/options';
import { streamSources } from './access';
import { balancesBySource } from './balance';
import { type Block, block, type Line } from './block';
import { clientKey } from './client-key';
import { ERROR_LOG } from './log';
import { measuredStream } from './metrics';
import { sniDefaults, tlsServers } from './sni';
import { streamFailover } from './stream-failover';
import { streamLimit } from './stream-limits';
import { ALL_SESSIONS, streamLog } from './stream-log';
import { KEEPALIVE, listenParameter, streamClient } from './trusted-proxies';
import { type Group, passTo, resolver, upstream } from './upstream';
import { wildcards } from './wildcards';

/** The stream context: TCP, UDP and TLS forwards. Empty if there are none, so that its module is not needed. */
export function streamContext(forwards: readonly StreamForward[], measured: boolean): readonly Line[] {
  if (forwards.length === 0) return [];
  return [
    '',
    block('stream', [
      ...sniDefaults(forwards),
      ...streamLog(forwards),
      ...resolver(forwards),
      'proxy_connect_timeout 5s;',
      ...connectionEnds(forwards),
      ...(forwards.some((f) => f.limits !== undefined) || balancesBySource(forwards) ? [clientKey()] : []),
      ...forwards.flatMap((forward) => [
        '',
        `# ${forward.name}`,
        ...streamLimit(forward).zone,
        ...(measured ? measuredStream(forward.name, serversOf(forward), ALL_SESSIONS) : serversOf(forward)),
      ]),
    ]),
  ];
}

function serversOf(forward: StreamForward): readonly Line[] {
  return forward.kind === 'tls' ? tlsServers(forward, lines(forward)) : servers(forward);
}

/** How TCP connections end. */
function connectionEnds(forwards: readonly StreamForward[]): readonly Line[] {
  if (forwards.every((f) => f.transport === 'udp')) return [];
  return ['proxy_half_close on;  # either side may half-close first', 'proxy_socket_keepalive on;'];
}

/** What every server has, however it finds the target. */
function lines(forward: StreamForward): readonly Line[] {
  return [
    ...streamSources(forward),
    ...streamLimit(forward).lines,
    ...optionLines(forward),
    ...(forward.transport === 'udp' ? ['proxy_buffer_size 64k;'] : []),
    ...streamFailover(forward),
  ];
}

function servers(forward: NginxTransportForward): readonly Block[] {
  return [...(keepsPort(forward) ? [] : upstream(group(forward), [])), server(forward)];
}

function server(forward: NginxTransportForward): Block {
  // Without reuseport, the datagrams of one client reach several workers, and its session breaks.
  const parameters = forward.transport === 'udp' ? ' udp reuseport' : `${KEEPALIVE}${listenParameter(forward)}`;
  return block('server', [
    ...wildcards(forward.listen).map((address) => `listen ${address}${parameters};`),
    ...streamClient(forward),
    // A datagram costs its sender nothing, and each failed one would write a line.
    ...(forward.transport === 'udp' ? [`error_log ${ERROR_LOG} crit;`] : []),
    ...lines(forward),
    ...(keepsPort(forward) ? keepPort(forward) : passTo(group(forward), '')),
  ]);
}

function group({ name, targets, balance, failover }: NginxTransportForward): Group {
  return { id: name, targets, balance, ...(failover === undefined ? {} : { failover }) };
}

/** A range that leads to the same ports of another host: the port is the one that the client used. */
function keepsPort(forward: NginxTransportForward): boolean {
  return forward.targets.some((t) => isRange(t.ports));
}

function keepPort(forward: NginxTransportForward): readonly Line[] {
  return forward.targets.map((t) => `proxy_pass ${formatHost(t)}:$server_port;`);
}
