import type { Problems } from '../forward/problems';
import { readRecord } from '../forward/read-object';
import type { Line } from '../nginx/block';
import type { RequestFacts } from '../nginx/request-facts';
import type { HttpFeature } from './feature';
import type { Header } from './header';
import { set } from './set';

/** @category Protection of HTTP */
export interface HeadersProps {
  /**
   * Headers to set on every answer. They replace headers of the same name from the target. A host or path adds to the
   * headers set above it.
   * @default none, beside `X-Request-ID` and `X-Content-Type-Options: nosniff`, which every answer has
   * @refused invalid header names; values with `$`, line breaks or non-ASCII characters; headers that belong to a
   * single answer, such as `Content-Length`, `Set-Cookie` and `Location`
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Names of headers to remove from answers, whether they come from a target, the gateway or `headers` set above. A
   * host or path replaces the list set above it, and headers that it adds itself are sent. The gateway's own cookie
   * (`balance: 'cookie'`) is always sent.
   * @default only X-Powered-By, which is always removed
   * @refused invalid header names; a name that `headers` sets in the same place
   */
  readonly hideHeaders?: readonly string[];
}

export interface Headers {
  readonly headers?: readonly Header[];
  readonly hideHeaders?: readonly string[];
}

declare module './values' {
  interface RouteValues extends Headers {}
}

export const headers: HttpFeature<HeadersProps, Headers> = {
  props: { headers: true, hideHeaders: true },
  read(at, props, problems) {
    const added = readHeaders(`${at}.headers`, props.headers, problems);
    const hidden = readHiddenHeaders(`${at}.hideHeaders`, props.hideHeaders, problems);
    checkBoth(at, added, hidden, problems);
    return set({ headers: added, hideHeaders: hidden });
  },
  // Headers add up. If one place adds a header and another hides it, the inner place decides.
  merge(above, stated) {
    const hidden =
      stated.hideHeaders ??
      without(
        above.hideHeaders,
        stated.headers?.map(([name]) => name),
      );
    return set({ headers: mergeHeaders(above.headers, stated), hideHeaders: hidden });
  },
  nginx: {
    http: {
      order: 50,
      lines: ({ facts }) => [
        '',
        '# On every answer; replaces those of targets.',
        ...hiddenByDefault(facts).map((name) => `proxy_hide_header ${name};`),
        ...addHeaders([], facts),
      ],
    },
    setting: {
      order: 40,
      answers: true,
      lines({ options, stated, route, forwardHeaders, facts, module }) {
        const none = stated.headers === undefined && stated.hideHeaders === undefined;
        if (none && (route !== undefined || forwardHeaders.length === 0)) return [];
        const added = [...(options.headers ?? []), ...forwardHeaders];
        return withHeaders(added, options.hideHeaders ?? [], facts, module);
      },
    },
  },
};

/** A header name (RFC 9110, section 5.1), without the special characters that nobody uses. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

/** Printable ASCII. A `$` would start a variable, and nginx cannot escape it. */
const VALUE = /^[\x21-\x23\x25-\x7e]([\x20-\x23\x25-\x7e]{0,1022}[\x21-\x23\x25-\x7e])?$/;

/** Headers that describe the message itself, or that another prop sets, with the reason. */
const NOT_TO_SET: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['connection', 'content-encoding', 'content-length', 'content-range', 'content-type', 'date', 'keep-alive'],
      ...['location', 'server', 'set-cookie', 'status', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
    ].map((name) => [name, 'it belongs to the single answer, not to all of them']),
  ),
  'x-request-id': 'the gateway sets it on every answer',
  'retry-after': 'the gateway sets it where it refuses',
};

/** The headers to add to every answer, in the order of `value`. */
function readHeaders(at: string, value: unknown, problems: Problems): readonly Header[] | undefined {
  if (value === undefined) return undefined;
  const rule = "must hold at least one header, such as { 'X-Frame-Options': 'DENY' }";
  const entries = readRecord(at, value, rule, problems);
  if (entries === undefined) return undefined;
  const seen = new Set<string>();
  return entries.flatMap(([name, text]): readonly Header[] => {
    const where = `${at}[${JSON.stringify(name)}]`;
    if (!checkName(where, name, problems)) return [];
    const lower = name.toLowerCase();
    const reason = Object.hasOwn(NOT_TO_SET, lower) ? NOT_TO_SET[lower] : undefined;
    if (reason !== undefined) problems.add(where, `must be left out: ${reason}`);
    if (seen.has(name.toLowerCase())) problems.add(where, 'must not be listed twice');
    seen.add(name.toLowerCase());
    if (typeof text === 'string' && VALUE.test(text)) return [[name, text]];
    problems.add(where, 'must be 1-1024 printable ASCII characters other than $, without a blank at either end', text);
    return [];
  });
}

