import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost } from './support/host';
import { NginxHost, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const APP = `${ADDRESS.backend.v4}:8081`;
/** Debian 12's nginx has none. */
const HTTP3 = DEBIAN === 'debian-13';
const OTHER = `${ADDRESS.backend.v4}:8082`;

describeHost('URLs in headers of requests and answers', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start({ rooted: ['gateway', 'client'] });
    await nginx.web(8081, 'app');
    await nginx.web(8082, 'other');
    const dav = { to: APP, routes: { '/files/*': { to: APP, stripPrefix: true } } };
    await nginx.run({
      sites: Forward.http({
        listen: 80,
        hosts: { 'a.example': { to: APP }, 'b.example': { to: OTHER, methods: ['GET'] } },
      }),
      any: Forward.http({ listen: 81, ...dav }),
      limited: Forward.http({ listen: 82, to: APP, limits: { requestsPerSecond: 100, burst: 100 } }),
      moved: Forward.http({ listen: 83, redirectTo: 'https' }),
      proxied: Forward.http({ listen: 84, to: APP, trustedProxies: [`${ADDRESS.client.v4}/32`] }),
      secure: Forward.https({ listen: 443, ...dav, tls: Tls.selfSigned() }),
      high: Forward.https({ listen: 8443, ...dav, tls: Tls.selfSigned() }),
      loose: Forward.http({
        listen: 85,
        underscoresInHeaders: true,
        hosts: { 'a.example': { to: APP, passHeaders: ['X-Host'] } },
        to: APP,
      }),
      looseTls: Forward.https({
        listen: 8445,
        to: APP,
        hosts: { 'a.example': { to: APP } },
        underscoresInHeaders: true,
        http3: HTTP3,
        tls: Tls.selfSigned(),
      }),
      grpc: Forward.https({ listen: 8444, to: APP, protocol: 'grpc', tls: Tls.selfSigned() }),
    });
  });
  afterAll(() => nginx?.stop());

  const told = ({ headers }: WebRequest, name: string) => headers.find(([own]) => own === name)?.[1];
  /** Sends a request head unchanged. */
  const send = (port: number, ...lines: string[]) =>
    nginx.raw(port, `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);

  describe('the host', () => {
    test.each([
      ['the request line and Host name different sites', ['GET http://a.example/x HTTP/1.1', 'Host: b.example']],
      ['the request line names a host, and Host is empty', ['GET http://a.example/x HTTP/1.1', 'Host:']],
      ['the ports alone are right', ['GET http://a.example:80/x HTTP/1.1', 'Host: b.example:80']],
      ['the scheme of the request line is another', ['GET https://a.example/x HTTP/1.1', 'Host: b.example']],
      ['Host holds a user', ['GET /x HTTP/1.1', 'Host: a.example:80@b.example']],
      ['Host holds a quote', ['GET /x HTTP/1.1', 'Host: a.example";proto=https;x="']],
      ['Host stands there twice', ['GET /x HTTP/1.1', 'Host: a.example', 'Host: b.example']],
    ])('is refused where %s', async (_what, lines) => {
      for (const port of [80, 81, 82]) {
        const answer = await send(port, ...lines);
        // Names that no site has are closed without an answer.
        expect(answer === '' || answer.startsWith('HTTP/1.1 400 ')).toBe(true);
      }
      expect(await send(82, ...lines)).toMatch(/^HTTP\/1\.1 400 /);
    });

    test.each([
      ['as it is', 'GET /x HTTP/1.1', 'a.example', 'a.example'],
      ['with a port', 'GET /x HTTP/1.1', 'a.example:8080', 'a.example:8080'],
      ['in upper case', 'GET /x HTTP/1.1', 'A.Example', 'A.Example'],
      ['with a dot at its end', 'GET /x HTTP/1.1', 'a.example.', 'a.example.'],
      ['in the request line too', 'GET http://a.example/x HTTP/1.1', 'a.example', 'a.example'],
      ['in the request line, with a port in Host', 'GET http://A.example/x HTTP/1.1', 'a.example:80', 'a.example:80'],
    ])('is told to the target %s', async (_what, line, host, expected) => {
      const answer = await send(80, line, `Host: ${host}`);
      const request = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as WebRequest;
      expect(request).toMatchObject({ name: 'app', path: '/x' });
      for (const name of ['host', 'x-forwarded-host']) expect(told(request, name)).toBe(expected);
      expect(told(request, 'forwarded')).toContain(`;host="${expected}";`);
    });

    test.each(['my_service', 'xn--bcher-kva.example', '198.51.100.7:81', '[2001:db8::1]:81'])(
      'may be %s',
      async (host) => {
        const request = await nginx.request(`http://${GATEWAY}:81/`, '-H', `Host: ${host}`);
        expect(told(request, 'host')).toBe(host);
      },
    );

    test('of HTTP/1.0 may be missing', async () => {
      const request = JSON.parse((await nginx.raw(81, 'GET /x HTTP/1.0\r\n\r\n')).split('\r\n\r\n')[1] ?? '');
      expect(told(request, 'host')).toBe('portway:81');
    });

    test("does not apply one site's methods to another site's requests", async () => {
      const lines = ['POST http://a.example/x HTTP/1.1', 'Host: b.example', 'Content-Length: 0'];
      expect(await send(80, ...lines)).toMatch(/^HTTP\/1\.1 400 /);
    });

    test.each(['--http1.1', '--http2'])(
      'is that of TLS clients, with the port that they asked (%s)',
      async (version) => {
        const request = await nginx.request(`https://${GATEWAY}:8443/`, version);
        expect(told(request, 'forwarded')).toBe(`for=${ADDRESS.client.v4};host="${GATEWAY}:8443";proto=https`);
        expect(told(request, 'x-forwarded-port')).toBe('8443');
      },
    );
  });

  describe('over HTTP/2, whose requests may have an authority and a Host', () => {
    const ask = async (port: number, ...fields: string[]) => {
      const words = [GATEWAY, `${port}`, 'x.example', ':scheme=https', ':path=/x', ...fields];
      return (await nginx.host.run('client', ['python3', nginx.host.support('client', 'h2_ask.py'), ...words])).stdout;
    };

    test.each([
      [':authority=a.example', 'a.example'],
      ['host=a.example', 'a.example'],
      [':authority=A.EXAMPLE.:8445', 'A.EXAMPLE.:8445'],
    ])('%s is told to the target', async (field, host) => {
      expect(told(JSON.parse(await ask(8445, ':method=GET', field)), 'host')).toBe(host);
    });

    test.each([
      [':method=GET', ':authority=a.example', 'host=b.example'],
      [':method=GET', ':authority=a.example', 'host=a.example'],
      [':method=GET', 'host=a.example', 'host=b.example'],
      [':method=GET', ':authority=b@a.example'],
      [':method=GET', ':authority='],
      [':method=GET', ':authority=a.example', ':path=http://b.example/'],
      [':method=GET /y HTTP/1.1', ':authority=a.example'],
      [':method=GET', ':authority=a.example', 'x-a=1\r\nhost: b.example'],
      [':method=POST', ':authority=a.example', 'content-length=5'],
    ])('%s %s %s is refused', async (...fields) => {
      expect(await ask(8445, ...fields)).toMatch(/^refused: (400|reset)\n$/);
    });

    test('headers of one hop change nothing', async () => {
      const request = JSON.parse(await ask(8445, ':method=GET', ':authority=a.example', 'transfer-encoding=chunked'));
      expect(told(request, 'transfer-encoding')).toBeUndefined();
    });
  });

  describe('WebDAV’s Destination', () => {
    test.each([
      ['over TLS', `https://${GATEWAY}/a.txt`, `https://${GATEWAY}/b.txt`, `http://${GATEWAY}/b.txt`],
      ['on another port', `https://${GATEWAY}:8443/a`, `https://${GATEWAY}:8443/b`, `http://${GATEWAY}:8443/b`],
      ['without TLS', `http://${GATEWAY}:81/a`, `http://${GATEWAY}:81/b`, `http://${GATEWAY}:81/b`],
      ['behind a prefix', `https://${GATEWAY}/files/a`, `https://${GATEWAY}/files/b%20c`, `http://${GATEWAY}/b%20c`],
      ['behind a prefix, as a path', `https://${GATEWAY}/files/a`, '/files/b', '/b'],
      ['with the port that needs none', `https://${GATEWAY}/a`, `https://${GATEWAY}:443/b`, `http://${GATEWAY}/b`],
      ['out of the prefix', `https://${GATEWAY}/files/a`, `https://${GATEWAY}/else/b`, undefined],
      ['out of the prefix, without TLS', `http://${GATEWAY}:81/files/a`, `http://${GATEWAY}:81/else/b`, undefined],
      ['out of the prefix, as a path', `https://${GATEWAY}/files/a`, '/else/b', undefined],
      ['on another host', `https://${GATEWAY}/a`, 'https://other.example/b', 'https://other.example/b'],
      ['as a path', `https://${GATEWAY}/a`, '/b', '/b'],
    ])('%s', async (_what, url, sent, expected) => {
      for (const method of ['MOVE', 'COPY']) {
        const request = await nginx.request(url, '-X', method, '-H', `Destination: ${sent}`);
        expect(told(request, 'destination')).toBe(expected);
      }
    });

    test('is left out where the client has none', async () => {
      expect(told(await nginx.request(`https://${GATEWAY}/`), 'destination')).toBeUndefined();
    });
  });

  describe('names of headers with underscores', () => {
    const names = ['api_key', 'x-amz-meta-my_key'];
    const words = names.flatMap((name) => ['-H', `${name}: 1`]);
    const arrived = async (...at: string[]) => {
      const { headers } = await nginx.request(...(at as [string]), ...words);
      return headers.map(([name]) => name).filter((name) => names.includes(name));
    };

    test('are dropped', async () => {
      expect(await arrived(`http://${GATEWAY}:81/`)).toEqual([]);
    });

    test('a name with a dot is dropped, but the request passes', async () => {
      for (const port of [81, 85]) {
        const request = await nginx.request(
          `http://${GATEWAY}:${port}/`,
          '-H',
          'x-amz-meta-a.b: dotted',
          '-H',
          'x-plain: 1',
        );
        expect(told(request, 'x-plain')).toBe('1');
        expect(request.headers.flat()).not.toContain('dotted');
      }
    });

    test.each([
      [`http://${GATEWAY}:85/`],
      [`http://${GATEWAY}:85/`, '-H', 'Host: a.example'],
      [`https://${GATEWAY}:8445/`, '--http1.1'],
      [`https://${GATEWAY}:8445/`, '--http2'],
      ...(HTTP3 ? [[`https://${GATEWAY}:8445/`, '--http3-only']] : []),
      ['https://a.example:8445/', '--http2', '--resolve', `a.example:8445:${GATEWAY}`],
    ])('pass where a forward says so: %s %s %s %s', async (...at) => {
      expect(await arrived(...at)).toEqual(names);
    });

    test.each([
      ...['X_Forwarded_For', 'X_Forwarded-Proto', 'X-Real_IP', 'X_HTTP-Method_Override', 'Content_Length'],
      ...['X_Host', 'api.key', 'api(key'],
    ])('%s never passes', async (name) => {
      for (const host of ['x.example', 'a.example']) {
        const request = await nginx.request(`http://${GATEWAY}:85/`, '-H', `Host: ${host}`, '-H', `${name}: 192.0.2.7`);
        expect(request.headers.flat()).not.toContain('192.0.2.7');
      }
    });
  });

  describe('headers that command nginx', () => {
    test.each(['Proxy', 'X-Sendfile-Type', 'X-Accel-Mapping'])(
      '%s of a client does not reach the target',
      async (name) => {
        const request = await nginx.request(`http://${GATEWAY}:81/`, '-H', `${name}: http://198.51.100.66:3128`);
        expect(told(request, name.toLowerCase())).toBeUndefined();
      },
    );

    test('X-Accel-Redirect and -Limit-Rate of a target have no effect', async () => {
      for (const header of ['X-Accel-Redirect: /elsewhere', 'X-Accel-Redirect: @portway', 'X-Accel-Limit-Rate: 1']) {
        const request = await nginx.request(`http://${GATEWAY}:81/here`, '-H', `X-Test-Header: ${header}`);
        expect(request).toMatchObject({ name: 'app', path: '/here' });
      }
    });

    test.each(['X-Accel-Redirect', 'X-Sendfile', 'Alt-Svc', 'Upgrade', 'X-Accel-Expires'])(
      '%s of a target does not reach the client',
      async (name) => {
        const words = ['-o', '/dev/null', '-D', '-', '-H', `X-Test-Header: ${name}: /secret`];
        const heads = (await nginx.curl('client', ...words, `http://${GATEWAY}:81/`)).stdout;
        expect(heads).toMatch(/^HTTP\/1\.1 200 /);
        expect(heads.toLowerCase()).not.toContain(`${name.toLowerCase()}:`);
      },
    );
  });

  test.each(['/a%2Fb', '/a%3Bb;c', '/a/%2e%2e%2fb', '/%7Euser/%C3%BC', '/a//b/', '/x?y=%2F%3B&&z='])(
    'the path %s reaches the target as it was sent',
    async (path) => {
      expect((await nginx.request(`http://${GATEWAY}:81${path}`, '--path-as-is')).path).toBe(path);
    },
  );

  const kept = '/a%2Fb%3B;c//%41?x=%2F/../';
  test.each([
    [`/files${kept}`, kept],
    [`/%66iles${kept}`, kept],
    ['//files/x%2Fy', '/x%2Fy'],
    ['/files/x%2Fy#z', '/x%2Fy'],
    ['/files/.x/...%2F', '/.x/...%2F'],
    // Paths that could lead elsewhere arrive as nginx parsed them.
    ['/files/x/../../files/y', '/y'],
    ['/files/%2e%2e/files/y', '/y'],
    ['/files/x/..%2Fy', '/y'],
    ['/files%2Fx%2Fy', '/x/y'],
  ])('below a stripped prefix, the path %s reaches the target as %s', async (path, expected) => {
    for (const method of ['GET', 'PUT']) {
      const answer = await send(81, `${method} ${path} HTTP/1.1`, 'Host: x', 'Content-Length: 0');
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').path).toBe(expected);
    }
  });

  test('a request without Host is redirected to a URL with a host', async () => {
    expect(await nginx.raw(83, 'GET /x HTTP/1.0\r\n\r\n')).toMatch(/^Location: https:\/\/portway\/x\r$/m);
  });

  test('Forwarded has the port that a trusted proxy reports, unless the client named one', async () => {
    const words = ['For: 192.0.2.7', 'Proto: https', 'Port: 8443'].flatMap((word) => ['-H', `X-Forwarded-${word}`]);
    for (const [host, expected] of [
      ['x.example', 'x.example:8443'],
      ['x.example:9000', 'x.example:9000'],
      ['[2001:db8::1]', '[2001:db8::1]:8443'],
    ]) {
      const request = await nginx.request(`http://${GATEWAY}:84/`, ...words, '-H', `Host: ${host}`);
      expect(told(request, 'forwarded')).toBe(`for=192.0.2.7;host="${expected}";proto=https`);
    }
  });

  test.each(['Origin', 'Referer'])('%s passes unchanged', async (name) => {
    const url = 'https://elsewhere.example/x';
    const request = await nginx.request(`https://${GATEWAY}:8443/`, '-H', `${name}: ${url}`);
    expect(told(request, name.toLowerCase())).toBe(url);
  });
});
