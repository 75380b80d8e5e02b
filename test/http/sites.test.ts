import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isWebForward } from '../../lib/forward/resolved';
import { Tls } from '../../lib/forward/tls';
import type { HttpRoute } from '../../lib/http/route';

const secure = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });

function routesOf(props: Partial<HttpForwardProps>): readonly (HttpRoute & { readonly host: string | undefined })[] {
  const [web] = resolveForwardsOrThrow({ forwards: { web: Forward.http({ listen: 80, ...props }), secure } });
  if (web === undefined || !isWebForward(web)) throw new Error('no forward of ports');
  return web.sites.flatMap((site) => site.routes.map((route) => ({ ...route, host: site.host })));
}

function problems(props: object): readonly string[] {
  try {
    resolveForwardsOrThrow({ forwards: { web: Forward.http({ listen: 80, ...props } as never) } });
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

test('resolves a forward without hosts and routes to one site with one route', () => {
  expect(routesOf({ to: 8080 })).toEqual([
    {
      host: undefined,
      path: { kind: 'prefix', text: '/' },
      id: 'web',
      targets: [{ kind: 'local', ports: { from: 8080, to: 8080 }, weight: 1 }],
      protocol: 'http',
      streaming: false,
      stripPrefix: false,
      options: {},
      overrides: {},
      balance: 'round-robin',
    },
  ]);
});

test('gives hosts and routes readable ids', () => {
  const routes = routesOf({
    to: 8080,
    hosts: {
      '*.example.com': {
        to: 1,
        routes: { '/api/*': { to: 2 }, '/api': { to: 3 }, '/a/b': { to: 4 }, '/a_b': { to: 5 } },
      },
      'www.example.com': { redirectTo: 'https' },
    },
  });
  expect(routes.map((r) => [r.host, r.path.kind, r.path.text, r.id])).toEqual([
    ['*.example.com', 'prefix', '/', 'web._.example.com'],
    ['*.example.com', 'prefix', '/api/', 'web._.example.com_api__'],
    ['*.example.com', 'exact', '/api', 'web._.example.com_api'],
    ['*.example.com', 'exact', '/a/b', 'web._.example.com_a_b'],
    ['*.example.com', 'exact', '/a_b', 'web._.example.com_a_b.2'],
    ['www.example.com', 'prefix', '/', 'web.www.example.com'],
    [undefined, 'prefix', '/', 'web'],
  ]);
  expect(routes[5]).toMatchObject({ redirect: 443, targets: [] });
});

test('closes other names if there are hosts, unless the forward has a default', () => {
  expect(routesOf({ hosts: { 'a.example': { to: 1 } } }).map((r) => r.host)).toEqual(['a.example']);
});

test('inherits unset options from forward to host to path', () => {
  const routes = routesOf({
    streaming: true,
    hosts: { a: { to: 1, routes: { '/x': { to: 2, streaming: 'requests' } } }, b: { to: 3, streaming: false } },
  });
  expect(routes.map((r) => [r.id, r.streaming])).toEqual([
    ['web.a', true],
    ['web.a_x', 'requests'],
    ['web.b', false],
  ]);
});

test("lists the targets of all routes as the forward's", () => {
  const [web] = resolveForwardsOrThrow({
    forwards: { web: Forward.http({ listen: 80, to: 1, routes: { '/a': { to: '10.0.0.1:2' } } }) },
  });
  expect(web).toMatchObject({ targets: [{ ports: { from: 1 } }, { host: '10.0.0.1', ports: { from: 2 } }] });
});

describe('each broken rule has its own message', () => {
  test.each<[string, object, RegExp]>([
    ['no hosts', { hosts: {} }, /^forwards\.web\.hosts must hold at least one host/],
    [
      'a host with a port',
      { hosts: { 'a.example:80': { to: 1 } } },
      /^forwards\.web\.hosts\["a\.example:80"\] must be a host name/,
    ],
    ['a host in upper case', { hosts: { 'A.example': { to: 1 } } }, /must be a host name in lower case/],
    ['a host with a directive', { hosts: { 'a;b': { to: 1 } } }, /must be a host name/],
    ['a host with a variable', { hosts: { $host: { to: 1 } } }, /must be a host name/],
    ['a regex for a host', { hosts: { '~^a': { to: 1 } } }, /must be a host name/],
    ['a star in the middle', { hosts: { 'a.*.example': { to: 1 } } }, /must be a host name/],
    [
      'a host that says nothing',
      { hosts: { a: {} } },
      /^forwards\.web\.hosts\["a"\] must have either to .* or redirectTo/,
    ],
    ['no routes', { to: 1, routes: {} }, /^forwards\.web\.routes must hold at least one path/],
    ['a path without a slash', { to: 1, routes: { api: { to: 2 } } }, /^forwards\.web\.routes\["api"\] must be a path/],
    ['a path with a space', { to: 1, routes: { '/a b': { to: 2 } } }, /must be a path/],
    ['a path with a variable', { to: 1, routes: { '/$a': { to: 2 } } }, /must be a path/],
    ['a path with a block', { to: 1, routes: { '/{': { to: 2 } } }, /must be a path/],
    ['a path with a line break', { to: 1, routes: { '/a\n': { to: 2 } } }, /must be a path/],
    ['a path that nginx would shorten', { to: 1, routes: { '/a//b': { to: 2 } } }, /must be a path/],
    ['a path with dots', { to: 1, routes: { '/a/../b': { to: 2 } } }, /must be a path/],
    ['a star in the middle of a path', { to: 1, routes: { '/a*b': { to: 2 } } }, /must be a path/],
    ['a prefix without a slash before the star', { to: 1, routes: { '/a*': { to: 2 } } }, /must be a path/],
    [
      'all paths twice',
      { to: 1, routes: { '/*': { to: 2 } } },
      /^forwards\.web\.routes\["\/\*"\] must not stand beside to/,
    ],
    ['a route to nowhere', { to: 1, routes: { '/a': {} } }, /^forwards\.web\.routes\["\/a"\] must have either to/],
    [
      'a wrong target of a route',
      { to: 1, routes: { '/a': { to: 'x y' } } },
      /^forwards\.web\.routes\["\/a"\]\.to must be a port/,
    ],
    [
      'a stripped exact path',
      { to: 1, routes: { '/a': { to: 2, stripPrefix: true } } },
      /\.stripPrefix must stand on a path such as/,
    ],
    [
      'gRPC in plain text',
      { to: 1, protocol: 'grpc' },
      /^forwards\.web\.protocol must be http here: gRPC needs HTTP\/2/,
    ],
    ['an unknown protocol', { to: 1, protocol: 'spdy' }, /^forwards\.web\.protocol must be http or grpc/],
    [
      'streaming that is no boolean',
      { to: 1, streaming: 'yes' },
      /^forwards\.web\.streaming must be true or false, or 'answers' or 'requests' for one of both, got: yes$/,
    ],
    [
      'a prefix that is no boolean',
      { routes: { '/a/*': { to: 1, stripPrefix: 'yes' } } },
      /\.stripPrefix must be true or false, got: yes$/,
    ],
    [
      'a redirect with a path',
      { redirectTo: 'https://a.example/x' },
      /^forwards\.web\.redirectTo must be 'https' or the address of a site/,
    ],
    ['a redirect with a variable', { redirectTo: 'https://$host' }, /^forwards\.web\.redirectTo must be/],
    ['a redirect with a directive', { redirectTo: 'https://a;b' }, /^forwards\.web\.redirectTo must be/],
  ])('%s', (_what, props, message) => {
    const found = problems(props);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });
});
