import { Forward } from '../../lib/forward/forward';
import { FORWARD } from '../../lib/forward/known-props';
import { Tls } from '../../lib/forward/tls';
import { didYouMean } from '../../lib/forward/unknown-prop';
import { http, problems, TWO, tcp } from './support';

const https = (props: object) => Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned(), ...props } as never);
const byName = (props: object) =>
  Forward.tls({ listen: 443, hosts: { 'a.example': { to: '10.0.1.1:443' } }, ...props } as never);
const kernel = (props: object) => Forward.tcp({ listen: 80, to: TWO, engine: 'iptables', ...props } as never);
const protocol = (props: object) => Forward.protocol({ protocol: 'esp', to: '10.0.1.1', ...props } as never);

describe('refuses a misspelt prop, and suggests the right name', () => {
  test.each([
    [
      'sources of TCP',
      kernel({ allowfrom: ['10.0.0.0/8'] }),
      'forwards.web.allowfrom is unknown: did you mean allowFrom?',
    ],
    [
      'sources of UDP',
      Forward.udp({ listen: 1, to: 2, allowFron: [] } as never),
      'web.allowFron is unknown: did you mean all',
    ],
    ['sources of TLS', byName({ allow_from: ['10.0.0.0/8'] }), 'web.allow_from is unknown: did you mean allowFrom?'],
    ['sources of HTTP', http({ to: 1, denyfrom: ['10.0.0.0/8'] }), 'web.denyfrom is unknown: did you mean denyFrom?'],
    ['sources of HTTPS', https({ denyForm: ['10.0.0.0/8'] }), 'web.denyForm is unknown: did you mean denyFrom?'],
    [
      'sources of a protocol',
      protocol({ AllowFrom: ['10.0.0.0/8'] }),
      'web.AllowFrom is unknown: did you mean allowFrom?',
    ],
    ['limits', http({ to: 1, limit: { openConnections: 1 } }), 'web.limit is unknown: did you mean limits?'],
    ['a unit', http({ to: 1, maxBodyMib: 1 }), 'web.maxBodyMib is unknown: did you mean maxBodyMiB?'],
    [
      'of a host',
      http({ hosts: { 'a.example': { to: 1, limit: {} } } }),
      'hosts["a.example"].limit is unknown: did you',
    ],
    [
      'of a path',
      http({ routes: { '/a': { to: 1, method: ['GET'] } } }),
      '.routes["/a"].method is unknown: did you mean meth',
    ],
    [
      'of a path of a host',
      http({ hosts: { a: { routes: { '/': { tos: 1 } } } } }),
      '.hosts["a"].routes["/"].tos is unknown: known are to, redirectTo',
    ],
    [
      'of a TLS host',
      byName({ hosts: { 'a.example': { to: 1, balanc: 'source' } } }),
      '.balanc must be one of to, balance (did',
    ],
    [
      'of a target',
      kernel({ to: [{ to: 1, wieght: 2 }, 2] }),
      'web.to[0].wieght must be one of to, weight, backup (did you mean',
    ],
    [
      'of a limit in the kernel',
      kernel({ limits: { openConnection: 1 } }),
      'web.limits.openConnection must be one of new',
    ],
    ['of a limit of requests', http({ to: 1, limits: { requestPerSecond: 1 } }), 'did you mean requestsPerSecond?'],
    [
      'of a health check',
      kernel({ healthCheck: { intervall: 9 } }),
      'web.healthCheck.intervall must be one of by, port,',
    ],
    ['of a failover', tcp({ to: TWO, failover: { maxfails: 1 } }), '(did you mean maxFails?)'],
    ['of a cache', http({ to: 1, cache: { sizeMb: 10, ignoreCookie: true } }), '(did you mean ignoreCookies?)'],
    ['of a page', http({ to: 1, errors: { titel: 'x' } }), '(did you mean title?)'],
    ['of a log', http({ to: 1, logs: { redacted: true } }), '(did you mean redact?)'],
    ['of HSTS', https({ hsts: { maxageDays: 1 } }), '(did you mean maxAgeDays?)'],
    ['of the PROXY protocol', tcp({ to: 1, proxyProtocol: { sends: true } }), '(did you mean send?)'],
    [
      'of its sources',
      tcp({ to: 1, proxyProtocol: { accept: { form: [] } } }),
      'web.proxyProtocol.accept.form must be one of from',
    ],
    [
      'of a certificate',
      https({ tls: Tls.letsEncrypt({ emial: 'a@b.example', domains: ['b.example'] } as never) }),
      'tls.emial',
    ],
    [
      "of a certificate's records",
      https({ tls: Tls.letsEncrypt({ email: 'a@b.example', domains: ['b.example'], dns: { zones: 'Z1' } } as never) }),
      'tls.dns.zones must be one of zone (did you mean zone?)',
    ],
  ])('%s', (_, forward, problem) => {
    expect(problems(forward).join('\n')).toContain(problem);
  });

  test('refuses non-enumerable, spread and symbol props too', () => {
    const hidden = Object.defineProperty({ listen: 80, to: 1 }, 'allowfrom', { value: ['10.0.0.0/8'] });
    expect(problems(Forward.tcp(hidden as never))).toEqual([
      'forwards.web.allowfrom is unknown: did you mean allowFrom?, got: ["10.0.0.0/8"]',
    ]);
    expect(problems(tcp({ to: 1, ...JSON.parse('{"__proto__": {"allowFrom": []}}') })).join()).toContain(
      'web.__proto__ is unknown',
    );
    expect(problems(tcp({ to: 1, [Symbol('allowFrom')]: [] })).join()).toContain(
      'forwards.web[Symbol(allowFrom)] is unknown',
    );
  });
});

