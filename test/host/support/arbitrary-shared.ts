import * as fc from 'fast-check';
import { Forward } from '../../../lib/forward/forward';
import { listenPort, target, v4 } from './arbitrary-parts';

// Several targets on nginx, with options for sharing and failover.
const several = fc.uniqueArray(
  fc.tuple(v4, fc.integer({ min: 1, max: 65_535 })).map(([host, p]) => `${host}:${p}`),
  {
    minLength: 2,
    maxLength: 5,
  },
);
const weighted = several.chain((list) =>
  fc.tuple(
    ...list.map((to, i) =>
      fc.record({ to: fc.constant(to), weight: fc.integer({ min: 1, max: 1000 }), backup: fc.constant(i > 2) }),
    ),
  ),
);
const failover = fc.record(
  {
    maxFails: fc.integer({ min: 1, max: 100 }),
    failTimeout: fc.integer({ min: 1, max: 3600 }),
    tries: fc.integer({ min: 1, max: 10 }),
    timeout: fc.integer({ min: 1, max: 300 }),
    connectTimeout: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: [] },
);
const upTo = (max: number) => fc.integer({ min: 10, max });
const resend = fc.constantFrom('idempotent', 'safe');
const cache = fc.record(
  {
    // nginx reserves memory for a cache, a hundredth of its size, even if the configuration is only tested.
    sizeMb: fc.oneof({ weight: 20, arbitrary: upTo(2000) }, { weight: 1, arbitrary: upTo(1_000_000) }),
    validFor: fc.integer({ min: 1, max: 31_536_000 }),
    keepFor: fc.integer({ min: 60, max: 31_536_000 }),
    query: fc.uniqueArray(fc.stringMatching(/^[a-z_]\w{0,9}$/), { maxLength: 4, selector: (n) => n.toLowerCase() }),
    ignoreCookies: fc.boolean(),
    waitForFill: fc.integer({ min: 0, max: 60 }),
  },
  { requiredKeys: ['sizeMb'] },
);

/** Options of several HTTP targets. */
const sharing = {
  to: fc.oneof(several, weighted),
  balance: fc.constantFrom('round-robin', 'least-connections', 'source', 'cookie'),
  failover: fc.tuple(failover, resend).map(([f, r]) => ({ ...f, resend: r })),
};

/** Where requests lead: to one target or to several, with or without a cache. */
export const delivery = fc.oneof(
  { weight: 4, arbitrary: fc.record({ to: target }) },
  { weight: 1, arbitrary: fc.record(sharing) },
  { weight: 1, arbitrary: fc.record({ to: target, cache, targetKeepAlive: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ ...sharing, cache }) },
);

/** TCP and UDP forwards on nginx with several targets. */
export const sharedTransport = fc
  .record({
    kind: fc.constantFrom('tcp', 'udp'),
    listen: listenPort,
    to: fc.oneof(several, weighted),
    balance: fc.constantFrom('round-robin', 'least-connections', 'source'),
    failover,
  })
  .map(({ kind, ...p }) => {
    const owed = kind === 'udp' ? { responses: 1 } : {};
    return Forward[kind as 'tcp' | 'udp']({ ...p, ...owed, engine: 'nginx' } as never);
  });

/** HTTP forwards with several targets and caches. */
export const sharedHttp = fc
  .record({
    listen: listenPort,
    ...sharing,
    cache: fc.option(cache, { nil: false }),
    routes: fc.dictionary(
      fc.stringMatching(/^\/[a-z][\w.-]{0,8}(\/\*)?$/),
      fc.record({ to: target, cache: fc.option(cache, { nil: false }), targetKeepAlive: fc.boolean() }),
      { minKeys: 1, maxKeys: 3 },
    ),
    hosts: fc.dictionary(fc.stringMatching(/^(\*\.)?[a-z]{1,60}(\.[a-z]{1,60}){0,2}$/), fc.record({ to: target }), {
      minKeys: 1,
      maxKeys: 3,
    }),
  })
  .map((p) => Forward.http({ ...p, engine: 'nginx' } as never));