/** A header cannot be added and hidden at the same place. */
function checkBoth(
  at: string,
  added: readonly Header[] = [],
  hidden: readonly string[] = [],
  problems: Problems,
): void {
  const names = added.map(([name]) => name.toLowerCase());
  for (const [i, name] of hidden.entries()) {
    if (names.includes(name.toLowerCase()))
      problems.add(`${at}.hideHeaders[${i}]`, 'must not be in headers too, which replace those of targets', name);
  }
}

/** The names of headers that clients should not get. */
function readHiddenHeaders(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, "must hold at least one name of a header, such as ['X-Application-Version']", value);
    return undefined;
  }
  return value.filter((name, i) => checkName(`${at}[${i}]`, name, problems));
}

function checkName(at: string, name: unknown, problems: Problems): boolean {
  if (typeof name === 'string' && NAME.test(name)) return true;
  problems.add(at, 'must be the name of a header: letters, digits, - and _, at most 64', name);
  return false;
}

function mergeHeaders(above: readonly Header[] | undefined, stated: Headers): readonly Header[] | undefined {
  const hidden = stated.hideHeaders?.map((name) => name.toLowerCase()) ?? [];
  const kept = above?.filter(([name]) => !hidden.includes(name.toLowerCase()));
  if (kept === undefined || stated.headers === undefined) return kept ?? stated.headers;
  return [...new Map([...kept, ...stated.headers].map((h) => [h[0].toLowerCase(), h])).values()];
}

function without(names: readonly string[] | undefined, some: readonly string[] = []): readonly string[] | undefined {
  const lower = some.map((name) => name.toLowerCase());
  return names?.filter((name) => !lower.includes(name.toLowerCase()));
}

/**
 * On every answer. `nosniff` is the only such header that is safe for every application: each must choose its own
 * policy for frames, scripts and sources. A server or location that adds a header inherits none, so it uses
 * `addHeaders`, which repeats them.
 */
function common({ requestId, headers }: RequestFacts): readonly Header[] {
  return [
    ['X-Request-ID', requestId],
    ['X-Content-Type-Options', 'nosniff'],
    ['Retry-After', '$portway_retry'],
    // Only for WebSockets: `Upgrade: h2c` of a target (Apache with HTTP/2) breaks HTTP/2 clients.
    ['Upgrade', '$portway_upgrade'],
    ...headers,
  ];
}

/**
 * Not for clients: the target's software, headers that name its files or lead past the gateway, and those that the
 * gateway adds itself.
 */
export function hiddenByDefault({ headers }: RequestFacts): readonly string[] {
  // A target's own cookies are kept beside the gateway's.
  const ofGateway = headers.map(([name]) => name).filter((name) => name !== 'Set-Cookie');
  return ['X-Powered-By', 'Alt-Svc', 'Upgrade', 'X-Sendfile', 'X-Request-ID', 'X-Content-Type-Options', ...ofGateway];
}

/** The headers of a server or location that adds some. Clients get none of those in `hidden`. */
export function withHeaders(
  headers: readonly Header[],
  hidden: readonly string[],
  facts: RequestFacts,
  proxy: 'proxy' | 'grpc',
): readonly Line[] {
  const names = [...hiddenByDefault(facts), ...hidden, ...headers.map(([name]) => name)];
  const unique = [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
  return [...unique.map((name) => `${proxy}_hide_header ${name};`), ...addHeaders(headers, facts, hidden)];
}

/**
 * Everything that a place adds to its answers: the common headers, then its own, which may replace a common one. Hidden
 * ones are left out. Values are checked at synth: no `$`, no line break. The cookie that keeps a browser with its
 * target stays, since it is not the target's.
 */
export function addHeaders(
  headers: readonly Header[],
  facts: RequestFacts,
  hidden: readonly string[] = [],
): readonly Line[] {
  const added = headers.map(([name, value]): Header => [name, `"${value.replaceAll(/["\\]/g, '\\$&')}"`]);
  const named = new Map([...common(facts), ...added].map((h) => [h[0].toLowerCase(), h]));
  for (const name of hidden) if (name.toLowerCase() !== 'set-cookie') named.delete(name.toLowerCase());
  // With no header at all, nginx would inherit those from above.
  if (named.size === 0) return ["add_header X-Request-ID '';"];
  return [...named.values()].map(([name, value]) => `add_header ${name} ${value} always;`);
}
