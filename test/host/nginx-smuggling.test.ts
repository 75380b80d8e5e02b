import { Forward } from '../../lib/forward/forward';
import { describeHost } from './support/host';
import { Targets } from './support/targets';

jest.setTimeout(60_000);

/** The body of a request that an attacker wants the target to take for a second request. */
const hidden = (id: string) => `GET /hidden-${id} HTTP/1.1\r\nHost: x\r\n\r\n`;
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

/**
 * Requests whose end two programs could see in different places (RFC 9112, 6.3 and 11.2): their head fields, and their
 * body. `refused`: nginx must answer with an error, and the target must get nothing.
 */
const FORMS: readonly (readonly [name: string, fields: string, body: (id: string) => string, refused?: 'refused'])[] = [
  ['both framings', 'Content-Length: 6\r\nTransfer-Encoding: chunked', (id) => `0\r\n\r\n${hidden(id)}`, 'refused'],
  ['both, the other way', 'Transfer-Encoding: chunked\r\nContent-Length: 4', (id) => chunked(hidden(id)), 'refused'],
  ['two lengths', 'Content-Length: 0\r\nContent-Length: 44', hidden, 'refused'],
  ['the same length twice', 'Content-Length: 3\r\nContent-Length: 3', () => 'abc', 'refused'],
  ['a list of lengths', 'Content-Length: 0, 44', hidden, 'refused'],
  ['a length with a sign', 'Content-Length: +0', hidden, 'refused'],
  ['a negative length', 'Content-Length: -1', hidden, 'refused'],
  ['a hexadecimal length', 'Content-Length: 0x0', hidden, 'refused'],
  ['a length too large', 'Content-Length: 99999999999999999999', hidden, 'refused'],
  ['an unknown coding', 'Transfer-Encoding: xchunked', (id) => chunked(hidden(id)), 'refused'],
  ['chunked before another', 'Transfer-Encoding: chunked, identity', (id) => chunked(hidden(id)), 'refused'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', (id) => chunked(hidden(id)), 'refused'],
  ['a vertical tab', 'Transfer-Encoding: \x0bchunked', (id) => chunked(hidden(id)), 'refused'],
  ['a NUL in a field', 'X-A: a\0b', hidden, 'refused'],
  ['an endless chunk', 'Transfer-Encoding: chunked', (id) => `fffffffffffffffff\r\n${hidden(id)}`, 'refused'],
  ['a negative chunk', 'Transfer-Encoding: chunked', (id) => `-1\r\n${hidden(id)}`, 'refused'],
  ['a chunk size with an underscore', 'Transfer-Encoding: chunked', (id) => `0_0\r\n\r\n${hidden(id)}`, 'refused'],
  ['a space before the colon', 'Transfer-Encoding : chunked', (id) => `0\r\n\r\n${hidden(id)}`],
  ['a folded field', 'X-A: a\r\n Transfer-Encoding: chunked', (id) => `0\r\n\r\n${hidden(id)}`],
  ['a bare line feed', 'X-A: a\nTransfer-Encoding: chunked', (id) => chunked(hidden(id))],
  ['a bare carriage return', 'X-A: a\rTransfer-Encoding: chunked', hidden],
  ['underscores', 'Content_Length: 44\r\nTransfer_Encoding: chunked', hidden],
  ['a chunk extension with a line feed', 'Transfer-Encoding: chunked', (id) => `1;a\nb\r\na\r\n0\r\n\r\n${hidden(id)}`],
  ['trailers', 'Transfer-Encoding: chunked', (id) => `1\r\na\r\n0\r\nContent-Length: 44\r\n\r\n${hidden(id)}`],
  ['a body of a GET', 'Content-Length: 44', hidden],
];

describeHost('requests that two programs could parse differently', () => {
  let targets: Targets;
  beforeAll(async () => {
    targets = await Targets.start([9001]);
    const [to] = targets.to as [string];
    await targets.nginx.run({
      plain: Forward.http({ listen: 80, to }),
      kept: Forward.http({ listen: 81, to, cache: { sizeMb: 10 } }),
      underscores: Forward.http({ listen: 82, to, underscoresInHeaders: true }),
    });
  });
  afterAll(() => targets?.stop());

  describe.each([
    ['a plain forward', 80],
    ['a cached forward', 81],
    ['a forward with underscores in headers', 82],
  ])('%s', (_, port) => {
    test.each(FORMS.map((form, i) => [form[0], i] as const))('%s: the target gets what nginx answers', async (_, i) => {
      const [, fields, body, refused] = FORMS[i] as (typeof FORMS)[number];
      const id = `${port}-${i}`;
      const method = i % 2 === 0 ? 'GET' : 'POST';
      const after = `GET /after-${id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
      const answers = await targets.nginx.raw(
        port,
        `${method} /first-${id} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${body(id)}${after}`,
      );
      const seen = (await targets.seen(9001)).filter((line) => line.endsWith(`-${id}`));
      // If nginx also sees the hidden request, it is the client's own, with its own answer.
      expect(answers.match(/HTTP\/1\.1 200 /g)?.length ?? 0).toBe(seen.length);
      if (refused !== undefined)
        expect([answers.slice(0, 12), seen]).toEqual([expect.stringMatching(/ (400|501)$/), []]);
      else expect(seen.length + (answers.match(/HTTP\/1\.1 400 /g)?.length ?? 0)).toBeGreaterThan(0);
    });
  });
});
