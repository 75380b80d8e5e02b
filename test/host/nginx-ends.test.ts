import { describeEnds, PLAIN, VERSIONS } from './support/ends';

jest.setTimeout(60_000);

const AT_ONCE = ['data: first', 'data: seen'];
const EVENT_SOURCE = ['-H', 'Accept: text/event-stream'];

describeEnds('ends of connections through nginx', (ends) => {
  const { id, ask, noted, get, events, logged } = ends;

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
      let isOpen = true;
      const steps = [`send:watch ${id()}\\n`, 'until:ready', 'sleep:2', 'reset'];
      const waiting = ask(port, ...hello, ...steps).finally(() => {
        isOpen = false;
      });
      let seen = '';
      while (isOpen && !/^[2-9]/.test(seen)) {
        await new Promise((done) => setTimeout(done, 100));
        seen = (await ends.host.run('gateway', ['bash', '-c', shown])).stderr;
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
      const sent = await ends.host.sh('client', `${pieces} | curl -sk ${flag} -T ${from} ${url}/upload/${key}`);
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
        const { code } = await ends.nginx.curl('client', flag, '-o', '/dev/null', `${url}/cut/${form}`);
        // A partial transfer, or a reset stream.
        expect([18, 92, 95]).toContain(code);
      },
    );

    test('tells the target that the client disconnected', async () => {
      const key = id();
      await ends.nginx.curl('client', flag, '--max-time', '0.5', `${url}/hang/${key}`);
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

  describe('what nginx cannot do, as docs/limits.md says', () => {
    test.each(['early103', 'early100'])('loses an answer after an interim response: %s', async (word) => {
      const { code } = await ends.nginx.curl('client', `${PLAIN}:82/${word}/x`);
      expect(code).not.toBe(0);
      await logged(`"port":"82".*"uri":"/${word}/x","status":${word.slice(5)},.*"seconds":1`);
    });

    test('treats an HTTP client that half-closes as gone', async () => {
      const head = `send:GET /noted/${id()} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n`;
      expect(await ask(80, head, 'shut', 'read')).toBe('end');
    });
  });
});
