import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isWebForward } from '../../lib/forward/resolved';

/** The sites of an HTTP forward to 8080 with these props. */
function sitesOf(props: Partial<HttpForwardProps>) {
  const web = Forward.http({ listen: 80, to: 8080, ...props } as HttpForwardProps);
  const [forward] = resolveForwardsOrThrow({ forwards: { web } });
  if (forward === undefined || !isWebForward(forward)) throw new Error('no forward');
  return forward.sites;
}

function problemsOf(props: Record<string, unknown>): readonly string[] {
  try {
    sitesOf(props as Partial<HttpForwardProps>);
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

const optionsOf = (props: Partial<HttpForwardProps>) => sitesOf(props)[0]?.routes[0]?.options;

describe('what is accepted', () => {
  test.each<[string, Partial<HttpForwardProps>, object]>([
    ['a rate', { limits: { requestsPerSecond: 2 } }, { limits: { id: 'web', rate: { perSecond: 2, burst: 20 } } }],
    [
      'a high rate',
      { limits: { requestsPerSecond: 100 } },
      { limits: { id: 'web', rate: { perSecond: 100, burst: 500 } } },
    ],
    [
      'the highest rate',
      { limits: { requestsPerSecond: 10_000 } },
      { limits: { id: 'web', rate: { perSecond: 10_000, burst: 10_000 } } },
    ],
    [
      'a rate with a burst',
      { limits: { requestsPerSecond: 5, burst: 1 } },
      { limits: { id: 'web', rate: { perSecond: 5, burst: 1 } } },
    ],
    ['open connections', { limits: { openConnections: 3 } }, { limits: { id: 'web', openConnections: 3 } }],
    ['a size', { maxBodyMiB: 10_240 }, { maxBodyMiB: 10_240 }],
    ['times', { timeouts: { body: 5, response: 300 } }, { timeouts: { body: 5, response: 300 } }],
    ['methods, HEAD with GET', { methods: ['POST', 'GET'] }, { methods: ['POST', 'GET', 'HEAD'] }],
    ['a method twice', { methods: ['GET', 'HEAD', 'M-SEARCH'] }, { methods: ['GET', 'HEAD', 'M-SEARCH'] }],
    ['headers', { headers: { 'X-A': 'a; "b" \\ {}' } }, { headers: [['X-A', 'a; "b" \\ {}']] }],
    ['hidden headers', { hideHeaders: ['X-Version'] }, { hideHeaders: ['X-Version'] }],
    ['headers to pass', { passHeaders: ['true-client-ip'] }, { passHeaders: ['True-Client-IP'] }],
    ['logs', { logs: { level: 'errors' } }, { logs: { level: 'errors', redact: false } }],
    ['redacted logs', { logs: { redact: true } }, { logs: { level: 'all', redact: true } }],
  ])('%s', (_, props, expected) => {
    expect(optionsOf(props)).toEqual(expected);
  });
});

test('lets the inner place decide on a header that one place adds and another hides', () => {
  const [site] = sitesOf({
    to: 8080,
    headers: { 'X-A': '1', 'X-B': '1' },
    hideHeaders: ['X-C', 'X-D'],
    routes: {
      '/a': { to: 8081, hideHeaders: ['x-b'] },
      '/b': { to: 8082, headers: { 'x-c': '2' } },
      '/c': { to: 8083 },
    },
  });
  const byPath = (path: string) => site?.routes.find((r) => r.path.text === path)?.options;
  expect(byPath('/a')).toEqual({ headers: [['X-A', '1']], hideHeaders: ['x-b'] });
  expect(byPath('/b')).toEqual({
    headers: [
      ['X-A', '1'],
      ['X-B', '1'],
      ['x-c', '2'],
    ],
    hideHeaders: ['X-D'],
  });
  expect(byPath('/c')?.headers).toEqual(site?.options.headers);
  expect(byPath('/c')?.hideHeaders).toEqual(site?.options.hideHeaders);
});

test('inherits options from forward to hosts and paths until overridden', () => {
  const [named, others] = sitesOf({
    limits: { requestsPerSecond: 5 },
    maxBodyMiB: 1,
    headers: { 'X-A': '1', 'X-B': '1' },
    hosts: {
      'a.example': {
        to: 8081,
        maxBodyMiB: 2,
        headers: { 'x-b': '2' },
        routes: { '/x/*': { to: 8082, limits: { openConnections: 1 } }, '/y/*': { to: 8083 } },
      },
    },
  });
  const inherited = { id: 'web', rate: { perSecond: 5, burst: 25 } };
  expect(others?.options).toEqual({
    limits: inherited,
    maxBodyMiB: 1,
    headers: [
      ['X-A', '1'],
      ['X-B', '1'],
    ],
  });
  const headers = [
    ['X-A', '1'],
    ['x-b', '2'],
  ];
  expect(named?.options).toEqual({ limits: inherited, maxBodyMiB: 2, headers });
  expect(named?.routes.map((r) => r.options)).toEqual([
    { limits: inherited, maxBodyMiB: 2, headers },
    { limits: { id: 'web.a.example_x__', openConnections: 1 }, maxBodyMiB: 2, headers },
    { limits: inherited, maxBodyMiB: 2, headers },
  ]);
  // One count for all that take theirs from the same place.
  expect(named?.routes[2]?.options.limits?.id).toBe(others?.options.limits?.id);
  // nginx hands down the rest.
  expect(named?.routes.map((r) => Object.keys(r.overrides))).toEqual([[], ['limits'], []]);
});

describe('each broken rule has its own message, with its place', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no limit', { limits: {} }, /^forwards\.web\.limits must say requestsPerSecond or openConnections/],
    [
      'limits that are not an object',
      { limits: 5 },
      /^forwards\.web\.limits must be an object such as { requestsPerSecond: 20 }, got: 5$/,
    ],
    [
      'a rate of zero',
      { limits: { requestsPerSecond: 0 } },
      /^forwards\.web\.limits\.requestsPerSecond must be a whole number of 1-10000, got: 0$/,
    ],
    ['a rate below zero', { limits: { requestsPerSecond: -1 } }, /got: -1$/],
    ['half a request', { limits: { requestsPerSecond: 0.5 } }, /got: 0\.5$/],
    [
      'a burst of zero',
      { limits: { requestsPerSecond: 1, burst: 0 } },
      /^forwards\.web\.limits\.burst must be a whole number/,
    ],
    [
      'a burst alone',
      { limits: { openConnections: 1, burst: 5 } },
      /^forwards\.web\.limits\.burst must go with requestsPerSecond/,
    ],
    [
      'no connection',
      { limits: { openConnections: 0 } },
      /^forwards\.web\.limits\.openConnections must be a whole number of 1-65535/,
    ],
    [
      'limits of connections',
      { limits: { requestsPerSecond: 1, newConnectionsPerSecond: 1 } },
      /^forwards\.web\.limits\.newConnectionsPerSecond must be one of requestsPerSecond, burst, openConnections, perFleet \(it is for limits of Forward\.tcp and Forward\.udp and protect\)$/,
    ],
    ['a body of zero', { maxBodyMiB: 0 }, /^forwards\.web\.maxBodyMiB must be a whole number of 1-10240, got: 0$/],
    ['a body that is too large', { maxBodyMiB: 10_241 }, /^forwards\.web\.maxBodyMiB/],
    ['a timeout of zero', { timeouts: { body: 0 } }, /^forwards\.web\.timeouts\.body must be a whole number of 1-600/],
    [
      'a timeout that is too long',
      { timeouts: { response: 86_401 } },
      /^forwards\.web\.timeouts\.response must be a whole number of 1-86400/,
    ],
    [
      'a header line that is too short',
      { maxHeaderKiB: 7 },
      /^forwards\.web\.maxHeaderKiB must be a whole number of 8-64, got: 7$/,
    ],
    ['a word for a flag', { underscoresInHeaders: 'on' }, /^forwards\.web\.underscoresInHeaders must be true or false/],
    ['a header line that is too long', { maxHeaderKiB: 65 }, /^forwards\.web\.maxHeaderKiB/],
    ['an unknown time', { timeouts: { header: 1 } }, /^forwards\.web\.timeouts\.header must be one of body, response$/],
    ['no method', { methods: [] }, /^forwards\.web\.methods must hold at least one method/],
    ['one method alone', { methods: 'GET' }, /^forwards\.web\.methods must hold at least one method/],
    [
      'a method in lower case',
      { methods: ['get'] },
      /^forwards\.web\.methods\[0\] must be a method in upper case .*got: get$/,
    ],
    [
      'a method for another kind of proxy',
      { methods: ['GET', 'CONNECT'] },
      /^forwards\.web\.methods\[1\] must be a method/,
    ],
    ['a method that is a regex', { methods: ['.*'] }, /^forwards\.web\.methods\[0\]/],
    ['no header', { headers: {} }, /^forwards\.web\.headers must hold at least one header/],
    [
      'a name with a blank',
      { headers: { 'X A': '1' } },
      /^forwards\.web\.headers\["X A"\] must be the name of a header/,
    ],
    [
      'a value with a dollar',
      { headers: { 'X-A': '$host' } },
      /^forwards\.web\.headers\["X-A"\] must be 1-1024 printable ASCII characters other than \$.*got: \$host$/,
    ],
    [
      'a value with a line break',
      { headers: { 'X-A': 'a\r\nX-B: b' } },
      /^forwards\.web\.headers\["X-A"\] must be 1-1024 printable/,
    ],
    [
      'a value that is not a string',
      { headers: { 'X-A': 1 } },
      /^forwards\.web\.headers\["X-A"\] must be 1-1024 printable/,
    ],
    ['an empty value', { headers: { 'X-A': '' } }, /^forwards\.web\.headers\["X-A"\] must be 1-1024 printable/],
    [
      'a header that belongs to a single answer',
      { headers: { 'content-length': '0' } },
      /^forwards\.web\.headers\["content-length"\] must be left out: it belongs to the single answer/,
    ],
    [
      'the request id',
      { headers: { 'X-Request-Id': '1' } },
      /^forwards\.web\.headers\["X-Request-Id"\] must be left out: the gateway sets it/,
    ],
    [
      'a header twice',
      { headers: { 'X-A': '1', 'x-a': '2' } },
      /^forwards\.web\.headers\["x-a"\] must not be listed twice$/,
    ],
    [
      'a header that is both added and hidden',
      { headers: { 'X-A': '1' }, hideHeaders: ['X-B', 'x-a'] },
      /^forwards\.web\.hideHeaders\[1\] must not be in headers too.*got: x-a$/,
    ],
    ['nothing to hide', { hideHeaders: [] }, /^forwards\.web\.hideHeaders must hold at least one name/],
    ['nothing to pass', { passHeaders: 'X-Host' }, /^forwards\.web\.passHeaders must hold at least one name/],
    [
      'a passed header that always passes',
      { passHeaders: ['X-A'] },
      /^forwards\.web\.passHeaders\[0\] must be a header that is otherwise taken out: X-Forwarded-Ssl, .*, got: X-A$/,
    ],
    [
      'a passed header that is not a name',
      { passHeaders: [null] },
      /^forwards\.web\.passHeaders\[0\] must be a header/,
    ],
    [
      'a hidden header that is not a name',
      { hideHeaders: ['a;b'] },
      /^forwards\.web\.hideHeaders\[0\] must be the name of a header/,
    ],
    [
      'an unknown level',
      { logs: { level: 'debug' } },
      /^forwards\.web\.logs\.level must be all, errors or none, got: debug$/,
    ],
    [
      'a string for redact',
      { logs: { redact: 'yes' } },
      /^forwards\.web\.logs\.redact must be true or false, got: yes$/,
    ],
    ['logs that are a bare level', { logs: 'none' }, /^forwards\.web\.logs must be an object such as/],
    [
      'on a host',
      { hosts: { 'a.example': { to: 1, maxBodyMiB: 0 } } },
      /^forwards\.web\.hosts\["a\.example"\]\.maxBodyMiB/,
    ],
    ['on a path', { routes: { '/a/*': { to: 1, methods: [] } } }, /^forwards\.web\.routes\["\/a\/\*"\]\.methods/],
    [
      'is reported once, however many places inherit it',
      { maxBodyMiB: 0, routes: { '/a/*': { to: 1 }, '/b': { to: 2 } } },
      /^forwards\.web\.maxBodyMiB/,
    ],
  ])('%s', (_, props, message) => {
    const found = problemsOf(props);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  test('are reported all at once', () => {
    const wrong = {
      limits: { burst: 0 },
      maxBodyMiB: 0,
      methods: ['x'],
      headers: { a: '$', 'b c': '' },
      logs: {},
      timeouts: 1,
    };
    expect(problemsOf(wrong).length).toBeGreaterThanOrEqual(7);
  });
});
