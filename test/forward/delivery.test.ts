import * as fc from 'fast-check';
import { FAILOVER } from '../../lib/forward/failover';
import { Forward, type HttpForwardProps, type TransportForwardProps } from '../../lib/forward/forward';
import type { HttpRoute } from '../../lib/forward/http-route';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { cachesOf, checkCaches } from '../../lib/forward/read-cache';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isPortForward } from '../../lib/forward/resolved';
import { Tls } from '../../lib/forward/tls';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { renderNginx } from '../../lib/nginx/render';

const TWO = ['10.0.1.1:80', '10.0.1.2:80'];
const secure = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });

function http(props: object) {
  return Forward.http({ listen: 80, ...props } as HttpForwardProps);
}

function tcp(props: object) {
  return Forward.tcp({ listen: 80, engine: 'nginx', ...props } as TransportForwardProps);
}

function routes(props: object): readonly HttpRoute[] {
  const [web] = resolveForwardsOrThrow({ forwards: { web: http(props) } });
  if (web === undefined || !isPortForward(web)) throw new Error('no forward of ports');
  return web.sites.flatMap((site) => site.routes);
}

function problems(...forwards: readonly Forward[]): readonly string[] {
  try {
    resolveForwardsOrThrow({ forwards: Object.fromEntries(forwards.map((f, i) => [i === 0 ? 'web' : `web${i}`, f])) });
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

describe('what is accepted', () => {
  test('several targets fail over by themselves, one has nothing to go on to, a name may have', () => {
    expect(routes({ to: TWO })[0]).toMatchObject({ balance: 'round-robin', failover: FAILOVER });
    expect(routes({ to: 8080 })[0]).not.toHaveProperty('failover');
    expect(routes({ to: 'app.internal:80', failover: { tries: 2 } })[0]).toMatchObject({ failover: { tries: 2 } });
  });

  test('what is said of a failover stands, the rest is as usual', () => {
    const failover = { maxFails: 1, failTimeout: 30, tries: 2, timeout: 5, connectTimeout: 1, resend: 'safe' };
    expect(routes({ to: TWO, failover })[0]?.failover).toEqual(failover);
    expect(routes({ to: TWO, failover: { tries: 2 } })[0]?.failover).toEqual({ ...FAILOVER, tries: 2 });
  });

  test('a path takes from its host, and a host from its forward, what it does not say itself', () => {
    const all = routes({
      balance: 'source',
      cache: { sizeMb: 100 },
      hosts: {
        a: {
          to: TWO,
          routes: { '/x': { to: TWO, balance: 'cookie', cache: false }, '/y': { to: 1, streaming: true } },
        },
        b: { to: TWO, cache: { sizeMb: 50, validFor: 5 }, routes: { '/z': { to: 2 } } },
      },
    });
    expect(all.map((r) => [r.id, r.balance, r.cache?.id])).toEqual([
      ['web.a', 'source', 'web'],
      ['web.a_x', 'cookie', undefined],
      ['web.a_y', 'source', undefined],
      ['web.b', 'source', 'web.b'],
      ['web.b_z', 'source', 'web.b'],
    ]);
    expect(all.at(-1)?.cache).toEqual({
      id: 'web.b',
      sizeMb: 50,
      validFor: 5,
      keepFor: 86_400,
      ignoreCookies: false,
      waitForFill: 1,
    });
  });

  test('caches of places whose names look alike to nginx stay apart', () => {
    const cache = (sizeMb: number) => ({ to: 1, cache: { sizeMb } });
    const all = routes({ routes: { '/a-b': cache(10), '/a_b': cache(20), '/A-B': cache(30), '/c': cache(40) } });
    expect(all.map((r) => r.cache?.id)).toEqual(['web_a-b', 'web_a_b.2', 'web_A-B.3', 'web_c']);
  });

  test('a backup stands by', () => {
    const to = ['10.0.1.1:80', { to: '10.0.1.2:80', backup: true }];
    for (const balance of ['round-robin', 'least-connections'])
      expect(routes({ to, balance })[0]?.targets.map((t) => t.backup)).toEqual([undefined, true]);
    expect(problems(tcp({ to }))).toEqual([]);
  });

  test.each(['round-robin', 'least-connections', 'source'])('TCP and UDP on nginx share by %s', (balance) => {
    const [web] = resolveForwardsOrThrow({ forwards: { web: tcp({ to: TWO, balance, failover: { maxFails: 9 } }) } });
    expect(web).toMatchObject({ balance, failover: { ...FAILOVER, maxFails: 9 } });
  });
});

describe('each broken rule has its own message', () => {
  const cache = (props: object) => http({ to: 1, cache: { sizeMb: 100, ...props } });
  const failover = (props: unknown) => http({ to: TWO, failover: props });
  test.each<[string, Forward, RegExp]>([
    [
      'an unknown balance',
      http({ to: TWO, balance: 'best' }),
      /^forwards\.web\.balance must be round-robin, least-connections, source or cookie for HTTP, got: best$/,
    ],
    ["the kernel's balance", http({ to: TWO, balance: 'random' }), /must be .* for HTTP, got: random$/],
    [
      'a balance of HTTP for TCP',
      tcp({ to: TWO, balance: 'cookie' }),
      /^forwards\.web\.balance must be round-robin, least-connections or source on nginx, got: cookie$/,
    ],
    [
      "nginx's balance on iptables",
      tcp({ to: TWO, balance: 'least-connections', engine: 'iptables' }),
      /must be random or source on iptables, got: least-connections$/,
    ],
    [
      'nothing to share',
      http({ to: 1, balance: 'source' }),
      /^forwards\.web\.balance must be left out where there is one target/,
    ],
    [
      'nothing to share, TCP',
      tcp({ to: 1, balance: 'source' }),
      /^forwards\.web\.balance must be left out where there is one target/,
    ],
    [
      'nothing to share on a path',
      http({ to: 1, routes: { '/a': { to: 2, balance: 'source' } } }),
      /^forwards\.web\.routes\["\/a"\]\.balance must be left out/,
    ],
    [
      'nothing to go on to',
      http({ to: 1, failover: {} }),
      /^forwards\.web\.failover must be left out where there is one target$/,
    ],
    [
      'nothing to go on to, IPv6',
      http({ to: '[2001:db8::1]:80', failover: {} }),
      /^forwards\.web\.failover must be left out/,
    ],
    ['nothing to go on to, TCP', tcp({ to: 1, failover: {} }), /^forwards\.web\.failover must be left out/],
    ['a failover that is none', failover(3), /^forwards\.web\.failover must be an object such as/],
    [
      'no failures',
      failover({ maxFails: 0 }),
      /^forwards\.web\.failover\.maxFails must be a whole number of 1-100, got: 0$/,
    ],
    ['an endless failTimeout', failover({ failTimeout: 3601 }), /\.failTimeout must be a whole number of 1-3600/],
    ['no tries', failover({ tries: 0 }), /\.tries must be a whole number of 1-10/],
    ['no time', failover({ timeout: 0 }), /\.timeout must be a whole number of 1-300/],
    ['a text for a number', failover({ connectTimeout: '2; }' }), /\.connectTimeout must be a whole number of 1-60/],
    [
      'an unknown resend',
      failover({ resend: 'always' }),
      /^forwards\.web\.failover\.resend must be idempotent or safe/,
    ],
    ['an unknown part', failover({ fails: 1 }), /^forwards\.web\.failover\.fails must be one of maxFails, /],
    [
      'resend without requests',
      tcp({ to: TWO, failover: { resend: 'safe' } }),
      /^forwards\.web\.failover\.resend must be one of/,
    ],
    [
      'failover by iptables',
      tcp({ to: TWO, engine: 'iptables', failover: {} }),
      /^forwards\.web\.failover must be left out on iptables, .* healthCheck/,
    ],
    [
      'a backup that is no boolean',
      http({ to: ['10.0.1.1:80', { to: 1, backup: 'yes' }] }),
      /^forwards\.web\.to\[1\]\.backup must be true or false/,
    ],
    [
      'nothing but backups',
      http({
        to: [
          { to: 1, backup: true },
          { to: 2, backup: true },
        ],
      }),
      /^forwards\.web\.to must hold a target that is no backup/,
    ],
    [
      'a single backup',
      http({ to: { to: 1, backup: true } }),
      /^forwards\.web\.to must hold a target that is no backup/,
    ],
    [
      'a backup for a client of its own',
      http({ to: [1, { to: 2, backup: true }], balance: 'source' }),
      /^forwards\.web\.to must have no backup where balance is 'source'/,
    ],
    [
      'a backup by iptables',
      tcp({ to: [1, { to: 2, backup: true }], engine: 'iptables' }),
      /^forwards\.web\.to must have no backup on iptables/,
    ],
    [
      'failover of datagrams that need no answer',
      Forward.udp({ listen: 53, to: TWO, engine: 'nginx', failover: {} }),
      /^forwards\.web\.failover must go with responses, such as 1/,
    ],
    [
      'a backup for datagrams that need no answer',
      Forward.udp({ listen: 53, to: [1, { to: 2, backup: true }], engine: 'nginx', responses: 0 }),
      /^forwards\.web\.to must go with responses, .* would never ask a backup/,
    ],
    [
      'a cache that is none',
      http({ to: 1, cache: true }),
      /^forwards\.web\.cache must be an object such as \{ sizeMb: 500 \}/,
    ],
    [
      'a cache without a size',
      http({ to: 1, cache: {} }),
      /^forwards\.web\.cache\.sizeMb must be a whole number of 10-1000000/,
    ],
    ['a small cache', cache({ sizeMb: 9 }), /\.sizeMb must be/],
    ['a text for a size', cache({ sizeMb: '10m inactive=1' }), /\.sizeMb must be/],
    ['nothing to be valid for', cache({ validFor: 0 }), /\.validFor must be a whole number of 1-/],
    ['nothing to be kept for', cache({ keepFor: 1 }), /\.keepFor must be a whole number of 60-/],
    ['a long wait', cache({ waitForFill: 61 }), /\.waitForFill must be a whole number of 0-60/],
    ['cookies that are no boolean', cache({ ignoreCookies: 1 }), /\.ignoreCookies must be true or false/],
    ['a parameter that is a text', cache({ query: 'page' }), /\.query must be a list of at most 20 names/],
    ['a parameter with a hyphen', cache({ query: ['a-b'] }), /\.query must be a list/],
    ['a parameter with a directive', cache({ query: ['a; }'] }), /\.query must be a list/],
    ['parameters alike', cache({ query: ['page', 'Page'] }), /which differ in more than upper and lower case/],
    ['an unknown part of a cache', cache({ size: 1 }), /^forwards\.web\.cache\.size must be one of sizeMb, /],
    [
      'a cache of a redirect',
      http({ redirectTo: 'https://a.example', cache: { sizeMb: 10 } }),
      /^forwards\.web\.cache must be left out beside redirectTo/,
    ],
    [
      'a cache of a stream',
      http({ to: 1, streaming: true, cache: { sizeMb: 10 } }),
      /^forwards\.web\.cache must be left out beside streaming/,
    ],
  ])('%s', (_what, forward, message) => {
    const found = problems(forward);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  test('once, where it was said, however many paths it is for', () => {
    const found = problems(
      http({ to: TWO, balance: 'x', cache: { sizeMb: 1 }, routes: { '/a': { to: 1 }, '/b': { to: 2 } } }),
    );
    expect(found.map((p) => p.split(' ')[0])).toEqual(['forwards.web.balance', 'forwards.web.cache.sizeMb']);
  });
});

describe('caches and the disk', () => {
  const found = (diskGiB: number, ...sizes: number[]) => {
    const hosts = Object.fromEntries(
      sizes.map((sizeMb, i) => [`h${i}`, { to: 1, cache: { sizeMb }, routes: { '/a': { to: 2 } } }]),
    );
    const collected = new Problems();
    checkCaches(resolveForwardsOrThrow({ forwards: { web: http({ hosts }) } }), diskGiB, collected);
    try {
      collected.throwIfAny();
    } catch (error) {
      return (error as PortwayError).problems;
    }
    return [];
  };

  test('4 GiB are for others', () => {
    expect(found(8, 4096)).toEqual([]);
    expect(found(8, 4000, 97)).toEqual([
      "diskGiB must leave 4 GiB beside the caches, which take 4097 MB of its 8192 MB: make it 9, or a cache's sizeMb smaller, got: 8",
    ]);
    expect(found(9, 4000, 97)).toEqual([]);
  });

  test('a cache counts once, however many paths share it', () => {
    const forwards = resolveForwardsOrThrow({
      forwards: { web: http({ to: 1, cache: { sizeMb: 10 }, routes: { '/a': { to: 2 }, '/b': { to: 3 } } }), secure },
    });
    expect(cachesOf(forwards).map((c) => c.sizeMb)).toEqual([10]);
  });
});

test('whatever is written, it is refused or harmless: never another directive', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('$host', 'a; }', '{', '"', "'", 'a\nb', '\\', '#', '10m inactive=1', 'a b'),
  );
  const or = (...good: readonly unknown[]) =>
    fc.option(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: nasty }), {
      nil: undefined,
    });
  const props = fc.record({
    balance: or('round-robin', 'least-connections', 'source', 'cookie'),
    failover: fc.record({ resend: or('idempotent', 'safe'), tries: or(1, 2, 10), connectTimeout: or(1, 60) }),
    cache: fc.record({
      sizeMb: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 10, max: 5000 }) }, { weight: 1, arbitrary: nasty }),
      query: fc.option(
        fc.array(fc.oneof({ weight: 5, arbitrary: fc.stringMatching(/^\w{1,9}$/) }, { weight: 1, arbitrary: nasty }), {
          maxLength: 3,
        }),
        { nil: undefined },
      ),
      validFor: or(1, 31_536_000),
      ignoreCookies: or(true, false),
    }),
  });
  const directives = (text: string) =>
    text.split('\n').map((line) => line.trim().split(/\s/)[0]?.replaceAll(/\d+/g, '0'));
  const usual = new Set(
    [
      { balance: 'source', cache: { sizeMb: 10, validFor: 1, query: ['page'], ignoreCookies: true } },
      { balance: 'cookie', failover: { tries: 1, resend: 'safe' }, cache: { sizeMb: 10, waitForFill: 0 } },
      { balance: 'least-connections' },
    ].flatMap((known) => directives(render({ to: TWO, ...known }))),
  );
  let accepted = 0;
  fc.assert(
    fc.property(props, (given) => {
      const text = renderOrRefuse({ to: TWO, ...given });
      if (text === undefined) return;
      accepted++;
      for (const directive of directives(text)) expect(usual).toContain(directive);
    }),
    { numRuns: 200 },
  );
  expect(accepted).toBeGreaterThan(20);
});

function renderOrRefuse(props: object): string | undefined {
  try {
    return render(props);
  } catch (error) {
    expect(error).toBeInstanceOf(PortwayError);
    return undefined;
  }
}

function render(props: object): string {
  const forwards = resolveForwardsOrThrow({ forwards: { web: http(props) } });
  return renderNginx(forwards, OPERATING_SYSTEMS['debian-13'].nginx)?.text ?? '';
}
