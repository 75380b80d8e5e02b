import { containsCidr, overlapCidr } from 'cidr-tools';
import type { PortRange } from '../../lib/forward/ports';
import type { Plan, PlannedForward, PlannedRedirect, PlannedSite, PlannedTarget } from '../../lib/plan/plan';
import { certificateText, targetText } from '../../lib/plan/print';
import { INTERNET, NAMES } from './network/addresses';

/** The protocol of a stand-in application. */
export type Speech = 'http' | 'https' | 'udp';

/** A port that needs an application. */
export interface Place {
  /** IPv4 address. Undefined: the gateway itself. */
  readonly address?: string;
  readonly port: number;
  readonly speaks: Speech;
}

/** A request to make through a forward, and who must answer it. */
export interface Question {
  readonly forward: string;
  /** On the gateway. */
  readonly port: number;
  readonly speech: Speech;
  /** The host name in the request. Default: the gateway's address. */
  readonly host?: string;
  readonly path: string;
  /** One of these answers. Empty for a redirect. */
  readonly places: readonly Place[];
  /** How the redirect's location begins. */
  readonly redirect?: string;
  /** How the target learns the client's address: from the connection, from a header, or not at all. */
  readonly client: 'seen' | 'told' | 'hidden';
  /** Whether the gateway trusts X-Forwarded-For from a client. */
  readonly believed: boolean;
}

/** A part of the plan that the lab cannot try. */
export interface Untried {
  readonly what: string;
  readonly reason: string;
}

export interface Expectations {
  readonly questions: readonly Question[];
  readonly untried: readonly Untried[];
}

/** What the lab must observe of a stack's forwards, according to its plan. */
export function expectationsOf({ forwards, gateway }: Plan): Expectations {
  const questions: Question[] = [];
  const untried: Untried[] = [];
  const speeches = new Map<string, Speech>();
  for (const forward of forwards) {
    const what = `forward ${forward.name} is tried`;
    const reason = unasked(forward);
    if (reason !== undefined) {
      untried.push({ what, reason });
      continue;
    }
    for (const { question, not } of asked(forward)) {
      const clash = question?.places.find((place) => (speeches.get(key(place)) ?? place.speaks) !== place.speaks);
      if (clash) untried.push({ what, reason: `another forward needs ${speeches.get(key(clash))} on ${key(clash)}` });
      else if (question) {
        for (const place of question.places) speeches.set(key(place), place.speaks);
        questions.push(question);
      }
      if (not !== undefined) untried.push({ what, reason: not });
    }
    if (forward.http3) untried.push({ what: `${what} by HTTP/3`, reason: 'the rehearsal has no client for QUIC' });
    if (forward.certificate !== undefined)
      untried.push({
        what: `the certificate of forward ${forward.name}`,
        reason: `it comes ${certificateText(forward.certificate)}, which the lab does not have`,
      });
    if (forward.families.includes(6) && gateway.ipv6)
      untried.push({ what: `${what} over IPv6`, reason: 'the rehearsal asks over IPv4' });
  }
  if (gateway.egress.length > 0)
    untried.push({
      what: `the way out of ${gateway.egress.join(', ')}`,
      reason: 'the lab has no host in those networks',
    });
  if (gateway.ping) untried.push({ what: 'the gateway answers pings', reason: 'the rehearsal asks TCP and UDP' });
  return { questions, untried };
}

/** Why a forward cannot be tried at all; undefined if it can. */
function unasked(forward: PlannedForward): string | undefined {
  const { families, protocol, trustedProxies, to } = forward;
  if (protocol !== undefined) return `IP protocol ${protocol} has no ports to ask`;
  if (!families.includes(4)) return 'it listens on IPv6 only, and the rehearsal asks over IPv4';
  if (forward.interface !== undefined) return `it listens on the interface ${forward.interface} only`;
  if (trustedProxies?.by === 'proxy-protocol')
    return `it takes connections of proxies in ${trustedProxies.from.join(', ')} only, and the lab has none`;
  if (forward.sendsProxyProtocol)
    return "its targets must speak the PROXY protocol, and the lab's application does not";
  if (forward.preserveClientAddress && to.some(({ kind }) => kind === 'ipv4'))
    return 'its targets answer their clients through a route of their subnet, which the lab does not lay for them';
  return undefined;
}

