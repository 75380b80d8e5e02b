import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { writePackage } from './support/assets';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:8080`;
const NOBODY = `${ADDRESS.backend.v4}:9999`;
/** An unused address. */
const NOWHERE = '10.0.1.99:80';

const JSON_ONLY = ['-H', 'Accept: application/json'];
const BROWSER = ['-H', 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'];

/** Text that must appear literally, not as a directive, a variable or markup. */
const NASTY = ['<b>&"quoted"; } $host $', '{uri} \\ caf\u00e9 \u{1f600}'].join('');

describeHost('answers of the gateway itself', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    const dead = (listen: number, props: Partial<HttpForwardProps> = {}) =>
      Forward.http({ listen, to: NOBODY, ...props } as HttpForwardProps);
    await nginx.run({
      web: Forward.http({ listen: 80, to: TARGET, maintenance: true }),
      secure: Forward.https({ listen: 443, to: TARGET, tls: Tls.selfSigned(), maintenance: true }),
      redirect: Forward.http({ listen: 81, redirectTo: 'https', maintenance: true }),
      limited: Forward.http({ listen: 82, to: TARGET, limits: { openConnections: 100 }, maintenance: true }),
      dead: dead(83),
      gone: Forward.http({ listen: 84, to: NOWHERE }),
      quiet: Forward.http({ listen: 85, to: TARGET, timeouts: { response: 1 } }),
      own: dead(86, { errors: { title: NASTY, message: 'Call 555-0100.' } }),
      page: dead(87, {
        errors: {
          html: '<!doctype html>\n<title>{{status}}th</title>\t<p class="x">$5 \\ caf\u00e9 {{request}}</p>\n',
        },
        hosts: { 'b.example': { to: NOBODY, errors: { title: 'Host B' } } },
      }),
      hidden: Forward.https({
        listen: 8443,
        to: TARGET,
        tls: Tls.selfSigned(),
        hsts: true,
        maxBodyMiB: 1,
        headers: { 'X-Frame-Options': 'DENY', 'X-Mine': '1' },
        hideHeaders: ['X-Content-Type-Options', 'X-Other'],
        routes: {
          '/quiet': { to: TARGET, hideHeaders: ['x-request-id', 'X-Frame-Options', 'Strict-Transport-Security'] },
          '/adds': { to: TARGET, headers: { 'X-Other': 'added' } },
        },
      }),
    });
    await writePackage(nginx.host);
  });
  afterAll(() => nginx?.stop());

  const answer = async (port: number, ...words: string[]) => {
    const scheme = port === 443 ? 'https' : 'http';
    const { stdout } = await nginx.curl(
      'client',
      '-i',
      '--http1.1',
      ...words,
      `${scheme}://${GATEWAY}:${port}/x.gif?y`,
    );
    const [head = '', ...body] = stdout.split('\r\n\r\n');
    const [, status] = head.split(' ');
    const headers = Object.fromEntries(
      head.split('\r\n').map((line) => [line.split(': ')[0]?.toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
    );
    return { status, headers, body: body.join('\r\n\r\n') };
  };

  describe('where no target answers', () => {
    test.each([
      ['nothing listens', 83, '502'],
      ['the host does not exist', 84, '502'],
      ['there is no answer in time', 85, '504'],
    ])('%s: answers a browser with a page', async (_, port, status) => {
      const { headers, body, ...rest } = await answer(port, ...BROWSER, '-H', 'X-Test-Pause: 2');
      expect(rest.status).toBe(status);
      expect(headers['content-type']).toBe('text/html');
      expect(body).toContain('<h1>Not available</h1><p>Please try again in a moment.');
      expect(body).toContain(`${status} ${headers['x-request-id']}`);
      expect(body).not.toMatch(/nginx|10\.0\.1/i);
    });

    test('answers a client that asks for JSON with an object', async () => {
      const { status, headers, body } = await answer(83, ...JSON_ONLY);
      expect([status, headers['content-type']]).toEqual(['502', 'application/json']);
      expect(JSON.parse(body)).toEqual({
        status: 502,
        title: 'Not available',
        detail: 'Please try again in a moment.',
        request: headers['x-request-id'],
      });
    });

    test('answers a form post and a HEAD request too', async () => {
      expect(await answer(83, '-d', 'a form', ...JSON_ONLY)).toMatchObject({ status: '502', body: /^{.*}$/s });
      const { stdout } = await nginx.curl('client', '-I', `http://${GATEWAY}:83/`);
      expect(stdout).toMatch(/^HTTP\/1.1 502 /);
    });

    test("passes an application's own error through", async () => {
      const { status, body } = await answer(80, '-H', 'X-Test-Status: 503', '-H', 'X-Test-Header: Retry-After: 7');
      expect(status).toBe('503');
      expect(JSON.parse(body)).toMatchObject({ name: 'web' });
      const said = await answer(80, '-H', 'X-Test-Status: 503', '-H', 'X-Test-Header: Retry-After: 7');
      expect(said.headers['retry-after']).toBe('7');
    });
  });

  describe('where a request is refused', () => {
    const LONG = 'x'.repeat(17_000);
    const TOO_MUCH = ['-H', 'Content-Length: 999999999', '-X', 'POST'];

    test.each([
      ['a proxy', 80],
      ['a redirect', 81],
      ['a forward with limits', 82],
      ['a forward without a live target', 83],
      ['a proxy over TLS', 443],
    ])('answers a body that is too large with a page, by %s', async (_, port) => {
      const page = await answer(port, ...TOO_MUCH, ...BROWSER);
      expect(page.status).toBe('413');
      expect(page.body).toContain('<h1>Not accepted</h1><p>The request cannot be served as it is.');
      const { headers, body } = await answer(port, ...TOO_MUCH, ...JSON_ONLY);
      expect(JSON.parse(body)).toMatchObject({ status: 413, title: 'Not accepted', request: headers['x-request-id'] });
      expect(headers['content-type']).toBe('application/json');
    });

    test.each([
      ['a proxy', 80],
      ['a redirect', 81],
      ['a forward with limits', 82],
      ['a proxy over TLS', 443],
    ])('answers a URL or head that is too large with a page, by %s', async (_, port) => {
      const scheme = port === 443 ? 'https' : 'http';
      const url = `${scheme}://${GATEWAY}:${port}/`;
      const long = await nginx.curl('client', '-i', '--http1.1', ...BROWSER, `${url}?${LONG}`);
      expect(long.stdout).toMatch(/^HTTP\/1.1 414 [\s\S]*<h1>Not accepted<\/h1>/);
      const head = await nginx.curl('client', '-i', '--http1.1', ...JSON_ONLY, '-H', `X-Long: ${LONG}`, url);
      expect(head.stdout).toMatch(/^HTTP\/1.1 431 [\s\S]*\{"status":431,"title":"Not accepted"/);
    });

    test('answers what is not HTTP with a page', async () => {
      expect(await nginx.raw(80, 'no HTTP at all\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*<h1>Not accepted<\/h1>/);
      const twice = 'GET / HTTP/1.1\r\nAccept: application/json\r\nHost: a\r\nHost: b\r\n\r\n';
      expect(await nginx.raw(81, twice)).toMatch(/^HTTP\/1.1 400 [\s\S]*\{"status":400,/);
    });

    test("answers over HTTP/2 too, and with a forward's own page", async () => {
      const words = ['-H', 'Expect:', '--data-binary', '@-', ...JSON_ONLY, `https://${GATEWAY}:8443/`];
      const command = ['curl', '-ski', '--http2', ...words];
      const { stdout } = await nginx.host.run('client', command, 'x'.repeat(2 << 20));
      expect(stdout).toMatch(/^HTTP\/2 413 [\s\S]*\{"status":413,/);
      // A body that is announced but never sent.
      const lie = await nginx.curl('client', '-i', '--http2', ...TOO_MUCH, ...JSON_ONLY, `https://${GATEWAY}/`);
      expect(lie.stdout).toMatch(/^HTTP\/2 400 [\s\S]*\{"status":400,/);
      expect((await answer(87, ...TOO_MUCH)).body).toContain('<title>413th</title>');
      expect((await answer(86, ...TOO_MUCH, ...JSON_ONLY)).body).toContain('Call 555-0100.');
    });
  });

  describe('headers that are hidden', () => {
    const heads = async (path: string, ...words: string[]) =>
      (await nginx.curl('client', '-i', ...words, `https://${GATEWAY}:8443${path}`)).stdout.split('\r\n\r\n')[0];

    test("are removed from the gateway's and the target's headers, also if inherited; a path's own headers stay", async () => {
      const other = ['-H', 'X-Test-Header: X-Other: target'];
      const all = await heads('/', ...other);
      expect(all).toMatch(/^strict-transport-security: /im);
      expect(all).toMatch(/^x-frame-options: DENY\r$/im);
      expect(all).not.toMatch(/^(x-content-type-options|x-other):/im);
      const quiet = await heads('/quiet');
      expect(quiet).toMatch(/^x-mine: 1/im);
      expect(quiet).toMatch(/^x-content-type-options: nosniff/im);
      expect(quiet).not.toMatch(/^(x-request-id|x-frame-options|strict-transport-security):/im);
      const adds = await heads('/adds', ...other);
      expect(adds).toMatch(/^x-other: added\r$/im);
      expect(adds).not.toMatch(/^(x-other: target|x-content-type-options:)/im);
    });
  });

  describe('a page of your own', () => {
    test('shows the text literally, whatever it contains', async () => {
      const { body } = await answer(86, ...JSON_ONLY);
      expect(JSON.parse(body)).toMatchObject({ title: NASTY, detail: 'Call 555-0100.' });
      const page = (await answer(86)).body;
      const text = /<h1>(.*)<\/h1>/.exec(page)?.[1]?.replaceAll(/&#(\d+);/g, (_, n) => String.fromCodePoint(Number(n)));
      expect(text).toBe(NASTY);
      expect(page).not.toContain('<b>');
    });

    test('may be a complete HTML page', async () => {
      const { headers, body } = await answer(87);
      expect(body).toBe(
        `<!doctype html>\n<title>502th</title>\t<p class="x">&#36;5 \\ caf&#233; ${headers['x-request-id']}</p>\n`,
      );
    });

    test('may differ for a host', async () => {
      expect((await answer(87, '-H', 'Host: b.example')).body).toContain('<h1>Host B</h1>');
    });
  });

  describe('maintenance', () => {
    const COMMAND = ['/usr/local/bin/portway', 'maintenance'];
    const switchTo = (...words: string[]) => nginx.host.sh('gateway', [...COMMAND, ...words].join(' '));
    /** Old workers may still accept a connection or two. */
    const becomes = (what: string, ask: () => Promise<string | undefined>) =>
      until(`status ${what}`, async () => (await ask()) === what);
    afterEach(() => switchTo('off'));

    test.each([
      ['a proxy', 80],
      ['a proxy over TLS', 443],
      ['a redirect', 81],
      ['a forward with limits', 82],
    ])('closes %s, and opens it again', async (_, port) => {
      const before = (await answer(port)).status;
      expect(await switchTo('on')).toBe('maintenance: on except for\n');
      await becomes('503', async () => (await answer(port)).status);
      expect(await answer(port, ...JSON_ONLY)).toMatchObject({
        status: '503',
        headers: { 'retry-after': '60', 'content-type': 'application/json' },
        body: expect.stringMatching(/^{"status":503,/),
      });
      expect((await answer(port, ...BROWSER)).body).toContain('<h1>Not available</h1>');
      expect(await switchTo('off')).toBe('maintenance: off\n');
      await becomes(`${before}`, async () => (await answer(port)).status);
    });

    test('lets listed clients through, in every spelling of their address', async () => {
      const six = '2001:db8:100:0:1:0:0:5';
      await nginx.host.sh('client', `ip addr add ${six}/64 dev eth0 nodad preferred_lft 0`);
      await switchTo('on', STRANGER.v4, six.toUpperCase().replaceAll(':0', ':0000'));
      const url = { v4: `http://${GATEWAY}/`, v6: `http://[${ADDRESS.gateway.v6}]/` };
      await becomes('503', () => nginx.status('client', url.v4, ADDRESS.client.v4));
      expect(await nginx.status('client', url.v4, STRANGER.v4)).toBe('200');
      expect(await nginx.status('client', url.v6, six)).toBe('200');
      expect(await nginx.status('client', url.v4, ADDRESS.client.v4)).toBe('503');
      expect(await nginx.status('client', url.v6, STRANGER.v6)).toBe('503');
      await switchTo('on');
      await becomes('503', () => nginx.status('client', url.v4, STRANGER.v4));
    });

    test('rejects an invalid address, and changes nothing', async () => {
      const wrong = await nginx.host.run('gateway', [...COMMAND, 'on', '192.0.2.1', '../x']);
      expect(wrong).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("'../x' does not appear to be an IPv4 or IPv6 address"),
      });
      expect(await switchTo()).toBe('maintenance: off\n');
      expect((await nginx.host.run('gateway', [...COMMAND, 'maybe'])).code).toBe(1);
    });
  });
});
