/** What a client notices of an answer, and what the target got, if one answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly seen?: Seen;
}

export interface Seen {
  readonly target: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers of answers that each server has its own of. */
const OWN =
  /^(date|server|content-length|connection|keep-alive|transfer-encoding|age|etag|last-modified|accept-ranges|x-test-handshake)$/;
/** Those that Portway adds: docs/options.md. */
const ADDED = /^(x-content-type-options|allow|x-request-id|alt-svc|x-cache)$/;
/** Headers of requests that are of one connection. */
const OF_CONNECTION = /^(connection|content-length|transfer-encoding|te)$/;
/** Those that Portway tells targets. */
const TOLD = /^(forwarded|x-forwarded-(for|proto|host|port|prefix)|x-real-ip|x-request-id|upgrade)$/;

/** The answer in what curl wrote with `-i`. Undefined: the connection was closed. */
export function readAnswer(text: string): Answer | undefined {
  // After `100 Continue` comes the answer itself.
  const start = text.search(/^HTTP\/\S+ (?!100 )/m);
  if (start < 0) return undefined;
  const [head = '', ...rest] = text.slice(start).split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = joined(lines.map((one) => one.split(/: ?(.*)/s) as [string, string]));
  const body = rest.join('\r\n\r\n').trimEnd();
  const seen = seenIn(headers['x-test-handshake'] ?? body);
  return { status: Number(line.split(' ')[1]), headers, body: seen === undefined ? body : '', ...(seen && { seen }) };
}

function seenIn(text: string): Seen | undefined {
  if (!text.startsWith('{')) return undefined;
  const { name = '', method = '', path, asked = path, body = '', headers } = JSON.parse(text);
  return { target: name, method, path: asked, body: body.slice(0, 20), headers: joined(headers) };
}

function joined(headers: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const [name, value = ''] of headers) {
    const lower = name.toLowerCase();
    all[lower] = all[lower] === undefined ? value : `${all[lower]}, ${value}`;
  }
  return all;
}

/** What a client or a target can tell the two answers apart by. */
export function differences(
  original: Answer | undefined,
  ours: Answer | undefined,
  /** What was asked for: redirects may be relative to it. */
  url: string,
): readonly string[] {
  if (original === undefined || ours === undefined)
    return original === ours ? [] : [`${say(original)} became ${say(ours)}`];
  const said: string[] = [];
  const compare = (what: string, one: unknown, other: unknown) => {
    if (one !== other) said.push(`${what} ${one} became ${other}`);
  };
  compare('status', original.status, ours.status);
  // A page of nginx's own, or of Portway's.
  const isOwnPage = original.seen === undefined && ours.seen === undefined && original.status >= 300;
  const names = new Set([...Object.keys(original.headers), ...Object.keys(ours.headers)]);
  for (const name of names) {
    const isAdded = original.headers[name] === undefined && ADDED.test(name);
    if (!OWN.test(name) && !isAdded && !(isOwnPage && /^(content-type|cache-control|retry-after)$/.test(name)))
      compare(`header ${name}`, headerOf(original, name, url), headerOf(ours, name, url));
  }
  if (!isOwnPage) compare('body', original.body, ours.body);
  return [...said, ...differencesSeen(original.seen, ours.seen)];
}

function headerOf({ headers }: Answer, name: string, url: string): string | undefined {
  const value = headers[name];
  return name === 'location' && value !== undefined ? new URL(value, url).href : value;
}

function differencesSeen(original: Seen | undefined, ours: Seen | undefined): readonly string[] {
  if (original === undefined || ours === undefined)
    return original === ours ? [] : [`target ${original?.target} became ${ours?.target}`];
  const said: string[] = [];
  for (const what of ['target', 'method', 'path', 'body'] as const)
    if (original[what] !== ours[what]) said.push(`${what} ${original[what]} became ${ours[what]}`);
  for (const name of new Set([...Object.keys(original.headers), ...Object.keys(ours.headers)])) {
    const [one, other] = [original.headers[name], ours.headers[name]];
    const isAdded = one === undefined && TOLD.test(name);
    const isDrawn = name === 'x-request-id' && one?.length === other?.length;
    if (one !== other && !OF_CONNECTION.test(name) && !isAdded && !isDrawn)
      said.push(`target's header ${name}: ${one} became ${other}`);
  }
  return said;
}

function say(answer: Answer | undefined): string {
  return answer === undefined ? 'no answer' : `${answer.status}`;
}
