import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost, type Host, until } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const to = `${ADDRESS.backend.v4}:9000`;
const tls = Tls.selfSigned();
const http3 = DEBIAN === 'debian-13';
const PLAIN = `http://${GATEWAY}`;
const SECURE = `https://${GATEWAY}`;

/** Each HTTP version, with its URL and curl's option. */
const VERSIONS = [
  ['HTTP/1.1', PLAIN, '--http1.1'],
  ['HTTP/1.1 over TLS', SECURE, '--http1.1'],
  ['HTTP/2', SECURE, '--http2'],
  // Debian 12's nginx has no HTTP/3.
  ...(http3 ? ([['HTTP/3', SECURE, '--http3-only']] as const) : []),
] as const;

const streamed = { '/upload/*': { to, streaming: 'requests' as const } };

const FORWARDS = {
  web: Forward.http({ listen: 80, to, routes: streamed }),
  secure: Forward.https({ listen: 443, to, tls, http3, routes: streamed }),
  // A streaming route with every other option.
  protected: Forward.https({
    listen: 447,
    tls,
    to: [to, `${ADDRESS.backend.v4}:9999`],
    limits: { requestsPerSecond: 1000 },
    headers: { 'X-Own': 'here' },
    hosts: { 'b.example': { to, headers: { 'X-Own': 'b' }, cache: { sizeMb: 10 } } },
  }),
  large: Forward.https({ listen: 444, to, tls, maxHeaderKiB: 64 }),
  small: Forward.https({ listen: 445, hosts: { 'a.example': { to } }, tls, maxHeaderKiB: 8 }),
  quick: Forward.http({ listen: 82, to, timeouts: { response: 1 } }),
  plain: Forward.tcp({ listen: 5000, to }),
  short: Forward.tcp({ listen: 5001, to, idleTimeout: 2 }),
  names: Forward.tls({ listen: 5002, hosts: { 'a.example': { to } } }),
  'shared-names': Forward.tls({ listen: 446, hosts: { 'a.example': { to } } }),
  shared: Forward.https({ listen: 446, to, tls }),
  udp: Forward.udp({ listen: 5000, to }),
};

