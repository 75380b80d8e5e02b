import { isIP } from 'node:net';
import { containsCidr } from 'cidr-tools';
import type { Place, Question } from './expectations';
import { VPC } from './network/addresses';
import type { HttpAnswer, Probe } from './network/probe';
import type { Party } from './network/topology';

/** What the application says it saw (services/application.py). */
export interface Seen {
  /** Its host. A host that the lab made is named by its address. */
  readonly host: string;
  /** Undefined for datagrams. */
  readonly address?: string;
  readonly port: number;
  readonly tls?: boolean;
  readonly client: { readonly address: string };
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  /** HTTP status. 0: no answer. Any datagram counts as 200. */
  readonly status: number;
  /** Where a redirect leads. */
  readonly location?: string;
  /** Undefined: the answer did not come from the lab's application. */
  readonly seen?: Seen;
  /** The answer as text, for readers. */
  readonly text: string;
}

export interface AskOptions {
  readonly probe: Probe;
  readonly party: Party;
  /** The gateway's address. */
  readonly address: string;
  /** Longest time, in seconds. Default: 10. */
  readonly seconds?: number;
  /** Further request headers. */
  readonly headers?: readonly string[];
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Asks a forward as a party of the lab. */
export async function ask(
  { speech, port, host, path }: Question,
  { probe, party, address, seconds = 10, headers = [] }: AskOptions,
): Promise<Answer> {
  if (speech === 'udp') {
    const text = await probe.datagram(party, address, port);
    return { status: text === '' ? 0 : 200, ...seenIn(parse(text)), text: text === '' ? 'no answer' : text };
  }
  const origin = `${host ?? address}${port === DEFAULT_PORTS[speech] ? '' : `:${port}`}`;
  const resolve = host === undefined ? [] : ['--resolve', `${host}:${port}:${address}`];
  const curl = [...resolve, ...headers.flatMap((header) => ['-H', header])];
  const answer = await probe.http(party, `${speech}://${origin}${path}`, { insecure: true, seconds, curl });
  const { location } = answer.headers;
  const seen = answer.status === 200 ? seenIn(answer.json) : {};
  return { status: answer.status, ...seen, ...(location === undefined ? {} : { location }), text: shown(answer) };
}

/**
 * Whether the answer is the one that the plan promises. `taken`: a program of the team's own runs there, whose answers
 * are unknown.
 */
export function isRight(
  { places, redirect, speech }: Question,
  answer: Answer,
  taken: (place: Place) => boolean,
): boolean {
  if (redirect !== undefined)
    return answer.status >= 300 && answer.status < 400 && (answer.location ?? '').startsWith(redirect);
  const { seen } = answer;
  if (seen === undefined) return places.some(taken) && answer.status > 0 && answer.status < 500;
  return places.some(
    ({ address, port, speaks }) =>
      seen.port === port &&
      (address === undefined ? isOnGateway(seen) : address === (seen.address ?? seen.host)) &&
      (speech === 'udp' || seen.tls === (speaks === 'https')),
  );
}

/** A host that the lab made calls itself by its address. */
function isOnGateway({ host, address }: Seen): boolean {
  return address === undefined
    ? !isIP(host)
    : ['::1', '127.0.0.1'].includes(address) || containsCidr(VPC.subnet, address);
}

function seenIn(json: unknown): { seen?: Seen } {
  const seen = json as Partial<Seen> | undefined;
  return typeof seen?.port === 'number' && typeof seen.host === 'string' ? { seen: seen as Seen } : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shown({ status, error, body }: HttpAnswer): string {
  return error ?? `${status} ${body.slice(0, 300)}`;
}
