import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost } from './support/host';
import { CURL_SECONDS, NginxHost, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const APP = `${ADDRESS.backend.v4}:8081`;
const PREFIX = '/files';

/** The place where a request is made. */
interface At {
  readonly scheme: 'http' | 'https';
  readonly port: number;
  /** The prefix that is stripped before the target; empty if there is none. */
  readonly prefix: string;
  /** curl's option for the HTTP version. */
  readonly version: string;
  /** The host as clients write it, with the port if it is not the scheme's default. */
  readonly host: string;
  /** The URL of the prefix, as the client sees it, without a trailing slash. */
  readonly url: string;
}

type Row = readonly [header: string, sent: (at: At) => string, arrives: (at: At) => string | undefined];

/**
 * What a client sends, and what the target gets. `http://${host}` is the URL under which a target that knows neither
 * TLS nor the prefix sees itself.
 */
const TO_TARGETS: readonly Row[] = [
  ['Host', ({ host }) => host, ({ host }) => host],
  ['Forwarded', () => 'for=6.6.6.6;host=evil;proto=gopher', (at) => forwarded(at)],
  ['X-Forwarded-For', () => '6.6.6.6', () => ADDRESS.client.v4],
  ['X-Forwarded-Proto', () => 'gopher', ({ scheme }) => scheme],
  ['X-Forwarded-Host', () => 'evil.example', ({ host }) => host],
  ['X-Forwarded-Port', () => '1', ({ port }) => `${port}`],
  ['X-Forwarded-Prefix', () => '/evil', ({ prefix }) => prefix || undefined],
  ['X-Real-IP', () => '6.6.6.6', () => ADDRESS.client.v4],
  ['X-Original-URL', () => '/evil', () => undefined],
  ['Origin', ({ url }) => url, ({ url }) => url],
  ['Referer', ({ url }) => `${url}/from`, ({ url }) => `${url}/from`],
  ['Destination', ({ url }) => `${url}/b`, ({ host }) => `http://${host}/b`],
  // Unchanged: servers only use its path, and WebDAV is not for stripped prefixes.
  ['If', ({ url }) => `<${url}/b> (<urn:uuid:1>)`, ({ url }) => `<${url}/b> (<urn:uuid:1>)`],
];

/** What a target sends, and what the client gets. */
const TO_CLIENTS: readonly Row[] = [
  ['Location', ({ host }) => `http://${host}/a?b#c`, ({ url }) => `${url}/a?b#c`],
  ['Location', () => '/a', ({ prefix }) => `${prefix}/a`],
  ['Location', () => 'a', () => 'a'],
  ['Location', ({ url }) => `${url}/a`, ({ url }) => `${url}/a`],
  ['Location', () => 'https://other.example/a', () => 'https://other.example/a'],
  ['Refresh', ({ host }) => `3; url=http://${host}/a`, ({ url }) => `3; url=${url}/a`],
  ['Refresh', () => '3; url=/a', ({ prefix }) => `3; url=${prefix}/a`],
  [
    'Content-Location',
    ({ host }) => `http://${host}/a`,
    ({ prefix, host, url }) => `${prefix ? url : `http://${host}`}/a`,
  ],
  ['Content-Location', () => '/a', ({ prefix }) => `${prefix}/a`],
  ['Content-Location', () => 'a', () => 'a'],
  ['Content-Location', ({ url }) => `${url}/a`, ({ url }) => `${url}/a`],
  ['Content-Location', ({ prefix }) => `${prefix}/a`, ({ prefix }) => `${prefix}/a`],
  ['Content-Location', () => '//other.example/a', () => '//other.example/a'],
  ['Content-Location', () => 'https://other.example/a', () => 'https://other.example/a'],
  ['Set-Cookie', () => 'a=1; Path=/', (at) => `a=1; Path=${at.prefix}/${secure(at)}`],
  ['Set-Cookie', () => 'a=1; Path=/x; HttpOnly', (at) => `a=1; Path=${at.prefix}/x; HttpOnly${secure(at)}`],
  ['Set-Cookie', () => 'a=1; Domain=www.example', (at) => `a=1; Domain=www.example${secure(at)}`],
  ['Set-Cookie', () => 'a=1; SameSite=None', (at) => `a=1; SameSite=None${secure(at)}`],
  // Unchanged: it may hold any number of URLs, and nginx can replace only one.
  ['Link', () => '</a>; rel="next", </b>; rel="last"', () => '</a>; rel="next", </b>; rel="last"'],
  ['Access-Control-Allow-Origin', ({ url }) => url, ({ url }) => url],
  ['Alt-Svc', () => 'h3=":8443"', (at) => (at.scheme === 'https' && HTTP3 ? `h3=":${at.port}"; ma=86400` : undefined)],
  ['Upgrade', () => 'h2c', () => undefined],
];

/** Subprotocols of WebSocket: STOMP, GraphQL and MQTT; and SockJS, which is recognized by its path. */
const WEBSOCKETS = [
  ['/stomp', 'v12.stomp, v11.stomp'],
  ['/graphql', 'graphql-transport-ws'],
  ['/mqtt', 'mqtt'],
  ['/sockjs/000/abcdefgh/websocket?t=1', ''],
] as const;

/** Debian 12's nginx has none. */
const HTTP3 = DEBIAN === 'debian-13';
const VERSIONS = {
  http: ['--http1.0', '--http1.1'],
  https: ['--http1.0', '--http1.1', '--http2', '--http3-only'],
} as const;
const LISTENERS = [
  ['http', 80],
  ['http', 81],
  ['https', 443],
  ['https', 8443],
] as const;

const PLACES: readonly At[] = LISTENERS.flatMap(([scheme, port]) =>
  ['', PREFIX].flatMap((prefix) =>
    VERSIONS[scheme]
      .filter((version) => HTTP3 || version !== '--http3-only')
      .map((version) => {
        const host = `www.example${port === 80 || port === 443 ? '' : `:${port}`}`;
        return { scheme, port, prefix, version, host, url: `${scheme}://${host}${prefix}` };
      }),
  ),
);

/** Opens WebSockets one after the other, and prints the answer to each. */
const OPEN_ALL = `import json, socket, ssl, sys
port, scheme, asked = json.loads(sys.argv[1])
def answer(text):
    with socket.create_connection(("${ADDRESS.gateway.v4}", port), 5) as s:
        s = ssl._create_unverified_context().wrap_socket(s) if scheme == "https" else s
        s.sendall(text.encode())
        got = b""
        while not got.endswith(b"a frame") and (part := s.recv(9999)):
            got += part
        return got.decode()
print(json.dumps([answer(text) for text in asked]))`;

function header(head: string | undefined, name: string): string | undefined {
  const line = head?.split('\r\n').find((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}: `));
  return line?.slice(name.length + 2);
}

function forwarded({ host, scheme }: At): string {
  return `for=${ADDRESS.client.v4};host="${host}";proto=${scheme}`;
}

function secure({ scheme }: At): string {
  return scheme === 'https' ? '; Secure' : '';
}

describeHost('every header that holds a URL or a part of one', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start({ rooted: ['gateway', 'client'] });
    await nginx.web(8081, 'app');
    const web = { to: APP, routes: { [`${PREFIX}/*`]: { to: APP, stripPrefix: true } } };
    const secure = { ...web, http3: HTTP3, tls: Tls.selfSigned() };
    await nginx.run({
      plain: Forward.http({ listen: 80, ...web }),
      plainHigh: Forward.http({ listen: 81, ...web }),
      secure: Forward.https({ listen: 443, ...secure }),
      secureHigh: Forward.https({ listen: 8443, ...secure }),
    });
  });
  afterAll(() => nginx?.stop());

  const reach = ({ port, version }: At) => [version, '--resolve', `www.example:${port}:${ADDRESS.gateway.v4}`];

  describe.each(PLACES)('$version $url', (at) => {
    test('reaches targets in the right form', async () => {
      const sent = TO_TARGETS.flatMap(([name, value]) => ['-H', `${name}: ${value(at)}`]);
      const { path, headers } = await nginx.request(`${at.url}/a%2Fb?c=/d`, ...reach(at), ...sent);
      expect(path).toBe('/a%2Fb?c=/d');
      const got = Object.fromEntries(headers);
      expect(TO_TARGETS.map(([name]) => [name, got[name.toLowerCase()]])).toEqual(
        TO_TARGETS.map(([name, , arrives]) => [name, arrives(at)]),
      );
    });

    test('reaches clients in the right form', async () => {
      // A single curl, so that the connection stays open.
      const words = TO_CLIENTS.flatMap(([name, sent]) => [
        ...[
          '--next',
          '-sk',
          '--fail-early',
          '--max-time',
          `${CURL_SECONDS}`,
          '-D',
          '-',
          '-o',
          '/dev/null',
          ...reach(at),
        ],
        ...['-H', `X-Test-Header: ${name}: ${sent(at)}`, `${at.url}/`],
      ]);
      const heads = (await nginx.curl('client', ...words.slice(1))).stdout.split('\r\n\r\n').slice(0, -1);
      const got = TO_CLIENTS.map(([name], i) => [name, header(heads[i], name)]);
      expect(got).toEqual(TO_CLIENTS.map(([name, , arrives]) => [name, arrives(at)]));
    });
  });

  test.each(PLACES.filter(({ version }) => version === '--http1.1'))('a WebSocket opens at $url', async (at) => {
    const handshakes = WEBSOCKETS.map(([path, protocol]) => [
      `GET ${at.prefix}${path} HTTP/1.1`,
      ...[`Host: ${at.host}`, `Origin: ${at.url}`, 'Connection: Upgrade', 'Upgrade: websocket'],
      ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
      ...(protocol === '' ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
      ...['', 'a frame'],
    ]);
    const asked = handshakes.map((lines) => lines.join('\r\n'));
    const { stdout, stderr } = await nginx.host.run('client', [
      'python3',
      '-c',
      OPEN_ALL,
      JSON.stringify([at.port, at.scheme, asked]),
    ]);
    const answers: readonly string[] = JSON.parse(stdout || JSON.stringify([stderr]));
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual(
      WEBSOCKETS.map(() => 'HTTP/1.1 101 Switching Protocols'),
    );
    const got = answers.map((answer) => {
      const { path, headers } = JSON.parse(header(answer, 'X-Test-Handshake') ?? '') as WebRequest;
      const told = Object.fromEntries(headers);
      return [
        path,
        told['sec-websocket-protocol'] ?? '',
        told.host,
        told.origin,
        told.forwarded,
        answer.split('\r\n\r\n')[1],
      ];
    });
    expect(got).toEqual(
      WEBSOCKETS.map(([path, protocol]) => [path, protocol, at.host, at.url, forwarded(at), 'a frame']),
    );
  });
});
