import { FAILOVER } from '../../lib/forward/failover';
import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { http, problems, routes, TWO, tcp } from './support';

describe('what is accepted', () => {
  test('enables failover by default for several targets, and on request for a name', () => {
    expect(routes({ to: TWO })[0]).toMatchObject({ balance: 'round-robin', failover: FAILOVER });
    expect(routes({ to: 8080 })[0]).not.toHaveProperty('failover');
    expect(routes({ to: 'app.internal:80', failover: { tries: 2 } })[0]).toMatchObject({ failover: { tries: 2 } });
  });

  test('keeps given failover options, and defaults the rest', () => {
    const failover = { maxFails: 1, failTimeout: 30, tries: 2, timeout: 5, connectTimeout: 1, resend: 'safe' };
    expect(routes({ to: TWO, failover })[0]?.failover).toEqual(failover);
    expect(routes({ to: TWO, failover: { tries: 2 } })[0]?.failover).toEqual({ ...FAILOVER, tries: 2 });
  });

  test('inherits unset options from forward to host to path', () => {
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

  test('separates caches whose names are alike to nginx', () => {
    const cache = (sizeMb: number) => ({ to: 1, cache: { sizeMb } });
    const all = routes({ routes: { '/a-b': cache(10), '/a_b': cache(20), '/A-B': cache(30), '/c': cache(40) } });
    expect(all.map((r) => r.cache?.id)).toEqual(['web_a-b', 'web_a_b.2', 'web_A-B.3', 'web_c']);
  });

  test('shares connections to targets by default', () => {
    const all = routes({
      hosts: {
        a: { to: 1, targetKeepAlive: false, routes: { '/x': { to: 2, targetKeepAlive: true }, '/y': { to: 3 } } },
        b: { to: 4 },
      },
    });
    expect(all.map((r) => [r.id, r.targetKeepAlive])).toEqual([
      ['web.a', false],
      ['web.a_x', undefined],
      ['web.a_y', false],
      ['web.b', undefined],
    ]);
  });

  test('accepts a backup', () => {
    const to = ['10.0.1.1:80', { to: '10.0.1.2:80', backup: true }];
    for (const balance of ['round-robin', 'least-connections'])
      expect(routes({ to, balance })[0]?.targets.map((t) => t.backup)).toEqual([undefined, true]);
    expect(problems(tcp({ to }))).toEqual([]);
  });

  test.each(['round-robin', 'least-connections', 'source'])(
    'accepts balance %s for TCP and UDP on nginx',
    (balance) => {
      const [web] = resolveForwardsOrThrow({ forwards: { web: tcp({ to: TWO, balance, failover: { maxFails: 9 } }) } });
      expect(web).toMatchObject({ balance, failover: { ...FAILOVER, maxFails: 9 } });
    },
  );
});

describe('each broken rule has its own message', () => {
  const failover = (props: unknown) => http({ to: TWO, failover: props });
  test.each<[string, Forward, RegExp]>([
    [
      'a string for targetKeepAlive',
      http({ to: 1, targetKeepAlive: 'no' }),
      /^forwards\.web\.targetKeepAlive must be true or false, got: no$/,
    ],
    [
      'connections to nobody',
      http({ redirectTo: 'https://b.example', targetKeepAlive: false }),
      /^forwards\.web\.targetKeepAlive must be left out beside redirectTo: there is no target, got: false$/,
    ],
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
      'balance with one target on a path',
      http({ to: 1, routes: { '/a': { to: 2, balance: 'source' } } }),
      /^forwards\.web\.routes\["\/a"\]\.balance must be left out/,
    ],
    [
      'failover with one target',
      http({ to: 1, failover: {} }),
      /^forwards\.web\.failover must be left out where there is one target$/,
    ],
    [
      'failover with one IPv6 target',
      http({ to: '[2001:db8::1]:80', failover: {} }),
      /^forwards\.web\.failover must be left out/,
    ],
    ['failover with one TCP target', tcp({ to: 1, failover: {} }), /^forwards\.web\.failover must be left out/],
    ['a failover that is not an object', failover(3), /^forwards\.web\.failover must be an object such as/],
    [
      'no failures',
      failover({ maxFails: 0 }),
      /^forwards\.web\.failover\.maxFails must be a whole number of 1-100, got: 0$/,
    ],
    ['an endless failTimeout', failover({ failTimeout: 3601 }), /\.failTimeout must be a whole number of 1-3600/],
    ['no tries', failover({ tries: 0 }), /\.tries must be a whole number of 1-10/],
    ['no time', failover({ timeout: 0 }), /\.timeout must be a whole number of 1-300/],
    ['a string for a number', failover({ connectTimeout: '2; }' }), /\.connectTimeout must be a whole number of 1-60/],
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
      'a backup that is not a boolean',
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
      'a backup with balance by client',
      http({ to: [1, { to: 2, backup: true }], balance: 'source' }),
      /^forwards\.web\.to must have no backup where balance is 'source'/,
    ],
    [
      'a backup by iptables',
      tcp({ to: [1, { to: 2, backup: true }], engine: 'iptables' }),
      /^forwards\.web\.to must have no backup on iptables/,
    ],
    [
      'failover without expected UDP responses',
      Forward.udp({ listen: 53, to: TWO, engine: 'nginx', failover: {} }),
      /^forwards\.web\.failover must go with responses, such as 1/,
    ],
    [
      'a backup without expected UDP responses',
      Forward.udp({ listen: 53, to: [1, { to: 2, backup: true }], engine: 'nginx', responses: 0 }),
      /^forwards\.web\.to must go with responses, .* would never ask a backup/,
    ],
  ])('%s', (_what, forward, message) => {
    const found = problems(forward);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  test('is reported once, at its own place, however many paths inherit it', () => {
    const found = problems(
      http({ to: TWO, balance: 'x', cache: { sizeMb: 1 }, routes: { '/a': { to: 1 }, '/b': { to: 2 } } }),
    );
    expect(found.map((p) => p.split(' ')[0])).toEqual(['forwards.web.balance', 'forwards.web.cache.sizeMb']);
  });
});
