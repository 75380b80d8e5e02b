import { describeEnds, GATEWAY, PLAIN, SECURE } from './support/ends';

jest.setTimeout(60_000);

describeEnds('sizes of heads and bodies through nginx', (ends) => {
  const { ask, get, logged } = ends;

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

  test('sends 413 to a client that keeps sending', async () => {
    const head = 'send:POST /size/x HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 200000000\\r\\n\\r\\n';
    expect(await ask(80, head, 'fill:20000000', 'until:413', 'sleep:0.1', 'reset', 'datagrams:0')).not.toMatch(/Error/);
  });

  describe('when the disk is too full for a body', () => {
    beforeAll(() => ends.host.sh('gateway', 'mount -t tmpfs -o size=1m,uid=33 none /var/lib/nginx/body'));
    afterAll(() => ends.host.sh('gateway', 'umount /var/lib/nginx/body'));
    const large = ['--http1.1', '-H', 'Expect:', '--data-binary', '@/usr/bin/python3'];

    test("the client gets the forward's own error page, and can retry", async () => {
      const { stdout } = await ends.nginx.curl('client', '-i', ...large, `${PLAIN}/size/x`);
      expect(stdout).toMatch(/^HTTP\/1.1 503 .*^Retry-After: 60.*<h1>Not available/ims);
    });

    test('streamed requests pass', async () => {
      const { stdout } = await ends.nginx.curl(
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