describeHost('ends and sizes of connections through nginx', () => {
  let nginx: NginxHost;
  let host: Host;
  beforeAll(async () => {
    nginx = await NginxHost.start({ rooted: ['gateway', 'client'] });
    host = nginx.host;
    await host.serve('backend', ['python3', host.support('backend', 'ends.py'), '9000']);
    await nginx.run(FORWARDS);
  });
  afterAll(() => nginx?.stop());

  let count = 0;
  /** An ID that is unique to the test. */
  const id = () => `id${++count}`;

  /** Runs a client through these steps and returns what it saw. */
  const ask = async (port: number, ...steps: string[]) => {
    const script = host.support('client', 'ends_ask.py');
    const { stdout, stderr } = await host.run('client', ['python3', script, GATEWAY, `${port}`, ...steps]);
    return stdout.trim() || stderr.trim().split('\n').at(-1);
  };

  /** What the target noticed. */
  const noted = async (key: string) => (await nginx.curl('client', `${PLAIN}/noted/${key}`)).stdout;

  /** The body and status of an answer. */
  const get = async (...words: string[]) => {
    const { stdout } = await nginx.curl('client', '-w', ' %{http_code}', ...words);
    return stdout;
  };

  /** A target's events; the second tells whether the first had already been seen. */
  const events = async (url: string, ...words: string[]) => {
    const key = id();
    const see = `if [[ $line == *first* ]]; then curl -s ${PLAIN}/note/${key}/seen; fi`;
    const command = ['curl', '-sNk', ...words.map((w) => `'${w}'`), `${url}/${key}`].join(' ');
    const said = await host.sh('client', `${command} | while read -r line; do echo "$line"; ${see}; done`);
    return said.match(/data: \w+/g);
  };
  /** Waits for a line of the access log. */
  const logged = (line: string) =>
    until(`${line} in the log`, async () => {
      await host.sh('gateway', 'nginx -s reopen');
      return new RegExp(line).test(await host.read('/var/log/portway/access.log'));
    });

  const AT_ONCE = ['data: first', 'data: seen'];
  const EVENT_SOURCE = ['-H', 'Accept: text/event-stream'];

  describe.each([
    ['TCP', 5000, []],
    ['TLS by name', 5002, ['hello:a.example']],
    ['TLS on a shared port', 446, ['hello:a.example']],
  ] as const)('a connection of %s', (_, port, hello) => {
    test('passes the answer after the client half-closes', async () => {
      expect(await ask(port, ...hello, 'send:count x\\n', 'send:hello', 'shut', 'read')).toBe('got 5 bytes end');
    });

    test('passes the rest of a request after the target half-closes', async () => {
      const key = id();
      const steps = [`send:first ${key}\\n`, 'until:hello', 'sleep:0.2', 'send:after', 'shut', 'read'];
      expect(await ask(port, ...hello, ...steps)).toBe('hello end');
      expect(await noted(key)).toBe('after');
    });

    test('is reset at the target when the client resets it', async () => {
      const key = id();
      await ask(port, ...hello, `send:watch ${key}\\n`, 'until:ready', 'reset');
      expect(await noted(key)).toMatch(/^(end|reset)$/);
    });

    test('sends keepalives on both sides when idle', async () => {
      const shown = `ss -tnoH state established | grep -c -e ':9000 .*timer:(keepalive' -e ':${port} .*timer:(keepalive' >&2`;
      const waiting = ask(port, ...hello, `send:watch ${id()}\\n`, 'until:ready', 'sleep:2', 'reset');
      let seen = '';
      for (let tries = 0; tries < 15 && !/^[2-9]/.test(seen); tries++) {
        await new Promise((done) => setTimeout(done, 100));
        seen = (await host.run('gateway', ['bash', '-c', shown])).stderr;
      }
      await waiting;
      expect(seen).toMatch(/^[2-9]/);
    });
  });

  test('closes a half-closed connection after the idle timeout', async () => {
    const before = Date.now();
    expect(await ask(5001, `send:deaf ${id()}\\n`, 'until:ready', 'shut', 'read')).toBe('ready\n end');
    expect(Date.now() - before).toBeGreaterThanOrEqual(1500);
  });

  test('shows clients a clean close when the target resets, as docs/limits.md says', async () => {
    expect(await ask(5000, `send:reset ${id()}\\n`, 'read')).toBe('part\n end');
  });

  test.each([8, 1500, 16_385, 65_507])(
    'passes datagrams of %i bytes both ways, and several per answer',
    async (size) => {
      const answers = await ask(5000, `udp:${size}:${size} 2`, 'datagrams:2');
      expect(answers).toBe([0, 1].map((i) => `${size} b'${size}' b'${i}'`).join('\n'));
    },
  );

  describe.each(VERSIONS)('%s', (version, url, flag) => {
    test('passes events unbuffered to clients that ask for them', async () => {
      expect(await events(`${url}/events`, flag, ...EVENT_SOURCE)).toEqual(AT_ONCE);
      expect(await events(`${url}/events`, flag, '-H', 'Accept: application/json, text/event-stream')).toEqual(AT_ONCE);
      expect(await events(`${url}/events`, flag, '-H', 'Accept: text/event-stream, application/json')).toEqual(AT_ONCE);
      expect(await events(`${url}/endless`, flag, ...EVENT_SOURCE)).toEqual(AT_ONCE);
    });

    test('passes events unbuffered to any client if the target disables buffering', async () => {
      expect(await events(`${url}/told`, flag)).toEqual(AT_ONCE);
    });

    test('streams an upload to the target if requests are streamed', async () => {
      const key = id();
      const pieces = `{ printf piece1; curl -s ${PLAIN}/noted/${key}; }`;
      // Over HTTP/3 curl waits for the whole body, unless `.` makes it send what is there.
      const from = version === 'HTTP/3' ? '.' : '-';
      const sent = await host.sh('client', `${pieces} | curl -sk ${flag} -T ${from} ${url}/upload/${key}`);
      expect(sent).toBe('chunked piece1came');
    });

    test('answers a client that waits for 100 Continue', async () => {
      // curl continues by itself after a second. It must over HTTP/2 and 3, where nginx never sends 100 Continue.
      const wait = version.startsWith('HTTP/1') ? ['--expect100-timeout', '20'] : [];
      const words = [flag, ...wait, '-H', 'Expect: 100-continue', '-d', 'abcdef'];
      expect(await get(...words, `${url}/upload/x`)).toBe('length abcdef 200');
    });

    test.each([
      ['with trailers, which are dropped', 'trailers/x', 'page 200'],
      ['of HTTP/1.0', 'old/x', 'page 200'],
      ['without a length', 'ended/x', `${'x'.repeat(100_000)}end 200`],
    ])('an answer %s', async (_, path, answer) => {
      expect(await get(flag, `${url}/${path}`)).toBe(answer);
    });

    test.each(['length', 'chunked', 'close'])(
      'does not turn a truncated answer (%s) into a complete one',
      async (form) => {
        const { code } = await nginx.curl('client', flag, '-o', '/dev/null', `${url}/cut/${form}`);
        // A partial transfer, or a reset stream.
        expect([18, 92, 95]).toContain(code);
      },
    );

    test('tells the target that the client disconnected', async () => {
      const key = id();
      await nginx.curl('client', flag, '--max-time', '0.5', `${url}/hang/${key}`);
      expect(await noted(key)).toMatch(/^(end|reset)$/);
    });

    test('passes an answer that comes before the body was read', async () => {
      const body = ['-H', 'Expect:', '--data-binary', '@/usr/bin/python3'];
      expect(await get(flag, ...body, `${url}/refuse/x`)).toBe('no 413');
    });

    test('passes a header line of 15 KB, and eight lines of 7 KB', async () => {
      const lines = (n: number, kib: number) =>
        Array.from({ length: n }, (_, i) => ['-H', `X-Large-${i}: ${'+'.repeat(kib * 1024)}`]).flat();
      expect(await get(flag, ...lines(1, 15), `${url}/size/x`)).toMatch(/ 200$/);
      expect(await get(flag, ...lines(8, 7), `${url}/size/x`)).toMatch(/ 200$/);
      // HTTP/2 and 3 connections are closed without an answer.
      const answer = await get(flag, ...lines(1, 40), `${url}/size/x`);
      expect(answer).toMatch(version.startsWith('HTTP/1') ? /<h1>Not accepted.* 431$/ : /^ 000$/);
    });

    test("passes an answer's head of 15 KB, and treats one of 17 KB as an error", async () => {
      expect(await get(flag, `${url}/head/15`)).toBe('fine 200');
      expect(await get(flag, `${url}/head/17`)).toMatch(/<h1>Not available.* 502$/);
    });
  });

  describe('heads', () => {
    const line = (kib: number) => ['-H', `X-Large: ${'+'.repeat(kib * 1024)}`];

    test.each(['--http1.1', '--http2'])('may be larger if a forward allows it (%s)', async (flag) => {
      expect(await get(flag, ...line(60), `${SECURE}:444/size/x`)).toMatch(/ 200$/);
      expect(await get(flag, `${SECURE}:444/head/60`)).toBe('fine 200');
    });

    test('that are too large get 431 and are logged so; HTTP/2 connections are closed', async () => {
      const lines = Array.from({ length: 8 }, (_, i) => ['-H', `X-Large-${i}: ${'+'.repeat(5 * 1024)}`]).flat();
      const at = ['--resolve', `a.example:445:${GATEWAY}`, 'https://a.example:445/size/x'];
      expect(await get(...lines.slice(0, 8), ...at)).toMatch(/ 200$/);
      expect(await get('--http1.1', ...lines, ...at)).toMatch(/<h1>Not accepted.* 431$/);
      await logged('"port":"445".*"status":431,');
      expect(await get('--http2', ...lines, ...at)).toMatch(/^ 000$/);
    });
  });

  describe('a connection that the target closes as a request arrives', () => {
    const twice = (...second: string[]) =>
      get(`${PLAIN}/once/${id()}`, '--next', '-sg', '-w', ' %{http_code}', ...second);

    test.each([
      ['GET', [], '1 200'],
      ['PUT', ['-X', 'PUT', '-d', 'x'], '1 200'],
    ] as const)('is replaced for a %s', async (_, words, answer) => {
      expect(await twice(...words, `${PLAIN}/once/${id()}`)).toBe(`1 200${answer}`);
    });

    test('is an error for a POST, which may have been processed', async () => {
      expect(await twice('-d', 'x', `${PLAIN}/once/${id()}`)).toMatch(/^1 200<.* 502$/);
    });
  });

  test('answers HTTP/1.0 without chunks, and closes the connection', async () => {
    const said = await ask(80, 'send:GET /trailers/x HTTP/1.0\\r\\n\\r\\n', 'read');
    expect(said).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\npage end$/s);
    expect(said).not.toMatch(/transfer-encoding/i);
  });

  test('sends 413 to a client that keeps sending', async () => {
    const head = 'send:POST /size/x HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 200000000\\r\\n\\r\\n';
    expect(await ask(80, head, 'fill:20000000', 'until:413', 'sleep:0.1', 'reset', 'datagrams:0')).not.toMatch(/Error/);
  });

  describe('what nginx cannot do, as docs/limits.md says', () => {
    test.each(['early103', 'early100'])('loses an answer after an interim response: %s', async (word) => {
      const { code } = await nginx.curl('client', `${PLAIN}:82/${word}/x`);
      expect(code).not.toBe(0);
      await logged(`"port":"82".*"uri":"/${word}/x","status":${word.slice(5)},.*"seconds":1`);
    });

    test('treats an HTTP client that half-closes as gone', async () => {
      const head = `send:GET /noted/${id()} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n`;
      expect(await ask(80, head, 'shut', 'read')).toBe('end');
    });
  });

  describe('a WebSocket or a stream of events', () => {
    test('may be idle for longer than an ordinary answer', async () => {
      expect(await nginx.status('client', `${PLAIN}:82/hang/x`)).toBe('504');
      const upgrade = 'Host: x\\r\\nUpgrade: websocket\\r\\nConnection: upgrade\\r\\n\\r\\n';
      const said = await ask(82, `send:GET /socket/x HTTP/1.1\\r\\n${upgrade}`, 'read');
      expect(said).toMatch(/^HTTP\/1.1 101 .*\r\n\r\nword end$/s);
      const silent = ['-N', ...EVENT_SOURCE, '-w', ' %{http_code}', `${PLAIN}:82/events/${id()}`];
      expect((await nginx.curl('client', ...silent)).stdout).toBe('data: first\n\ndata: nothing\n\n 200');
    });

    test('uses the headers, limits, cache and targets of its route', async () => {
      const at = ['--resolve', `b.example:447:${GATEWAY}`, 'https://b.example:447/size/x'];
      for (const [words, own] of [
        [[`${SECURE}:447/size/x`], 'here'],
        [at, 'b'],
      ] as const) {
        const { stdout } = await nginx.curl('client', '-i', '--http1.1', ...EVENT_SOURCE, ...words);
        expect(stdout).toMatch(/^HTTP\/1.1 200/);
        expect(stdout.match(/^x-own: \w+/gim)).toEqual([`X-Own: ${own}`]);
        expect(stdout.match(/^x-content-type-options: /gim)).toHaveLength(1);
      }
      expect(await events(`${SECURE}:447/events`, '--http1.1', ...EVENT_SOURCE)).toEqual(AT_ONCE);
    });
  });

  describe('when the disk is too full for a body', () => {
    beforeAll(() => host.sh('gateway', 'mount -t tmpfs -o size=1m,uid=33 none /var/lib/nginx/body'));
    afterAll(() => host.sh('gateway', 'umount /var/lib/nginx/body'));
    const large = ['--http1.1', '-H', 'Expect:', '--data-binary', '@/usr/bin/python3'];

    test("the client gets the forward's own error page, and can retry", async () => {
      const { stdout } = await nginx.curl('client', '-i', ...large, `${PLAIN}/size/x`);
      expect(stdout).toMatch(/^HTTP\/1.1 503 .*^Retry-After: 60.*<h1>Not available/ims);
    });

    test('streamed requests pass', async () => {
      const { stdout } = await nginx.curl(
        'client',
        ...large,
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `${PLAIN}/upload/x`,
      );
      expect(stdout).toBe('200');
    });
  });
});
