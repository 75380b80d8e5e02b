import type { Header } from '../forward/http-headers';
import type { Line } from './block';
import type { RequestFacts } from './request-facts';

/**
 * On every answer. `nosniff` is all that is safe for every application: frames, scripts and sources are for each to decide.
 * A server or location that adds a header loses those from above: it takes `addHeaders`, which repeats them.
 */
function common({ requestId, headers }: RequestFacts): readonly Header[] {
  return [
    ['X-Request-ID', requestId],
    ['X-Content-Type-Options', 'nosniff'],
    ['Retry-After', '$portway_retry'],
    // WebSocket's alone: `Upgrade: h2c` of a target (Apache with HTTP/2) breaks clients of HTTP/2.
    ['Upgrade', '$portway_upgrade'],
    ...headers,
  ];
}

/** Not for clients: what a target was made with, what leads them past the gateway or names its files, and what is added above. */
export function hiddenByDefault({ headers }: RequestFacts): readonly string[] {
  // A target's own cookies stand beside the gateway's.
  const own = headers.map(([name]) => name).filter((name) => name !== 'Set-Cookie');
  return ['X-Powered-By', 'Alt-Svc', 'Upgrade', 'X-Sendfile', 'X-Request-ID', 'X-Content-Type-Options', ...own];
}

/** Once for all HTTP forwards. */
export function headerDefaults(facts: RequestFacts): readonly Line[] {
  return [
    '',
    '# On every answer, in place of what targets say.',
    ...hiddenByDefault(facts).map((name) => `proxy_hide_header ${name};`),
    ...addHeaders([], facts),
  ];
}

/** The headers of a server or location that has more of them; clients get none of those in `hidden`. */
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
 * All that a place adds to its answers: the common headers, then its own, one of which may stand in place of a common one, and none that
 * is hidden. Values are checked at synth: no `$`, no line break. The cookie that keeps a browser with its target stays: it is not the
 * target's.
 */
export function addHeaders(
  headers: readonly Header[],
  facts: RequestFacts,
  hidden: readonly string[] = [],
): readonly Line[] {
  const own = headers.map(([name, value]): Header => [name, `"${value.replaceAll(/["\\]/g, '\\$&')}"`]);
  const named = new Map([...common(facts), ...own].map((h) => [h[0].toLowerCase(), h]));
  for (const name of hidden) if (name.toLowerCase() !== 'set-cookie') named.delete(name.toLowerCase());
  // Without any, nginx would take those from above.
  if (named.size === 0) return ["add_header X-Request-ID '';"];
  return [...named.values()].map(([name, value]) => `add_header ${name} ${value} always;`);
}
