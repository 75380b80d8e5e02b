import type { Protect } from '../forward/protect';
import { sharedPortOf, type WebForward } from '../forward/resolved';
import { mayHideProxies } from '../forward/trusted-proxies';
import { type Block, block, type Line } from './block';
import { refuse } from './refusals';

/** Where the host's service (protect.py) takes offences, and the folder with a file for each blocked client. */
const SOCKET = '/run/portway-protect/offences';
const BLOCKED = '/run/portway-protect/blocked';

/** The path that the client asked for, as nginx understood it at first: internal redirects change `$uri`. */
const ASKED = '$portway_first_uri';
/** The file's name for the client, see {@link sourceMap}. */
const SOURCE = '$portway_source';
/** Who connects; `proxy` where nginx's own server before this one has heard of the client by a proxy. */
const PEER = '$portway_peer';
/** Not empty if whoever connects is a proxy that nginx does not know. */
const UNNAMED = '$portway_unnamed';

/**
 * Tells an offence as soon as it is logged, whatever `logs` says, by a datagram in which nothing comes from the client but
 * its address. It is lost if the service is behind: nginx never waits.
 */
const TELL = `access_log syslog:server=unix:${SOCKET},nohostname,tag=portway portway-offence if=$portway_offence;`;

/** Beside each `access_log`, since one in a server or location replaces those above. */
export function tellLines(protect: Protect | undefined): readonly Line[] {
  return protect === undefined ? [] : [TELL];
}

/** Once for all HTTP forwards: what counts as an offence. */
export function offenceMaps(protect: Protect | undefined, forwards: readonly WebForward[]): readonly Line[] {
  if (protect === undefined) return [];
  const { failedLogins } = protect;
  const hidden = forwards.filter(mayHideProxies).map(({ listen }) => listen.from);
  const mark = hidden.length === 0 ? '' : UNNAMED;
  const told = forwards.filter(hearsOfProxies).map(({ listen }) => listen.from);
  const peer = told.length === 0 ? '$realip_remote_addr' : PEER;
  const paths = failedLogins?.paths.map((path) => path.replace(/\/$/, '').replaceAll('.', '\\.')) ?? [];
  return [
    '# Offences, for portway-protect: refusals with 429 that no target made, and failed logins.',
    // With proxies also who connected: they name clients without a proof.
    `log_format portway-offence '$portway_offence ${hasProxies(forwards) ? `${peer} ` : ''}$remote_addr';`,
    ...(told.length === 0 ? [] : [peerMap(told)]),
    ...(hidden.length === 0 ? [] : [unnamedMap(hidden)]),
    // By the status first: the others are evaluated for the few requests that have it.
    block('map $status $portway_offence', [
      '429 $portway_refused;',
      ...(paths.length === 0 ? [] : ['401 $portway_failed_login;', '403 $portway_failed_login;']),
      "default '';",
    ]),
    block(`map "${mark}$upstream_status" $portway_refused`, ["'' refused;", "default '';"]),
    // nginx refuses a variable that no server sets.
    ...(paths.length === 0
      ? []
      : [
          block(`map "${mark}${ASKED}" $portway_failed_login`, [
            `"~*^(?:${paths.join('|')})(?:[/;]|$)" logins;`,
            "default '';",
          ]),
        ]),
    ...(hasProxies(forwards) ? [sourceMap()] : []),
  ];
}

/**
 * Where only a CDN's proxies come, whoever connects and names nobody else is a proxy that is newer than Portway: what its
 * clients do is not its own doing. The mark ahead of a status makes it none that counts.
 */
function unnamedMap(ports: readonly number[]): Block {
  return block(`map "$server_port $realip_remote_addr $remote_addr" ${UNNAMED}`, [
    `"~^(?:${ports.join('|')}) (?<unnamed>\\S+) \\k<unnamed>$" 'proxy ';`,
    "default '';",
  ]);
}

/** Whether a forward shares its port, so that nginx itself connects to it, and clients come through proxies. */
function hearsOfProxies(forward: WebForward): boolean {
  return forward.trustedProxies !== undefined && sharedPortOf(forward) !== undefined;
}

/** The server that has a shared port passes on the client alone. The port that clients came to says whether a proxy named them. */
function peerMap(ports: readonly number[]): Block {
  return block(`map "$realip_remote_addr $proxy_protocol_server_port" ${PEER}`, [
    `"~^unix: (?:${ports.join('|')})$" proxy;`,
    'default $realip_remote_addr;',
  ]);
}

/** At the head of each server. */
export function askedLines(protect: Protect | undefined): readonly Line[] {
  return protect?.failedLogins === undefined ? [] : [block(`if (${ASKED} = '')`, [`set ${ASKED} $uri;`])];
}

/** Refuses blocked clients where the packets come from proxies. Elsewhere the kernel has dropped them. */
export function blockedLines(protect: Protect | undefined, forward: WebForward, limited: boolean): readonly Line[] {
  if (!refusesBlocked(protect, forward)) return [];
  return ['# Clients that are blocked for a time.', block(`if (-f ${BLOCKED}/${SOURCE})`, [refuse(403, limited)])];
}

export function refusesBlocked(protect: Protect | undefined, forward: WebForward): boolean {
  return protect !== undefined && forward.trustedProxies !== undefined;
}

/** Whether some clients come through trusted proxies. */
export function hasProxies(forwards: readonly WebForward[]): boolean {
  return forwards.some((f) => f.trustedProxies !== undefined);
}

/**
 * An IPv4 address, or the start of an IPv6 address that stands for its first 64 bits: what precedes the last four groups, up to
 * `::` if that hides some of them. The service makes a file for each way to write these bits.
 */
function sourceMap(): Block {
  const group = '[0-9a-f]+';
  return block(`map $remote_addr ${SOURCE}`, [
    `"~^(?<net>(?:${group}:){4})" $net;`,
    `"~^(?<net>(?:(?:${group}:){1,3}:|::)(?:${group}:)*?)(?:${group}:){0,3}(?:${group})?$" $net;`,
    'default $remote_addr;',
  ]);
}
