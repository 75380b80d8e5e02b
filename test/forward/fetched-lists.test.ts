import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS, readGatewaySettings } from '../../lib/forward/gateway-settings';
import { Sources } from '../../lib/forward/known-sources';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
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

const DATABASE = 'https://files.example/ip-to-country.csv.gz';

test('countries have their own lines, their program, and rules about new connections alone', () => {
  const read = settings(
    Sources.url(DROP),
    Sources.countries({ url: DATABASE, countries: ['RU', 'KP', 'KP'], everyHours: 24, most: 50_000 }),
    Sources.countries({ url: DATABASE, allBut: ['KR'] }),
  );
  const files = filesOf(read);
  expect(files.map(({ path }) => path.split('/').at(-1))).toContain('countries.py');
  expect(filesOf(settings(Sources.url(DROP))).map(({ path }) => path.split('/').at(-1))).not.toContain('countries.py');
  const [, out, alone] = files[0]?.text.split('\n') ?? [];
  expect(out).toMatch(/^in_[0-9a-f]{8} 24 50000 https:\/\/files\.example\/ip-to-country\.csv\.gz KP,RU$/);
  expect(alone).toMatch(/^in_[0-9a-f]{8} 168 20000 https:\/\/files\.example\/ip-to-country\.csv\.gz -KR$/);
  const [blocked = '', countries = ''] = files[1]?.text.split('chain countries') ?? [];
  const [outId, aloneId] = [out, alone].map((line) => line?.split(' ')[0]);
  expect(blocked).toMatch(/ip saddr @url_\w+_v4 counter drop/);
  expect(blocked).not.toContain(`saddr @${outId}`);
  expect(countries).toContain('ct state != new accept');
  expect(countries).toContain(`ip saddr @${outId}_v4 counter drop`);
  expect(countries).toContain(`ip6 saddr != @${aloneId}_v6 counter drop`);
  expect(countries.indexOf('@never_v4 accept')).toBeLessThan(countries.indexOf('counter drop'));
});

test.each([
  [{ url: DATABASE }, 'blocked[0] must hold either countries, which are kept out, or allBut, which alone may come'],
  [{ url: DATABASE, countries: ['KP'], allBut: ['KR'] }, 'blocked[0] must hold either countries'],
  [{ url: DATABASE, allBut: [] }, 'blocked[0].allBut must list countries as two capital letters of ISO 3166-1'],
  [{ url: DATABASE, countries: ['kp'] }, 'blocked[0].countries[0] must list countries as two capital letters'],
  [{ url: DATABASE, countries: 'KP' }, 'blocked[0].countries must list countries'],
  [{ url: 'http://files.example/x', countries: ['KP'] }, 'blocked[0].url must be an https URL'],
  [{ url: DATABASE, countries: ['KP'], most: 50_001 }, 'blocked[0].most must be a whole number of 1-50000'],
  [{ url: DATABASE, allbut: ['KP'], countries: ['KP'] }, 'blocked[0].allbut must be one of'],
  [undefined, 'blocked[0] must be an object such as'],
])('wrong countries are told: %p', (props, message) => {
  expect(problemsOf(() => settings(Sources.countries(props as never)))).toEqual([expect.stringContaining(message)]);
});

test('only one database says who alone may come, and none where a CA must come too', () => {
  const [one, two] = [
    Sources.countries({ url: DATABASE, allBut: ['KR'] }),
    Sources.countries({ url: DROP, allBut: ['KR'] }),
  ];
  expect(problemsOf(() => settings(one, two))).toEqual([expect.stringContaining('blocked must hold allBut once')]);
  const stack = (blocked: Sources) =>
    problemsOf(() =>
      checkStack({
        adminCidr: '203.0.113.7/32',
        blocked: [blocked],
        forwards: {
          plain: Forward.http({ listen: 80, redirectTo: 'https' }),
          web: Forward.https({
            listen: 443,
            to: 8080,
            tls: Tls.letsEncrypt({ email: 'ops@example.com', domains: ['a.example.com'] }),
          }),
        },
      }),
    );
  expect(stack(one)).toEqual([
    expect.stringContaining(
      'forwards.web.tls must not be Tls.letsEncrypt without dns beside Sources.countries with allBut',
    ),
  ]);
  expect(stack(Sources.countries({ url: DATABASE, countries: ['KP'] }))).toEqual([]);
});
