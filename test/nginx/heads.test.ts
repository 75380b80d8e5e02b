import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { renderHeads } from '../../lib/nginx/heads';

const heads = (forwards: Readonly<Record<string, Forward>>, options = {}) =>
  renderHeads(resolveForwardsOrThrow({ forwards }), options);
const site = (listen: number | string, to: number) => Forward.http({ listen, to });

/** Each set's name and size. */
const sizes = (text = '') =>
  Object.fromEntries(
    [...text.matchAll(/set (\S+) \{\n.+\n +size (\d+)/g)].map(([, name, size]) => [name, Number(size)]),
  );

test('bounds nothing where nobody else could lose', () => {
  const https = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });
  expect(heads({ web: site(80, 8080), https })).toBeUndefined();
  expect(heads({ tcp: Forward.tcp({ listen: 25, to: 9000, engine: 'nginx' }) })).toBeUndefined();
  expect(
    heads({ tcp: Forward.tcp({ listen: 25, to: 9000, engine: 'iptables' }), web: site(80, 8080) }),
  ).toBeUndefined();
});

test('leaves a share over to be told 503, and half of the connections as spare ones', () => {
  const two = { web: site(80, 8080), other: site(81, 9000) };
  expect(sizes(heads(two))).toEqual({ 'from-web-v4': 3840, 'from-other-v4': 3840, 'spare-v4': 8192 });
  expect(sizes(heads(two, { families: [4, 6] }))).toMatchObject({
    'from-web-v6': 3840,
    'spare-v4': 4096,
    'spare-v6': 4096,
  });
  expect(sizes(heads(two, { memoryMiB: 2048 }))).toMatchObject({ 'from-web-v4': 15_360, 'spare-v4': 32_768 });
});

test('bounds redirects, which have no share of their own, like the smallest share', () => {
  const moved = Forward.http({ listen: 82, redirectTo: 'https://www.example.com' });
  expect(sizes(heads({ web: site(80, 8080), other: site(81, 9000), moved }))).toMatchObject({ 'from-moved-v4': 3840 });
});

test('leaves ports shared with a TLS forward to nginx, which counts connections there', () => {
  const text = heads({
    names: Forward.tls({ listen: 443, hosts: { 'a.example': { to: 9443 } } }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    web: site(80, 8080),
  });
  expect(Object.keys(sizes(text))).toEqual(['from-web-v4', 'spare-v4']);
  expect(text).toContain('tcp dport vmap { 80 : goto from-web }');
});

test('names of forwards never collide', () => {
  const text =
    heads({ a: site(80, 8080), 'to-a': site(81, 9000), 'a-v4': site('82', 9001), spare: site(83, 9002) }) ?? '';
  for (const kind of ['chain', 'set', 'counter']) {
    const names = [...text.matchAll(new RegExp(`^ +${kind} (\\S+) \\{`, 'gm'))].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});
