import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { Sources } from '../../lib/forward/known-sources';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { checkTraffic, inboundTraffic, separateTraffic } from '../../lib/forward/traffic';

const ADMIN = { text: '203.0.113.7/32', family: 4 } as const;
const [CDN, CDN6, OWN] = ['pl-3b927c52', 'pl-0dd5c5b1a2b3c4d5e', 'pl-0123456789abcdef0'];

const web = (props: object, listen = 80) => Forward.http({ listen, to: 8080, ...props } as HttpForwardProps);
const resolve = (...all: readonly Forward[]) =>
  resolveForwardsOrThrow({ forwards: Object.fromEntries(all.map((one, i) => [`f${i}`, one])) });

/** The peers of the security group besides the admin's. */
function peers(all: readonly Forward[], settings: object = {}) {
  const rules = inboundTraffic(resolve(...all), { ...NO_SETTINGS, ...settings }, ADMIN, separateTraffic(60));
  return rules.filter((r) => r.ports?.from !== 22).map((r) => `${r.ports?.from} ${r.peer.text}`);
}

function problemsOf(props: object): readonly string[] {
  try {
    resolve(web(props));
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

/** What the quota of security group rules says about forwards. */
function quota(all: readonly Forward[]): string {
  const problems = new Problems();
  const inbound = inboundTraffic(resolve(...all), NO_SETTINGS, ADMIN, separateTraffic(60));
  checkTraffic({ inbound, outbound: [] }, 60, problems);
  try {
    problems.throwIfAny();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('the security group names a prefix list, and the host admits whom that admits', () => {
  const forward = web({ allowFrom: [Sources.prefixList(OWN, { weight: 20 }), '192.0.2.1/32'] });
  expect(peers([forward])).toEqual([`80 ${OWN}`, '80 192.0.2.1/32']);
  expect(resolve(forward)[0]?.allowFrom).toEqual([]);
});

test("CloudFront's prefix list stands for its networks of the same IP version", () => {
  const trusted = (props: Parameters<typeof Sources.cloudFront>[0]) =>
    web({ trustedProxies: [Sources.cloudFront(props)], proxiesOnly: true });
  expect(peers([trusted({ prefixList: CDN })])).toEqual([`80 ${CDN}`]);
  expect(peers([trusted({ prefixList: CDN, prefixListV6: CDN6 })], { ipv6: true })).toEqual([
    `80 ${CDN}`,
    `80 ${CDN6}`,
  ]);
  expect(peers([trusted({ prefixList: CDN })], { ipv6: true }).length).toBeGreaterThan(20);
  const [forward] = resolve(trusted({ prefixList: CDN }));
  const from = forward?.kind === 'http' ? (forward.trustedProxies?.from ?? []) : [];
  expect(from).toContainEqual({
    text: '15.158.0.0/16',
    family: 4,
    list: 'cloudfront',
    prefixList: { id: CDN, weight: 55 },
  });
});

test('a rule with a prefix list counts as its weight', () => {
  const cdn = (listen: number) => web({ allowFrom: [Sources.cloudFront({ prefixList: CDN })] }, listen);
  expect(quota([cdn(80)])).toBe('');
  const message = quota([cdn(80), cdn(443)]);
  expect(message).toContain('must need at most 60 inbound IPv4 security group rules');
  expect(message).toContain('name prefix lists on fewer ports: each rule with one counts as its weight');
  expect(message).toContain('most are for f0: 55; f1: 55; SSH of the admin: 1, got: 111');
  // Neighbouring ports become one rule where there are too many.
  expect(quota([cdn(80), cdn(81)])).toBe('');
  expect(peers([cdn(80), cdn(81)])).toEqual([`80 ${CDN}`]);
});

test.each<[object, string]>([
  [{ denyFrom: [Sources.prefixList(OWN, { weight: 1 })] }, 'denyFrom[0] must name no prefix list here'],
  [{ denyFrom: [Sources.cloudFront({ prefixList: CDN })] }, 'denyFrom[0] must name no prefix list here'],
  [
    { trustedProxies: [Sources.prefixList(OWN, { weight: 1 })] },
    'trustedProxies[0] must be networks here: the host does not',
  ],
  [
    { allowFrom: [Sources.prefixList('sg-0123456789abcdef0', { weight: 1 })] },
    'allowFrom[0] must be the id of a prefix list',
  ],
  [{ allowFrom: [Sources.prefixList(OWN, {} as never)] }, 'allowFrom[0].weight must be a whole number of 1-1000'],
  [{ allowFrom: [Sources.prefixList(OWN, { wieght: 1, weight: 1 } as never)] }, 'allowFrom[0].wieght must be one of'],
  [{ allowFrom: [Sources.prefixList(OWN, { weight: 1, family: 'v6' as never })] }, 'allowFrom[0].family must be'],
  [{ allowFrom: [Sources.cloudFront({ prefixList: 'x' })] }, 'allowFrom[0].prefixList must be the id of a prefix list'],
  [
    { allowFrom: [Sources.cloudFront({ list: CDN } as never)] },
    'allowFrom[0].list must be one of prefixList, prefixListV6',
  ],
])('what a prefix list may not be: %p', (props, message) => {
  expect(problemsOf(props)).toEqual([expect.stringContaining(message)]);
});
