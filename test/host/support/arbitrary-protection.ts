import * as fc from 'fast-check';
import { Forward, type ForwardProps } from '../../../lib/forward/forward';
import type { SourceSpec } from '../../../lib/forward/lists';
import { Tls } from '../../../lib/forward/tls';
import { BLANKED } from '../../../lib/http/blanked-headers';
import { STREAMING, streamsAnswers } from '../../../lib/http/streams';
import { allowFrom, given, listenPort, source, target } from './arbitrary-parts';
import { delivery } from './arbitrary-shared';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const upTo = (max: number) => fc.integer({ min: 1, max });

/** Texts that would be directives if they were not quoted. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  fc.constantFrom('"; return 200 x;', '} server {', '$host', '\\', "'#{", '\u00e9\u{1f600}', '<b>&"'),
);
const headerValue = fc
  .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
  .map((t) => t.replaceAll('$', 'S').trim() || '{');
const headerName = fc.stringMatching(/^X-[A-Za-z0-9_-]{1,20}$/);

const options = {
  limits: optional(
    fc.oneof(
      fc.record({ requestsPerSecond: upTo(10_000) }),
      fc.record({ requestsPerSecond: upTo(10_000), burst: upTo(10_000), openConnections: upTo(65_535) }),
      fc.record({ openConnections: upTo(65_535) }),
    ),
  ),
  maxBodyMiB: optional(upTo(10_240)),
  timeouts: optional(fc.record({ body: upTo(600), response: upTo(86_400) }, { requiredKeys: [] })),
  methods: optional(fc.subarray(['GET', 'POST', 'PUT', 'DELETE', 'M-SEARCH'], { minLength: 1 })),
  headers: optional(
    fc
      .uniqueArray(fc.tuple(headerName, headerValue), {
        minLength: 1,
        maxLength: 4,
        selector: ([n]) => n.toLowerCase(),
      })
      .map(Object.fromEntries),
  ),
  hideHeaders: optional(fc.array(headerName, { minLength: 1, maxLength: 4 })),
  logs: optional(fc.record({ level: fc.constantFrom('all', 'errors', 'none'), redact: fc.boolean() })),
};

const streaming = fc.constantFrom(...STREAMING);

const errors = optional(
  fc.oneof(
    fc.record({ title: text, message: text }),
    fc.record({ html: text.map((t) => `<p>{{status}}${t}{{request}}`) }),
  ),
);

const maxHeaderKiB = optional(fc.integer({ min: 8, max: 64 }));

const networks = fc.array(source, { minLength: 1, maxLength: 6 });

/** Sources, proxies and other options that only a forward has. */
const client = {
  allowFrom,
  denyFrom: optional(networks),
  word: fc.constantFrom('nobody', 'header', 'only', 'protocol'),
  from: networks,
};

function words({ word, from, ...rest }: { readonly word: string; readonly from: readonly SourceSpec[] }) {
  return {
    ...rest,
    ...(word === 'header' || word === 'only' ? { trustedProxies: from } : {}),
    ...(word === 'only' ? { proxiesOnly: true } : {}),
    ...(word === 'protocol' ? { proxyProtocol: { accept: { from } } } : {}),
  };
}

/** Rarely set: it is refused if a host or forward around it has a cache. */
const passHeaders = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.subarray([...BLANKED], { minLength: 1 }) },
);

const plain = fc.record({ ...options, redirectTo: fc.constant('https://b.example') }).map(given);
const leading = fc
  .tuple(fc.record({ ...options, stripPrefix: fc.boolean(), streaming, passHeaders }), delivery)
  // Streams are never cached, nor are answers that depend on a header outside the cache's key.
  .map(([props, to]) =>
    given({
      ...props,
      ...to,
      streaming: 'cache' in to && streamsAnswers(props.streaming) ? 'requests' : props.streaming,
      passHeaders: 'cache' in to ? undefined : props.passHeaders,
    }),
  );
const grpc = fc
  .record({ ...options, to: target, streaming, passHeaders })
  .map((p) => given({ ...p, protocol: 'grpc' }));

/** Only a path that forwards can strip its prefix, and only if it has one. */
function fitting([path, props]: readonly [string, Partial<ForwardProps>]) {
  const { stripPrefix, ...rest } = props as Partial<ForwardProps> & { readonly stripPrefix?: boolean };
  return [path, stripPrefix === true && path.endsWith('/*') ? props : rest] as const;
}

/** Paths of a site. gRPC only works over TLS. */
const routesOf = (tls: boolean) =>
  fc
    .dictionary(
      fc.stringMatching(/^\/[a-z][\w.-]{0,8}(\/\*)?$/),
      fc.oneof(plain, { weight: 3, arbitrary: leading }, ...(tls ? [grpc] : [])),
      { minKeys: 1, maxKeys: 3 },
    )
    .map((routes) => Object.fromEntries(Object.entries(routes).map(fitting)));

const protectedOver = (tls: boolean) => {
  const routes = optional(routesOf(tls));
  const site = fc
    .tuple(fc.record({ ...options, errors, routes }), delivery)
    .map(([props, to]) => given({ ...props, ...to }));
  const hosts = optional(fc.dictionary(fc.stringMatching(/^[a-z]{1,9}\.example$/), site, { minKeys: 1, maxKeys: 2 }));
  return fc
    .record({
      listen: listenPort,
      ...options,
      ...client,
      maxHeaderKiB,
      underscoresInHeaders: optional(fc.boolean()),
      errors,
      to: target,
      maintenance: fc.boolean(),
      routes,
      hosts,
    })
    .map((props) => {
      const all = given({ ...words(props), engine: 'nginx' });
      return tls ? Forward.https({ ...all, tls: Tls.selfSigned() } as never) : Forward.http(all as never);
    });
};

const [HTTP, HTTPS] = [protectedOver(false), protectedOver(true)];

/** HTTP and HTTPS forwards with everything that protects targets from clients. */
export const protectedHttp = fc.boolean().chain((tls) => (tls ? HTTPS : HTTP));

/** TCP and UDP forwards on nginx with the same options. */
export const protectedTransport = fc
  .record({
    kind: fc.constantFrom('tcp', 'udp'),
    listen: listenPort,
    to: target,
    ...client,
    sends: fc.boolean(),
    limits: optional(fc.record({ openConnections: upTo(65_535) })),
    idleTimeout: optional(upTo(86_400)),
    responses: optional(fc.nat(1000)),
  })
  .map(({ kind, sends, word, from, responses, ...props }) => {
    const proxyProtocol = {
      ...(word === 'protocol' ? { accept: { from } } : {}),
      ...(sends ? { send: true } : {}),
    };
    const own = kind === 'udp' ? { responses } : word === 'protocol' || sends ? { proxyProtocol } : {};
    return Forward[kind as 'tcp' | 'udp'](given({ ...props, ...own, engine: 'nginx' }) as never);
  });