interface Asked {
  readonly question?: Question;
  /** Why it is not asked. */
  readonly not?: string;
}

function asked(forward: PlannedForward): readonly Asked[] {
  if (forward.kind === 'http' || forward.kind === 'https')
    return sitesOf(forward).flatMap((site) => web(forward, site));
  if (forward.hosts) {
    return forward.hosts.map(({ host, to }) =>
      question(forward, { to, end: 'from', ...(host ? { host: named(host) } : {}) }),
    );
  }
  const { from, to } = portsOf(forward);
  const ends = from === to ? (['from'] as const) : (['from', 'to'] as const);
  return ends.map((end) => question(forward, { to: forward.to, end }));
}

function sitesOf({ sites, to, redirectTo }: PlannedForward): readonly PlannedSite[] {
  return (
    sites ?? [{ routes: [{ path: '/', to, ...(redirectTo === undefined ? {} : { redirectTo }), protocol: 'http' }] }]
  );
}

function web(forward: PlannedForward, { host, routes }: PlannedSite): readonly Asked[] {
  return routes.map(({ path, to, redirectTo, protocol }) => {
    if (protocol === 'grpc') return { not: `${host ?? ''}${path} speaks gRPC, and the lab's application does not` };
    const name = host === undefined ? {} : { host: named(host) };
    return question(forward, { to, end: 'from', path, ...name, ...(redirectTo === undefined ? {} : { redirectTo }) });
  });
}

interface Wanted {
  readonly to: readonly PlannedTarget[];
  /** Which end of a port range. */
  readonly end: 'from' | 'to';
  readonly host?: string;
  readonly path?: string;
  readonly redirectTo?: PlannedRedirect;
}

function question(forward: PlannedForward, { to, end, host, path = '/', redirectTo }: Wanted): Asked {
  const places: Place[] = [];
  for (const target of to) {
    const place = placeOf(target, forward, end);
    if ('unknown' in place) return { not: `its target ${targetText(target)} ${place.unknown}` };
    places.push(place);
  }
  const { kind, engine, name, trustedProxies } = forward;
  const ended = kind === 'http' || kind === 'https';
  const local = places.every(({ address }) => address === undefined);
  return {
    question: {
      forward: name,
      port: portsOf(forward)[end],
      speech: ended ? kind : kind === 'tls' ? 'https' : (places[0]?.speaks ?? 'http'),
      path,
      places,
      ...(host === undefined ? {} : { host }),
      ...(redirectTo === undefined ? {} : { redirect: 'url' in redirectTo ? redirectTo.url : 'https://' }),
      client: ended ? 'told' : engine === 'iptables' && local ? 'seen' : 'hidden',
      believed: trustedProxies !== undefined,
    },
  };
}

/** Where a target is in the lab, or why the lab has no such place. */
function placeOf(
  { kind: where, host = '', ports }: PlannedTarget,
  forward: PlannedForward,
  end: 'from' | 'to',
): Place | { readonly unknown: string } {
  const { kind } = forward;
  const port = (ports ?? portsOf(forward))[end];
  const speaks =
    kind === 'udp' ? 'udp' : kind === 'tls' ? 'https' : ended(kind) ? 'http' : spoken(port, portsOf(forward)[end]);
  if (where === 'local') return { port, speaks };
  if (where === 'token') return { unknown: 'is known only when it is deployed' };
  if (where === 'ipv6') return { unknown: 'is an IPv6 address, and the lab has targets with IPv4 only' };
  const address = where === 'ipv4' ? host : (NAMES as Readonly<Record<string, string>>)[host];
  return address === undefined ? { unknown: 'is a name that the lab does not know' } : { address, port, speaks };
}

/** The ports of a forward that has some. */
function portsOf({ name, listen }: PlannedForward): PortRange {
  if (listen === undefined) throw new Error(`forward ${name} has no ports`);
  return listen;
}