describe('refuses a prop in the wrong place, and names the right one', () => {
  test.each([
    [
      'sources on a path',
      http({ routes: { '/a': { to: 1, allowFrom: ['10.0.0.0/8'] } } }),
      '/a"].allowFrom must be left out: it is for the forward itself',
    ],
    [
      'sources on a host',
      http({ hosts: { 'a.example': { to: 1, denyFrom: ['10.0.0.0/8'] } } }),
      'denyFrom must be left out: it is for the forward itself',
    ],
    ['sources in limits', kernel({ limits: { openConnections: 1, allowFrom: [] } }), '(it is for the forward itself)'],
    [
      'misspelt sources on a path',
      http({ routes: { '/a': { to: 1, allowfrom: [] } } }),
      'did you mean allowFrom, which is for the forward itself?',
    ],
    [
      'a certificate of HTTP',
      http({ to: 1, tls: Tls.selfSigned() }),
      'web.tls must be left out: it is for Forward.https',
    ],
    ['HSTS of TCP', kernel({ hsts: true }), 'web.hsts must be left out: it is for Forward.https'],
    ['paths of TCP', kernel({ routes: {} }), 'web.routes must be left out: it is for Forward.http and Forward.https'],
    [
      'a limit on the forward',
      kernel({ openConnections: 5 }),
      'web.openConnections must be left out: it is for limits of Forward.tcp and',
    ],
    [
      'an interface of HTTP',
      http({ to: 1, interface: 'wg0' }),
      'web.interface must be left out: it is for Forward.tcp, Forward.udp',
    ],
    ['a weight on the forward', kernel({ weight: 5 }), 'web.weight must be left out: it is for a target such as'],
    [
      'a port of a protocol',
      protocol({ listen: 5 }),
      'web.listen must be left out: it is for Forward.tcp, Forward.udp, Forward.tls, Fo',
    ],
    ['a size of a cache', http({ to: 1, sizeMb: 5 }), 'web.sizeMb must be left out: it is for cache'],
    [
      'stripPrefix on a host',
      http({ hosts: { a: { to: 1, stripPrefix: true } } }),
      'must be left out: it is for a path of an HTTP forward',
    ],
  ])('%s', (_, forward, problem) => {
    expect(problems(forward).join('\n')).toContain(problem);
  });

  test('lists all known names if none is similar', () => {
    const known = Object.keys(FORWARD.protocol);
    expect(known).toEqual(expect.arrayContaining(['protocol', 'to', 'allowFrom', 'engine', 'interface']));
    expect(problems(protocol({ wibble: 1 }))).toEqual([
      `forwards.web.wibble is unknown: known are ${known.join(', ')}, got: 1`,
    ]);
  });
});

