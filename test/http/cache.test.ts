import * as fc from 'fast-check';
import type { Forward } from '../../lib/forward/forward';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { cachesOf } from '../../lib/http/cache';
import { checkCaches } from '../../lib/http/disk';
import { renderNginx } from '../../lib/nginx/render';
import { http, problems, TWO, tcp } from '../forward/support';

describe('each broken rule has its own message', () => {
  const cache = (props: object) => http({ to: 1, cache: { sizeMb: 100, ...props } });
  test.each<[string, Forward, RegExp]>([
    [
      'a cache that is not an object',
      http({ to: 1, cache: true }),
      /^forwards\.web\.cache must be an object such as \{ sizeMb: 500 \}/,
    ],
    [
      'a cache without a size',
      http({ to: 1, cache: {} }),
      /^forwards\.web\.cache\.sizeMb must be a whole number of 10-1000000/,
    ],
    ['a small cache', cache({ sizeMb: 9 }), /\.sizeMb must be/],
    ['a string as size', cache({ sizeMb: '10m inactive=1' }), /\.sizeMb must be/],
    ['a validFor of 0', cache({ validFor: 0 }), /\.validFor must be a whole number of 1-/],
    ['a keepFor that is too short', cache({ keepFor: 1 }), /\.keepFor must be a whole number of 60-/],
    ['a long wait', cache({ waitForFill: 61 }), /\.waitForFill must be a whole number of 0-60/],
    ['a number for ignoreCookies', cache({ ignoreCookies: 1 }), /\.ignoreCookies must be true or false/],
    ['a string for query', cache({ query: 'page' }), /\.query must be a list of at most 20 names/],
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
      'passed headers that are not in the key',
      http({ to: 1, passHeaders: ['X-Host'], routes: { '/a': { to: 2, cache: { sizeMb: 10 } } } }),
      /^forwards\.web\.routes\["\/a"\]\.passHeaders must be left out where there is a cache, .*: write cache: false there, got: /,
    ],
    [
      'a cache of a stream',
      http({ to: 1, streaming: true, cache: { sizeMb: 10 } }),
      /^forwards\.web\.cache must be left out beside streaming/,
    ],
    [
      'a cache of streamed answers',
      http({ to: 1, streaming: 'answers', cache: { sizeMb: 10 } }),
      /^forwards\.web\.cache must be left out beside streaming/,
    ],
    [
      'underscoresInHeaders on a TCP forward',
      tcp({ to: 1, underscoresInHeaders: true }),
      /^forwards\.web\.underscoresInHeaders must be left out: it is for Forward\.http and Forward\.https, got: true$/,
    ],
    [
      'maxHeaderKiB on a TCP forward',
      tcp({ to: 1, maxHeaderKiB: 16 }),
      /^forwards\.web\.maxHeaderKiB must be left out: it is for Forward\.http and Forward\.https, got: 16$/,
    ],
  ])('%s', (_what, forward, message) => {
    const found = problems(forward);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
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

  test('leaves 4 GiB for the system', () => {
    expect(found(8, 4096)).toEqual([]);
    expect(found(8, 4000, 97)).toEqual([
      "diskGiB must leave 4 GiB beside the caches, which take 4097 MB of its 8192 MB: make it 9, or a cache's sizeMb smaller, got: 8",
    ]);
    expect(found(9, 4000, 97)).toEqual([]);
  });

  test('counts a cache once, however many paths share it', () => {
    const forwards = resolveForwardsOrThrow({
      forwards: { web: http({ to: 1, cache: { sizeMb: 10 }, routes: { '/a': { to: 2 }, '/b': { to: 3 } } }) },
    });
    expect(cachesOf(forwards).map((c) => c.sizeMb)).toEqual([10]);
  });
});

test('refuses any string, or renders it harmlessly: never as another directive', () => {
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
  return renderNginx(forwards, OPERATING_SYSTEMS['debian-13'].nginx) ?? '';
}
