import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { healthFiles, renderHealth } from '../../lib/host/health';

const render = (forwards: Readonly<Record<string, Forward>>) =>
  renderHealth(resolveForwardsOrThrow({ engine: 'iptables', forwards }));
const parse = (forwards: Readonly<Record<string, Forward>>) => JSON.parse(render(forwards) ?? '[]');

const PLAIN = Forward.tcp({ listen: 80, to: [8080, 8081] });

test('writes nothing without a health check', () => {
  expect(render({ web: PLAIN })).toBeUndefined();
  expect(healthFiles(resolveForwardsOrThrow({ engine: 'iptables', forwards: { web: PLAIN } }))).toEqual([]);
});

test('writes one ASCII line per forward, for a readable diff', () => {
  const db = Forward.tcp({ listen: 5432, to: ['10.0.1.1:5432', '10.0.1.2:5432'], healthCheck: { by: 'tcp' } });
  const lines = render({ db, web: PLAIN, other: Forward.tcp({ listen: 81, to: [1, 2], healthCheck: true }) })?.split(
    '\n',
  );
  expect(lines?.map((line) => /^\{"forward":"(\w+)"/.exec(line)?.[1])).toEqual([
    undefined,
    'db',
    'other',
    undefined,
    undefined,
  ]);
});

test('describes what to check, where, and the parts of the rules', () => {
  const game = Forward.udp({
    listen: '6000-6010',
    to: [{ to: '10.0.1.1:7000-7010', weight: 2 }, '[2001:db8::1]:7000-7010', '10.0.1.2:7000-7010'],
    healthCheck: { by: 'tcp', interval: 3, failures: 4 },
  });
  expect(parse({ game })).toEqual([
    {
      forward: 'game',
      transport: 'udp',
      listen: [6000, 6010],
      by: 'tcp',
      interval: 3,
      failures: 4,
      targets: [
        { target: '10.0.1.1:7000-7010', host: '10.0.1.1', local: false, port: 7000, ports: [7000, 7010] },
        { target: '[2001:db8::1]:7000-7010', host: '2001:db8::1', local: false, port: 7000, ports: [7000, 7010] },
        { target: '10.0.1.2:7000-7010', host: '10.0.1.2', local: false, port: 7000, ports: [7000, 7010] },
      ],
      // With one target there is no chain, and nothing that could be left out of it.
      chains: {
        4: {
          entries: [
            { target: 0, share: 2, jump: expect.stringContaining('10.0.1.1:7000-7010/6000') },
            { target: 2, share: 1, jump: expect.stringContaining('10.0.1.2:7000-7010/6000') },
          ],
        },
      },
    },
  ]);
});

test.each([
  ['in both IP versions, at 127.0.0.1', undefined, '127.0.0.1'],
  ['over IPv6 alone, at ::1', 'ipv6', '::1'],
] as const)('checks targets on the gateway itself %s', (_what, family, host) => {
  const web = Forward.tcp({
    listen: 80,
    to: [8080, 8081],
    healthCheck: true,
    ...(family === undefined ? {} : { family }),
  });
  expect(parse({ web })[0].targets[0]).toMatchObject({ host, local: true, port: 8080 });
});

test("uses the check's port, not the target's", () => {
  const web = Forward.tcp({ listen: 80, to: [8080, 8081], healthCheck: { port: 9000 } });
  expect(parse({ web })[0].targets.map((t: { port: number }) => t.port)).toEqual([9000, 9000]);
});

describe('with balance source', () => {
  const places = (...weights: number[]) => {
    const to = weights.map((weight, i) => ({ to: `10.0.1.${i + 1}:80`, weight }));
    const [{ chains }] = parse({ web: Forward.tcp({ listen: 80, to, balance: 'source', healthCheck: true }) });
    expect(chains[4].matches).toHaveLength(
      chains[4].entries.reduce((sum: number, e: { share: number }) => sum + e.share, 0),
    );
    expect(chains[4].draw).toContain('HMARK');
    return chains[4].entries.map((e: { share: number }) => e.share);
  };

  test.each([
    ['two targets need no more than one place each', [1, 1], [1, 1]],
    ['of three, each has one place for each of the others', [1, 1, 1], [2, 2, 2]],
    ['by weight', [3, 4, 1], [6, 8, 2]],
    ['64 places at most', [20, 20, 20], [2, 2, 2]],
    ['as many as fit', [21, 22, 20], [21, 22, 20]],
  ])('%s', (_what, weights, expected) => {
    expect(places(...weights)).toEqual(expected);
  });
});
