import * as fc from 'fast-check';
import { Forward } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { renderNginx } from '../../lib/nginx/render';
import { readDirectives } from './words';

/** Text that a user types or pastes, or is tricked into pasting. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          ';',
          '{',
          '}',
          '"',
          "'",
          '\\',
          '$',
          '${',
          '#',
          '\n',
          '\r\n',
          '\t',
          ' ',
          '\0',
          '\x7f',
          '\u00e9',
          '\u{1f600}',
        ],
        ...[
          '$host',
          `$\{uri}`,
          '; return 200 x;',
          '} location / {',
          '"; add_header X y; "',
          "'; x '",
          '\\"',
          '\\\\',
          '{{status}}',
        ],
        ...[
          'a',
          'B',
          '0',
          '.',
          '-',
          '_',
          '/',
          '*',
          '/a',
          '.example',
          '~',
          '^',
          '(',
          ')',
          ':',
          ',',
          '=',
          '@',
          '%',
          '+',
          '!',
          'https://',
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const tls = Tls.selfSigned();
const http = (props: object) => ({ forwards: { web: Forward.http({ listen: 80, ...props } as never) } });

/** A map's names are directives of their own; this is where they point. */
const BY_NAME = 'passed.internal:443';

interface Place {
  /** Examples that mistakes are put into: what is accepted must give the directives of one of them. */
  readonly harmless: readonly string[];
  /** Further ones whose directives are allowed. */
  readonly asHarmless?: readonly string[];
  make(t: string): ForwardSet;
}

/** Each place where user text gets into nginx.conf. */
const PLACES: Readonly<Record<string, Place>> = {
  'the name of a forward': {
    harmless: ['web'],
    make: (t) => ({
      forwards: { [t]: Forward.https({ listen: 443, to: 'app.internal:80', tls, allowFrom: ['10.0.0.0/8'] }) },
    }),
  },
  'a host': { harmless: ['a.example'], make: (t) => http({ hosts: { [t]: { to: 8080 } } }) },
  'a path': {
    // With the second, every path has a target.
    harmless: ['/a', '/*'],
    make: (t) =>
      http({
        routes: { [t]: { to: ['10.0.0.1:80', '10.0.0.2:80'], limits: { openConnections: 1 }, methods: ['GET'] } },
      }),
  },
  'a path that is stripped': {
    harmless: ['/a/*'],
    // The number of segments is in a pattern.
    asHarmless: Array.from({ length: 30 }, (_, n) => `${'/a'.repeat(n + 2)}/*`),
    make: (t) => http({ routes: { [t]: { to: 'app.internal:80', stripPrefix: true } } }),
  },
  'a path that redirects': {
    harmless: ['/a', '/*'],
    make: (t) => http({ routes: { [t]: { redirectTo: 'https://b.example', limits: { openConnections: 1 } } } }),
  },
  'a target': { harmless: ['app.internal:80'], make: (t) => http({ to: t }) },
  'a host of TLS': {
    harmless: ['a.example', '*.a.example', `${'x'.repeat(45)}.example`],
    make: (t) => ({ forwards: { pass: Forward.tls({ listen: 443, hosts: { [t]: { to: BY_NAME } } }) } }),
  },
  'a TCP target': {
    harmless: ['app.internal:80'],
    make: (t) => ({ forwards: { db: Forward.tcp({ listen: 80, to: t }) } }),
  },
  'a redirect': { harmless: ['https://b.example'], make: (t) => http({ redirectTo: t }) },
  'a header': { harmless: ['X-A'], make: (t) => http({ to: 8080, headers: { [t]: 'value' } }) },
  'the value of a header': { harmless: ['value'], make: (t) => http({ to: 8080, headers: { 'X-A': t } }) },
  'the value of a header on a path': {
    harmless: ['value'],
    make: (t) => http({ to: 8080, routes: { '/a': { to: 8081, headers: { 'X-A': t }, methods: ['GET'] } } }),
  },
  'a header to hide': { harmless: ['X-A'], make: (t) => http({ to: 8080, hideHeaders: [t] }) },
  'a header to pass': { harmless: ['X-Host'], make: (t) => http({ to: 8080, passHeaders: [t] }) },
  'a method': { harmless: ['PUT'], make: (t) => http({ to: 8080, methods: [t] }) },
  'the title of errors': { harmless: ['Sorry'], make: (t) => http({ to: 8080, errors: { title: t } }) },
  'the message of errors': { harmless: ['Sorry'], make: (t) => http({ to: 8080, errors: { message: t } }) },
  'the page of errors': { harmless: ['<p>Sorry'], make: (t) => http({ to: 8080, errors: { html: t } }) },
  'a source': { harmless: ['10.0.0.0/8'], make: (t) => http({ to: 8080, denyFrom: [t] }) },
  'a trusted proxy': {
    harmless: ['10.0.0.0/8'],
    make: (t) => http({ to: 8080, trustedProxies: [t] }),
  },
};

