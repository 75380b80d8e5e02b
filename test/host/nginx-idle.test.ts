import { describeEnds, GATEWAY, PLAIN, SECURE } from './support/ends';

jest.setTimeout(60_000);

const AT_ONCE = ['data: first', 'data: seen'];
const EVENT_SOURCE = ['-H', 'Accept: text/event-stream'];

describeEnds('connections through nginx that last', (ends) => {
  const { id, ask, events } = ends;

  describe('a WebSocket or a stream of events', () => {
    test('may be idle for longer than an ordinary answer', async () => {
      expect(await ends.nginx.status('client', `${PLAIN}:82/hang/x`)).toBe('504');
      const upgrade = 'Host: x\\r\\nUpgrade: websocket\\r\\nConnection: upgrade\\r\\n\\r\\n';
      const said = await ask(82, `send:GET /socket/x HTTP/1.1\\r\\n${upgrade}`, 'read');
      expect(said).toMatch(/^HTTP\/1.1 101 .*\r\n\r\nword end$/s);
      const silent = ['-N', ...EVENT_SOURCE, '-w', ' %{http_code}', `${PLAIN}:82/events/${id()}`];
      expect((await ends.nginx.curl('client', ...silent)).stdout).toBe('data: first\n\ndata: nothing\n\n 200');
    });

    test('uses the headers, limits, cache and targets of its route', async () => {
      const at = ['--resolve', `b.example:447:${GATEWAY}`, 'https://b.example:447/size/x'];
      for (const [words, own] of [
        [[`${SECURE}:447/size/x`], 'here'],
        [at, 'b'],
      ] as const) {
        const { stdout } = await ends.nginx.curl('client', '-i', '--http1.1', ...EVENT_SOURCE, ...words);
        expect(stdout).toMatch(/^HTTP\/1.1 200/);
        expect(stdout.match(/^x-own: \w+/gim)).toEqual([`X-Own: ${own}`]);
        expect(stdout.match(/^x-content-type-options: /gim)).toHaveLength(1);
      }
      expect(await events(`${SECURE}:447/events`, '--http1.1', ...EVENT_SOURCE)).toEqual(AT_ONCE);
    });
  });
});
