import { isIPv4 } from 'node:net';
import { containsCidr, overlapCidr } from 'cidr-tools';
import { type PortRange, parsePorts } from '../../lib/forward/ports';
import type { Plan, PlannedForward, PlannedSite } from '../../lib/plan/plan';
import { INTERNET, NAMES } from './network/addresses';

/** What a stand-in application speaks. */
export type Speech = 'http' | 'https' | 'udp';

/** A port on which an application has to be. */
export interface Place {
  /** IPv4 address. Undefined: the gateway itself. */
  readonly address?: string;
  readonly port: number;
  readonly speaks: Speech;
}

/** Something to ask a forward for, and who has to answer. */
export interface Question {
  readonly forward: string;
  /** On the gateway. */
  readonly port: number;
  readonly speech: Speech;
  /** The name that it is asked under. Default: the gateway's address. */
  readonly host?: string;
  readonly path: string;
  /** One of them answers; none: it is a redirect. */
  readonly places: readonly Place[];
  /** What the redirect leads to begins with this. */
  readonly redirect?: string;
  /** How the one that answers knows who asked: it sees the address, is told it in a header, or neither. */
  readonly client: 'seen' | 'told' | 'hidden';
  /** Whether a client's own X-Forwarded-For counts. */
  readonly believed: boolean;
}

/** Something of the plan that the lab cannot try. */
export interface Untried {
  readonly what: string;
  readonly reason: string;
}

export interface Expectations {
  readonly questions: readonly Question[];
  readonly untried: readonly Untried[];
}

/** What must be seen of a stack's forwards, as its plan promises them. */
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
        reason: `it comes ${forward.certificate}, which the lab does not have`,
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

/** Why a forward can be asked nothing at all; undefined: it can. */
function unasked(forward: PlannedForward): string | undefined {
  const { kind, listen, families, trustedProxies, to } = forward;
  if (kind === 'protocol') return `IP protocol ${listen} has no ports to ask`;
  if (!families.includes(4)) return 'it listens on IPv6 only, and the rehearsal asks over IPv4';
  if (forward.interface !== undefined) return `it listens on the interface ${forward.interface} only`;
  if (trustedProxies?.by === 'proxy-protocol')
    return `it takes connections of proxies in ${trustedProxies.from.join(', ')} only, and the lab has none`;
  if (forward.sendsProxyProtocol)
    return "its targets must speak the PROXY protocol, and the lab's application does not";
  if (forward.preserveClientAddress && to.some((target) => targetOf(target, forward)?.place?.address !== undefined))
    return 'its targets answer their clients through a route of their subnet, which the lab does not lay for them';
  return undefined;
}

interface Asked {
  readonly question?: Question;
  /** What is not asked, and why. */
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
  const { from, to: last } = ports(forward.listen);
  const ends = from === last ? (['from'] as const) : (['from', 'to'] as const);
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
  readonly to: readonly string[];
  /** Which end of a port range. */
  readonly end: 'from' | 'to';
  readonly host?: string;
  readonly path?: string;
  readonly redirectTo?: string;
}

function question(forward: PlannedForward, { to, end, host, path = '/', redirectTo }: Wanted): Asked {
  const found = to.map((target) => ({ target, ...targetOf(target, forward, end) }));
  const bad = found.find(({ place }) => place === undefined);
  if (bad) return { not: bad.reason ?? `its target ${bad.target} cannot be read` };
  const places = found.flatMap(({ place }) => place ?? []);
  const { kind, engine, name, listen, trustedProxies } = forward;
  const ended = kind === 'http' || kind === 'https';
  const local = places.every(({ address }) => address === undefined);
  return {
    question: {
      forward: name,
      port: ports(listen)[end],
      speech: ended ? kind : kind === 'tls' ? 'https' : (places[0]?.speaks ?? 'http'),
      path,
      places,
      ...(host === undefined ? {} : { host }),
      ...(redirectTo === undefined ? {} : { redirect: redirectTo.startsWith('https on ') ? 'https://' : redirectTo }),
      client: ended ? 'told' : engine === 'iptables' && local ? 'seen' : 'hidden',
      believed: trustedProxies !== undefined,
    },
  };
}

