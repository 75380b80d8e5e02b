import { isIPv6 } from 'node:net';
import type { PlannedForward } from '../../plan/plan';
import type { Promised } from '../promised';
import { certificateTrouble } from './certificate';
import { opens, type Place } from './connect';
import { type Addresses, nameTroubles } from './names';

/** Connections that are made at once. */
const AT_ONCE = 32;

export interface SeenFromHere {
  /** A line for each difference. */
  readonly differences: readonly string[];
  /** Why ports were not looked at. */
  readonly blind?: string;
}

type Probe = () => Promise<readonly string[]>;

/** Places where nobody is, of which a machine's own network may use one. @see RFC 5737 */
const NOBODY: readonly Place[] = ['192.0.2.1', '198.51.100.1', '203.0.113.1'].map((host) => ({ host, port: 80 }));

/**
 * Looks at a gateway as a stranger does: whether each forward for everyone answers, and with which certificate; whether
 * the gateway's own targets are hidden; and whether its names lead to it. UDP tells nothing, since silence is no answer.
 *
 * @param nobody where connections must fail
 */
export async function seenFromHere(promised: Promised, addresses: Addresses, nobody = NOBODY): Promise<SeenFromHere> {
  const { forwards } = promised;
  const ports: Probe[] = [
    ...forwards.filter(isForEveryone).flatMap((forward) => answers(forward, addresses.v4)),
    ...hiddenPorts(promised).map((port) => () => isHidden({ host: addresses.v4, port })),
  ];
  const names: Probe[] = namesOf(promised).map((name) => () => nameTroubles(name, addresses));
  let isBlind = false;
  const answering = whoAnswers(nobody).then((place) => {
    isBlind = place !== undefined;
    return place;
  });
  // Nothing that such a network says about a port is the gateway's word, so the other ports are not asked then.
  const [answered, ofPorts, ofNames] = await Promise.all([answering, all(ports, () => isBlind), all(names)]);
  if (answered === undefined) return { differences: [...ofPorts, ...ofNames] };
  const blind = `this network answers for every address, such as ${answered.host}, as proxies do: ports and certificates were not looked at`;
  return { differences: ofNames, blind };
}

/** The first that answers. Undefined: none does within the usual patience. */
async function whoAnswers(places: readonly Place[]): Promise<Place | undefined> {
  const answers = places.map(async (place) => {
    const trouble = await opens(place);
    if (trouble !== undefined) throw new Error(trouble);
    return place;
  });
  return Promise.any(answers).catch(() => undefined);
}

async function all(probes: readonly Probe[], isOver = () => false): Promise<readonly string[]> {
  const found: string[] = [];
  for (let next = 0; next < probes.length && !isOver(); next += AT_ONCE)
    found.push(...(await Promise.all(probes.slice(next, next + AT_ONCE).map((probe) => probe()))).flat());
  return found;
}

function isForEveryone({ allowFrom, interface: only }: PlannedForward): boolean {
  return allowFrom.length === 0 && only === undefined;
}

/** First and last port of a range stand for all. */
function portsOf({ kind, listen }: PlannedForward): readonly number[] {
  if (listen === undefined || kind === 'udp') return [];
  return [...new Set([listen.from, listen.to])];
}

function answers(forward: PlannedForward, host: string): readonly Probe[] {
  return portsOf(forward).flatMap((port) => {
    const place = { host, port };
    const connects: Probe = async () => {
      const trouble = await opens(place);
      return trouble === undefined ? [] : [`${told(forward, place)} does not answer from here: ${trouble}`];
    };
    return isWithTls(forward) ? hostNames(forward).map((name) => withTls(forward, place, name)) : [connects];
  });
}

function withTls(forward: PlannedForward, place: Place, name: string | undefined): Probe {
  return async () => {
    const trouble = await certificateTrouble(place, name, forward.certificate);
    const what = name === undefined ? '' : ` for ${name}`;
    return trouble === undefined ? [] : [`${told(forward, place)}${what}: ${trouble}`];
  };
}

function told({ name }: PlannedForward, { host, port }: Place): string {
  return `forwards.${name} at ${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** One that expects the PROXY protocol of its clients ends a plain handshake. A fleet's balancer speaks it in their place. */
function isWithTls({ kind, trustedProxies }: PlannedForward): boolean {
  return kind === 'https' && (trustedProxies?.by !== 'proxy-protocol' || trustedProxies.balancer === true);
}

/** The names to ask for; undefined stands for none. Those with a wildcard are no names that a client asks for. */
function hostNames({ certificate, sites = [] }: PlannedForward): readonly (string | undefined)[] {
  const names = certificate?.source === 'acme' ? certificate.domains : sites.flatMap(({ host }) => host ?? []);
  const plain = names.filter((name) => /^[a-z0-9.-]+$/i.test(name));
  return plain.length === 0 ? [undefined] : plain;
}

/** Ports on the gateway itself that forwards lead to, and that nobody is let through to. */
function hiddenPorts({ forwards, inbound }: Promised): readonly number[] {
  const open = inbound.flatMap(({ what }) => {
    const [, from, to] = /^(?:tcp )(\d+)(?:-(\d+))?$/.exec(what) ?? [];
    return from === undefined ? [] : [{ first: Number(from), last: Number(to ?? from) }];
  });
  const isOpen = (port: number) => open.some(({ first, last }) => first <= port && port <= last);
  const own = forwards
    .filter(({ kind }) => kind !== 'udp')
    .flatMap(({ to, sites = [] }) => [...to, ...sites.flatMap(({ routes }) => routes.flatMap((route) => route.to))])
    .filter(({ kind }) => kind === 'local')
    .flatMap(({ ports }) => (ports === undefined ? [] : [ports.from]));
  return [...new Set(own)].filter((port) => !isOpen(port));
}

async function isHidden(place: Place): Promise<readonly string[]> {
  if ((await opens(place)) !== undefined) return [];
  return [
    `port ${place.port} of ${place.host} answers from here, and must not: only the gateway's forwards may lead to it`,
  ];
}

/**
 * Names that must lead straight to the gateway. Those of forwards behind a proxy lead to the proxy, and those whose
 * records a CA checks lead anywhere.
 */
function namesOf({ forwards, names }: Promised): readonly string[] {
  const ofForwards = forwards.flatMap(({ certificate, trustedProxies }) =>
    certificate?.source === 'acme' && certificate.dns === undefined && trustedProxies === undefined
      ? certificate.domains
      : [],
  );
  return [...new Set([...names, ...ofForwards])];
}