/** Whether HTTP ends on the gateway. */
function ended(kind: string): boolean {
  return kind === 'http' || kind === 'https';
}

/** The lab chooses what answers behind a plain TCP forward, by its well-known ports. */
function spoken(port: number, listen: number): Speech {
  if (port === 8443 || port === 443) return 'https';
  if (port === 8080 || port === 80) return 'http';
  return listen === 443 || listen === 8443 ? 'https' : 'http';
}

function key({ address = 'the gateway', port, speaks }: Place): string {
  return `${address} ${speaks === 'udp' ? 'udp' : 'tcp'} ${port}`;
}

function named(host: string): string {
  return host.replace('*', 'any');
}

/** Whether an IPv4 address may use a forward: `refused` by `denyFrom` or the gateway's block list, `no` if no rule admits it. */
export function reachOf({ forwards, gateway }: Plan, name: string, address: string): 'yes' | 'refused' | 'no' {
  const forward = forwards.find((one) => one.name === name);
  if (forward === undefined) throw new Error(`the plan must have the forward, got: ${name}`);
  const within = (networks: readonly string[]) =>
    networks.some((cidr) => cidr.includes('/') && containsCidr(cidr, address));
  if (within([...forward.denyFrom, ...gateway.blocked])) return 'refused';
  return forward.allowFrom.length === 0 || within(forward.allowFrom) ? 'yes' : 'no';
}

/** Who can try a forward: a party of the lab, or an address to create one at; undefined if no IPv4 address may use it. */
export function visitorOf(plan: Plan, name: string): 'stranger' | 'admin' | { readonly address: string } | undefined {
  for (const party of ['stranger', 'admin'] as const)
    if (reachOf(plan, name, INTERNET[party].address) === 'yes') return party;
  const { allowFrom = [] } = plan.forwards.find((one) => one.name === name) ?? {};
  const candidates = allowFrom.filter((cidr) => cidr.includes('/') && !cidr.includes(':')).flatMap(addressesOf);
  const address = candidates.find((one) => reachOf(plan, name, one) === 'yes');
  return address === undefined ? undefined : { address };
}

/** Candidate addresses from several places in a network, since part of it may be refused. */
function addressesOf(cidr: string): readonly string[] {
  const [base = '', length = '32'] = cidr.split('/');
  const first = base.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const count = 2 ** (32 - Number(length));
  const offsets = count > 2 ? [1, 10, Math.floor(count / 2) + 1, count - 2] : [0, count - 1];
  const taken: readonly string[] = Object.values(INTERNET).flatMap((one) =>
    typeof one === 'string' ? one : 'gateway' in one ? one.gateway : [],
  );
  return offsets
    .map((offset) => [24, 16, 8, 0].map((bits) => Math.floor((first + offset) / 2 ** bits) % 256).join('.'))
    .filter((address) => !taken.includes(address));
}

/** TCP ports that a scan by a party must and may find open. */
export interface OpenPorts {
  readonly must: readonly number[];
  /** Ports that the security group admits; in a range, some may have no listener. */
  readonly may: readonly number[];
}

/** How many ports of one range are scanned at most. */
const RANGE = 2000;

export function openPorts(plan: Plan, { questions }: Expectations, address: string, admin: boolean): OpenPorts {
  const letIn = plan.inbound.filter(
    ({ protocol, peer }) =>
      (protocol === 'tcp' || protocol === 'all') && peer.includes('/') && overlapCidr(peer, `${address}/32`),
  );
  const may = letIn.flatMap(({ ports }) =>
    ports === undefined
      ? []
      : Array.from({ length: Math.min(ports.to - ports.from + 1, RANGE) }, (_, i) => ports.from + i),
  );
  const own = questions.filter(({ speech, forward }) => speech !== 'udp' && reachOf(plan, forward, address) === 'yes');
  const must = [...own.map(({ port }) => port), ...(admin && may.includes(22) ? [22] : [])];
  return { must: sorted(must), may: sorted([...may, ...must]) };
}

function sorted(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
