import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS, readGatewaySettings } from '../../lib/forward/gateway-settings';
import { Sources } from '../../lib/forward/known-sources';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { fetchedListsPart } from '../../lib/host/fetched-lists';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';

const DROP = 'https://www.spamhaus.org/drop/drop.txt';
const ADMIN = { text: '203.0.113.7/32', family: 4 } as const;

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

function settings(...blocked: readonly (string | Sources)[]) {
  const problems = new Problems();
  const read = readGatewaySettings({ blocked }, ADMIN, problems);
  problems.throwIfAny();
  return read;
}

const filesOf = (read: ReturnType<typeof settings>) => {
  const forwards = resolveForwardsOrThrow({
    forwards: {
      web: Forward.http({ listen: 80, to: '198.51.100.20:8080', trustedProxies: ['192.0.2.0/24'] }),
      db: Forward.tcp({ listen: 81, to: '[2001:db8::5]:81' }),
    },
  });
  return fetchedListsPart(forwards, read, OPERATING_SYSTEMS['debian-13']).files;
};

test('hosts without lists to fetch have nothing of it', () => {
  expect(filesOf(NO_SETTINGS)).toEqual([]);
  expect(filesOf(settings('192.0.2.0/24'))).toEqual([]);
});

test('a line for each list; the admin, proxies, private networks and targets are never blocked', () => {
  const read = settings(
    '192.0.2.0/24',
    Sources.url(DROP),
    Sources.url('https://a.example/b?c=d', { everyHours: 1, most: 5 }),
  );
  expect(read.blocked).toHaveLength(1);
  const [lines, table] = filesOf(read);
  expect(lines?.text).toMatch(
    /^url_[0-9a-f]{8} 24 10000 https:\/\/www\.spamhaus\.org\/drop\/drop\.txt\nurl_[0-9a-f]{8} 1 5 https:\/\/a\.example\/b\?c=d\n$/,
  );
  const never = table?.text.slice(0, table.text.indexOf('set url_'));
  for (const network of [
    '203.0.113.7/32',
    '192.0.2.0/24',
    '10.0.0.0/8',
    '198.51.100.20/32',
    '2001:db8::5/128',
    'fc00::/7',
  ])
    expect(never).toContain(`${network},`);
});

test.each([
  ['http://a.example/x', 'blocked[0] must be an https URL'],
  ['https://a.example:8443/x', 'blocked[0] must be an https URL'],
  ['https://user:word@a.example/x', 'blocked[0] must be an https URL'],
  ['drop.txt', 'blocked[0] must be an https URL'],
  [`https://a.example/${'x'.repeat(300)}`, 'blocked[0] must be an https URL'],
])('a URL must be one of https: %p', (url, message) => {
  expect(problemsOf(() => settings(Sources.url(url)))).toEqual([expect.stringContaining(message)]);
});

test('what else is refused', () => {
  expect(problemsOf(() => settings(Sources.url(DROP), Sources.url(DROP)))).toEqual([
    `blocked must not hold a URL twice, got: ${DROP}`,
  ]);
  expect(problemsOf(() => settings(Sources.url(DROP, { everyHours: 0, most: 20_001 })))).toEqual([
    'blocked[0].everyHours must be a whole number of 1-168, got: 0',
    'blocked[0].most must be a whole number of 1-20000, got: 20001',
  ]);
  expect(problemsOf(() => settings(Sources.url(DROP, { hours: 1 } as never)))).toEqual([
    expect.stringContaining('blocked[0].hours must be one of url, everyHours, most'),
  ]);
  const eleven = Array.from({ length: 11 }, (_, i) => Sources.url(`https://a.example/${i}`));
  expect(problemsOf(() => settings(...eleven))).toEqual(['blocked must hold at most 10 lists to fetch, got: 11']);
  const denied = () =>
    resolveForwardsOrThrow({ forwards: { web: Forward.tcp({ listen: 80, to: 8080, denyFrom: [Sources.url(DROP)] }) } });
  expect(problemsOf(denied)).toEqual([
    'forwards.web.denyFrom[0] must stand in blocked: what the host fetches can only be dropped',
  ]);
});