function render(set: ForwardSet): string {
  const conf = renderNginx(resolveForwardsOrThrow(set), OPERATING_SYSTEMS['debian-13'].nginx);
  if (conf === undefined) throw new Error('nothing for nginx');
  return conf;
}

/** A configuration without its texts: its directives, and the variables that they use. */
function shape(conf: string) {
  const directives = readDirectives(conf);
  return {
    // A location's path may be exact. A network in a list is a directive, and so is a name in a map.
    directives: directives.map(({ depth, words: [name = '', ...rest] }) => {
      if (name === 'location') return `${depth} location`;
      if (rest.join() === BY_NAME) return `${depth} name`;
      return `${depth} ${/^[0-9a-f.:]+\/\d+$/.test(name) ? 'network' : name} ${rest.length}`;
    }),
    variables: new Set(
      directives.flatMap(({ words }) => (words.join(' ').match(/\$\{?\w+/g) ?? []).map((v) => v.replace('{', ''))),
    ),
  };
}

/** Variables that a place for user text may add. */
const OURS = /^\$(portway_\w+|status|request_id)$/;

/** The harmless text, or the text with an insertion. */
function typed(harmless: readonly string[]): fc.Arbitrary<string> {
  const bent = fc
    .tuple(fc.constantFrom(...harmless), fc.nat(30), fc.nat(2), text)
    .map(([t, at, less, more]) => t.slice(0, at) + more + t.slice(at + less));
  return fc.oneof({ weight: 4, arbitrary: bent }, { weight: 1, arbitrary: text });
}

describe('user text can never add a directive or read a variable', () => {
  test.each(Object.entries(PLACES))('%s', (_, { harmless, asHarmless = [], make }) => {
    const usual = [...harmless, ...asHarmless].map((t) => shape(render(make(t))));
    const directives = usual.map((u) => u.directives.join('\n'));
    const variables = new Set(usual.flatMap((u) => [...u.variables]));
    let accepted = 0;
    fc.assert(
      fc.property(typed(harmless), (t) => {
        let conf: string;
        try {
          conf = render(make(t));
        } catch (error) {
          expect(error).toBeInstanceOf(PortwayError);
          return;
        }
        accepted++;
        const got = shape(conf);
        expect(directives).toContain(got.directives.join('\n'));
        for (const variable of got.variables) if (!variables.has(variable)) expect(variable).toMatch(OURS);
        // nginx.conf is in user-data, which must be ASCII.
        expect(conf).toMatch(/^[\n\x20-\x7e]*$/);
      }),
      { numRuns: 500 },
    );
    // Otherwise nothing would have been tested.
    expect(accepted).toBeGreaterThan(10);
  });
});

describe('the reader of configurations', () => {
  test('tokenizes like nginx', () => {
    const conf = `a b "c ; {" 'd"' e\\;f; # g {\nh $\{i} { j k; }`;
    expect(readDirectives(conf)).toEqual([
      { depth: 0, words: ['a', 'b', 'c ; {', 'd"', 'e\\;f'] },
      { depth: 0, words: ['h', `$\{i}`] },
      { depth: 1, words: ['j', 'k'] },
    ]);
  });

  test.each(['a {', 'a }', '}', 'a b', '"a', '"a"b;', ';'])('refuses %s', (conf) => {
    expect(() => readDirectives(conf)).toThrow();
  });
});
