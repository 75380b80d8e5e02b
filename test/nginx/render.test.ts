import { Token } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { readAsset } from '../../lib/host/assets';
import type { NginxDialect } from '../../lib/nginx/dialect';
import { GENERATION } from '../../lib/nginx/names';
import { needsStream, renderNginx } from '../../lib/nginx/render';

const debian: NginxDialect = { user: 'www-data', http2: 'directive' };

function render(forwards: ForwardSet['forwards'], dialect = debian): string {
  const conf = renderNginx(resolveForwardsOrThrow({ forwards }), dialect);
  if (conf === undefined) throw new Error('nothing for nginx');
  return conf;
}

const https = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });

test('renders nothing if no forward runs on nginx', () => {
  expect(
    renderNginx(
      resolveForwardsOrThrow({ engine: 'iptables', forwards: { a: Forward.tcp({ listen: 1, to: 2 }) } }),
      debian,
    ),
  ).toBeUndefined();
});

test.each([
  ['streamed answers', { streaming: true, to: 8080 }, false],
  ['streamed requests', { streaming: 'requests', to: 8080 }, true],
  ['a redirect', { redirectTo: 'https://www.example.com' }, false],
  ['gRPC', { protocol: 'grpc', to: 8080 }, false],
  [
    'streamed answers of targets that get writes under another rule',
    { streaming: true, to: ['10.0.0.1:80', '10.0.0.2:80'] },
    true,
  ],
])('uses the variable of places only where it is set: %s', (_, props, expected) => {
  const conf = render({ web: Forward.https({ listen: 443, tls: Tls.selfSigned(), ...props } as never) });
  expect(conf.includes('@$portway_place')).toBe(expected);
  expect(conf.includes('set $portway_place ')).toBe(expected);
});

test("renders a deploy-time target the same whatever its token's number", () => {
  const textOf = (token: string) =>
    render({ web: Forward.http({ listen: 80, to: `${token}:8080` }) }).replaceAll(token, 'the-target');
  const [first, second] = [1, 2].map(() => Token.asString({ Ref: 'Target' }));
  expect(first).not.toBe(second);
  expect(textOf(`${first}`)).toBe(textOf(`${second}`));
});

test('has exactly one place for the hash of the file', () => {
  const text = render({ web: Forward.http({ listen: 80, to: 8080 }) });
  expect(text.split(GENERATION)).toHaveLength(2);
  expect(text).toContain(`return 200 "${GENERATION}";`);
  expect(readAsset('/usr/local/lib/portway/host.d/nginx.sh')).toContain(`s/${GENERATION}/`);
});

test('listens only on wildcards of both families', () => {
  const text = render({
    web: Forward.http({ listen: 80, to: 8080 }),
    secure: https,
    db: Forward.tcp({ listen: 5432, to: 5433 }),
  });
  const listens = [...text.matchAll(/listen (\S+?);?(?: |$)/gm)].map(([, address]) => address);
  expect(listens).toEqual([
    'unix:/run/portway-nginx/host.sock',
    '80',
    '[::]:80',
    '443',
    '[::]:443',
    '5432',
    '[::]:5432',
  ]);
});

test.each([
  ['directive', 'listen 443 ssl;', true],
  ['listen-parameter', 'listen 443 ssl http2;', false],
] as const)("enables HTTP/2 in the version's syntax: %s", (http2, listen, directive) => {
  const text = render({ secure: https }, { user: 'nginx', http2 });
  expect(text).toContain(listen);
  expect(text.includes('http2 on;')).toBe(directive);
  expect(text).toContain('user nginx;');
});

test('names the HTTPS port in a redirect only if it is not 443', () => {
  const redirect = Forward.http({ listen: 80, redirectTo: 'https' });
  expect(render({ redirect, https })).toContain('return 308 https://$portway_name$request_uri;');
  const other = Forward.https({ listen: 8443, to: 8080, tls: Tls.selfSigned() });
  expect(render({ redirect, other })).toContain('return 308 https://$portway_name:8443$request_uri;');
});

test('replaces forwarding headers from clients', () => {
  const text = render({ web: Forward.http({ listen: 80, to: 8080 }) });
  expect(text).not.toContain('$proxy_add_x_forwarded_for');
  for (const header of [
    'X-Forwarded-For $remote_addr',
    'X-Forwarded-Proto $scheme',
    'X-Forwarded-Port $server_port',
    'X-Real-IP $remote_addr',
  ]) {
    expect(text).toContain(`proxy_set_header ${header};`);
  }
});

test('checks sources before a redirect', () => {
  const text = render({
    redirect: Forward.http({ listen: 80, redirectTo: 'https', allowFrom: ['10.0.0.0/8'] }),
    https,
  });
  expect(text).toMatch(
    /geo \$portway_allow_redirect {\s+default 0;\s+127\.0\.0\.0\/8 1;\s+::1\/128 1;\s+10\.0\.0\.0\/8 1;/,
  );
  expect(text.indexOf('if ($portway_allow_redirect = 0)')).toBeLessThan(text.indexOf('return 308'));
});

test('resolves names at run time, outside of upstreams', () => {
  const text = render({ 'my-app': Forward.http({ listen: 80, to: 'app.internal:8080' }) });
  expect(text).not.toMatch(/^\s*upstream /m);
  expect(text).toMatch(
    /set \$portway_target_my_app app\.internal:8080;\s+proxy_pass http:\/\/\$portway_target_my_app;/,
  );
  expect(text).toMatch(/^\s*resolver /m);
});

test('needs the stream module only for stream forwards', () => {
  const http = resolveForwardsOrThrow({ forwards: { web: Forward.http({ listen: 80, to: 8080 }) } });
  const tcp = resolveForwardsOrThrow({ forwards: { db: Forward.tcp({ listen: 5432, to: 5433 }) } });
  expect([needsStream(http), needsStream(tcp)]).toEqual([false, true]);
  expect(renderNginx(http, debian)).not.toMatch(/^stream {/m);
  expect(renderNginx(tcp, debian)).toMatch(/^stream {/m);
});

test('keeps a UDP client on one worker, and the port of a range', () => {
  const text = render({ camera: Forward.udp({ listen: '6000-6010', to: '10.0.1.1:6000-6010' }) });
  expect(text).toContain('listen 6000-6010 udp reuseport;');
  expect(text).toContain('proxy_pass 10.0.1.1:$server_port;');
});