describe('names the prop of a value of the wrong type', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const secret = {
    grantRead: () => undefined,
    get secretArn() {
      throw new TypeError('no');
    },
  };
  const throwing = Object.defineProperty({ to: 1 }, 'allowFrom', {
    enumerable: true,
    get() {
      throw new TypeError('no');
    },
  });
  test.each([
    [
      'an argument of a certificate',
      https({ tls: Tls.selfSigned(...([{ days: 1 }] as never[])) }),
      'web.tls must be Tls.selfSigned() without arguments',
    ],
    [
      'a secret that is none',
      https({ tls: Tls.secret(Symbol('arn') as never) }),
      'web.tls.secret must be a secret, such as',
    ],
    ['a secret that throws', https({ tls: Tls.secret(secret as never) }), 'web.tls.secret must be a secret, such as'],
    ['no props', Forward.tcp(undefined as never), 'forwards.web must be an object such as { listen: 80, to: 8080 }'],
    [
      'no props of HTTP',
      Forward.http(null as never),
      'forwards.web must be an object such as { listen: 80, to: 8080 }, got: null',
    ],
    ['a list of props', Forward.http([] as never), 'forwards.web must be an object such as'],
    [
      'a date for props',
      Forward.http(new Date(0) as never),
      'write a plain object, since props of a class or a prototype get lost',
    ],
    ['props of a prototype', Forward.tcp(Object.create({ listen: 80, to: 1 })), 'write a plain object'],
    [
      'a host that is null',
      http({ hosts: { x: null } }),
      'forwards.web.hosts["x"] must be an object such as { to: 8080 }, got: null',
    ],
    ['a list of hosts', http({ hosts: [{ to: 1 }] }), 'web.hosts must hold at least one host'],
    ['a path that is nothing', http({ routes: { '/a': undefined } }), 'web.routes["/a"] must be an object such as'],
    [
      'a path that is a port',
      http({ routes: { '/a': 8080 } }),
      'web.routes["/a"] must be an object such as { to: 8080 }, got: 8080',
    ],
    [
      'a symbol',
      kernel({ listen: Symbol('x') }),
      "web.listen must be 1-65535 or a range such as '6000-6100', got: Symbol(x)",
    ],
    ['a bigint', kernel({ listen: 80n }), 'got: 80n'],
    ['a text with a number in it', kernel({ listen: { toString: () => '80' } }), 'web.listen must be 1-65535'],
    [
      'a function for sources',
      kernel({ allowFrom: () => [] }),
      'web.allowFrom must hold at least one CIDR block, or be left out, got: [Function',
    ],
    [
      'a hole for a source',
      kernel({ allowFrom: new Array(1) }),
      'web.allowFrom must hold at least one CIDR block, or be left out, got: a list with',
    ],
    ['a symbol for a source', kernel({ allowFrom: [Symbol('a')] }), 'web.allowFrom[0] must be a CIDR block'],
    [
      'sources that throw',
      tcp({ ...{}, ...Object.defineProperties({}, {}), to: 1, allowFrom: new Proxy([], {}) }),
      'got: a proxy',
    ],
    [
      'a getter that throws',
      Forward.tcp(
        Object.defineProperty(
          { listen: 1 },
          'allowFrom',
          Object.getOwnPropertyDescriptor(throwing, 'allowFrom') ?? {},
        ) as never,
      ),
      'web.allowFrom must hold at least one CIDR block, or be left out, got: a getter that throws',
    ],
    ['a circle', kernel({ limits: circular }), 'web.limits.self must be one of'],
    ['a circle for a target', kernel({ to: circular }), 'web.to.to must be a port'],
    ['a list for a health check', kernel({ healthCheck: [] }), 'web.healthCheck must be an object such as'],
    [
      'a map of headers',
      http({ to: 1, headers: new Map([['X-A', 'a']]) }),
      'web.headers must hold at least one header',
    ],
    [
      'a header of every object',
      http({ to: 1, headers: { constructor: 1 } }),
      'web.headers["constructor"] must be 1-1024 printable',
    ],
    ['a protocol of every object', protocol({ protocol: 'constructor' }), 'web.protocol must be ipip, gre,'],
    [
      'a date for a number',
      http({ to: 1, maxBodyMiB: new Date(0) }),
      'web.maxBodyMiB must be a whole number of 1-10240, got: 1970',
    ],
  ])('%s', (_, forward, problem) => {
    expect(problems(forward).join('\n')).toContain(problem);
  });
});

test.each([
  ['allowfrom', 'allowFrom'],
  ['instance-type', 'instanceType'],
  ['OS', 'os'],
  ['oss', undefined],
  ['stage', undefined],
  ['', undefined],
])('%s: %s', (name, near) => {
  expect(didYouMean(name, ['allowFrom', 'instanceType', 'os', 'ping'])).toBe(near);
});