/** A target as the plan writes it: `8080`, `10.0.1.10:8080`, `[2001:db8::1]:53`, `backend.internal:9000-9010`. */
function targetOf(
  target: string,
  { kind, listen }: PlannedForward,
  end: 'from' | 'to' = 'from',
): { readonly place?: Place; readonly reason?: string } {
  const colon = target.lastIndexOf(':');
  const host = target.slice(0, Math.max(colon, 0));
  const port = parsePorts(target.slice(colon + 1))?.[end];
  if (port === undefined) return { reason: `its target ${target} is known only when it is deployed` };
  const speaks =
    kind === 'udp' ? 'udp' : kind === 'tls' ? 'https' : ended(kind) ? 'http' : spoken(port, ports(listen)[end]);
  if (host === '') return { place: { port, speaks } };
  const address = isIPv4(host) ? host : (NAMES as Readonly<Record<string, string>>)[host];
  if (address !== undefined) return { place: { address, port, speaks } };
  if (host.startsWith('['))
    return { reason: `its target ${target} is an IPv6 address, and the lab has targets with IPv4 only` };
  return { reason: `its target ${target} is a name that the lab does not know` };
}

function ended(kind: string): boolean {
  return kind === 'http' || kind === 'https';
}

/** What stands behind a plain TCP forward is for the lab to choose: what its ports are known for. */
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

function ports(spec: string): PortRange {
  return parsePorts(spec) ?? { from: 0, to: 0 };
}

/** Whether a forward is there for an IPv4 address: `refused` by `denyFrom` or the gateway's own list, or not let in at all. */
export function reachOf({ forwards, gateway }: Plan, name: string, address: string): 'yes' | 'refused' | 'no' {
  const forward = forwards.find((one) => one.name === name);
  if (forward === undefined) throw new Error(`the plan must have the forward, got: ${name}`);
  const within = (networks: readonly string[]) =>
    networks.some((cidr) => readable(cidr) && containsCidr(cidr, address));
  if (within([...forward.denyFrom, ...gateway.blocked])) return 'refused';
  return forward.allowFrom.length === 0 || within(forward.allowFrom) ? 'yes' : 'no';
}

/** Who may use a forward: a party of the lab, or an address at which one has to be made; undefined: no IPv4 address is known. */
export function visitorOf(plan: Plan, name: string): 'stranger' | 'admin' | { readonly address: string } | undefined {
  for (const party of ['stranger', 'admin'] as const)
    if (reachOf(plan, name, INTERNET[party].address) === 'yes') return party;
  const { allowFrom = [] } = plan.forwards.find((one) => one.name === name) ?? {};
  const candidates = allowFrom.filter((cidr) => readable(cidr) && !cidr.includes(':')).flatMap(addressesOf);
  const address = candidates.find((one) => reachOf(plan, name, one) === 'yes');
  return address === undefined ? undefined : { address };
}

/** Some addresses of a network: near its begin and at its end, where others may be refused. */
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

/** What a scan by a party must and may find of TCP ports. */
export interface OpenPorts {
  readonly must: readonly number[];
  /** What the security group lets it try; a port of a range may have no target that listens. */
  readonly may: readonly number[];
}

/** Most ports of one range that are scanned. */
const RANGE = 2000;

export function openPorts(plan: Plan, { questions }: Expectations, address: string, admin: boolean): OpenPorts {
  const letIn = plan.inbound.filter(
    ({ protocol, peer }) =>
      (protocol === 'tcp' || protocol === 'all') && readable(peer) && overlapCidr(peer, `${address}/32`),
  );
  const may = letIn.flatMap(({ ports: spec }) => {
    const { from, to } = ports(spec);
    return from === 0 ? [] : Array.from({ length: Math.min(to - from + 1, RANGE) }, (_, i) => from + i);
  });
  const own = questions.filter(({ speech, forward }) => speech !== 'udp' && reachOf(plan, forward, address) === 'yes');
  const must = [...own.map(({ port }) => port), ...(admin && may.includes(22) ? [22] : [])];
  return { must: sorted(must), may: sorted([...may, ...must]) };
}

function sorted(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Whether a network is known at synth; a token is not. */
function readable(cidr: string): boolean {
  return /^[\d.]+\/\d+$|^[\da-f:.]+\/\d+$/i.test(cidr);
}
