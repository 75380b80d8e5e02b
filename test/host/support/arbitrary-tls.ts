import * as fc from 'fast-check';
import { Forward } from '../../../lib/forward/forward';
import type { ForwardSet } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { allowFrom, cidr, given, listenPort, target, targets } from './arbitrary-parts';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const upTo = (max: number) => fc.integer({ min: 1, max });

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
/** Few names below the stars, so that names collide; sometimes an invalid name, or one of nginx's keywords. */
const hostName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a.example', '*.example', 'b.a.example', '*.a.example', 'c.example') },
  { weight: 6, arbitrary: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')) },
  { weight: 2, arbitrary: label.map((l) => `*.${l}.example`) },
  { weight: 1, arbitrary: fc.constantFrom('default', 'hostnames', 'volatile', 'include', `${'x'.repeat(63)}.example`) },
  { weight: 1, arbitrary: fc.constantFrom('A.example', '10.0.0.1', 'a b', '*', '$host', 'a;b', '') },
);
const names = fc.dictionary(
  hostName,
  // With a single target it would be refused, and so would nearly every stack.
  fc
    .record({ to: targets, balance: optional(fc.constantFrom('source', 'least-connections')) })
    .map(({ to, balance }) => given(Array.isArray(to) && to.length > 1 ? { to, balance } : { to })),
  { minKeys: 1, maxKeys: 4 },
);

const tlsProps = fc
  .record({
    listen: listenPort,
    hosts: names,
    to: optional(target),
    allowFrom,
    denyFrom: optional(fc.array(cidr, { minLength: 1, maxLength: 4 })),
    limits: optional(fc.record({ openConnections: upTo(65_535) })),
    idleTimeout: optional(upTo(86_400)),
    sends: fc.boolean(),
  })
  .map(({ sends, ...props }) => given({ ...props, ...(sends ? { proxyProtocol: { send: true } } : {}) }));

/** TLS by host name. */
export const tlsByName = tlsProps.map((props) => Forward.tls({ ...props, engine: 'nginx' } as never));

const hsts = fc.oneof(
  fc.boolean(),
  fc.record({ maxAgeDays: upTo(3650), includeSubDomains: fc.boolean(), preload: fc.boolean() }, { requiredKeys: [] }),
);
const httpsProps = fc
  .record({
    listen: listenPort,
    to: optional(target),
    hosts: optional(fc.dictionary(hostName, fc.record({ to: target }), { minKeys: 1, maxKeys: 3 })),
    routes: optional(
      fc.constant({ '/a': { to: 8080, headers: { 'X-A': 'a' } }, '/b/*': { to: 8081, stripPrefix: true } }),
    ),
    hsts: optional(hsts),
    http3: optional(fc.boolean()),
    allowFrom,
  })
  .map((props) => given({ ...props, tls: Tls.selfSigned(), engine: 'nginx' }));

/** HTTPS with options for TLS and HTTP/3. */
export const https3 = httpsProps.map((props) => Forward.https(props as never));

/** Both on one port. They are drawn together, or it would hardly ever happen. */
export const sharedPort: fc.Arbitrary<ForwardSet['forwards']> = fc
  .record({ port: listenPort, tls: tlsProps, https: httpsProps, closed: fc.nat(9) })
  .map(({ port, tls: { to: _, ...tls }, https: { http3: __, ...https }, closed }) => ({
    ours: Forward.tls({ ...tls, listen: port, engine: 'nginx' } as never),
    theirs: Forward.https({ ...https, ...(closed === 0 ? {} : { to: 8080 }), listen: port } as never),
  }));
