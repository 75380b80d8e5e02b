import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { renderNginx } from '../../lib/nginx/render';

const acme = Tls.letsEncrypt({ email: 'admin@example.com', domains: ['www.example.com'] });

function render(web: object, tls = acme): string {
  const forwards = {
    web: Forward.http({ listen: 80, ...web } as HttpForwardProps),
    other: Forward.http({ listen: 81, to: 8080 }),
    secure: Forward.https({ listen: 443, to: 8080, tls }),
  };
  return renderNginx(resolveForwardsOrThrow({ forwards }), { user: 'www-data', http2: 'directive' }) ?? '';
}

/** The servers of a port, each from its head to its end. */
function servers(conf: string, port: number): readonly string[] {
  return conf.split(/^ {2}(?=server \{)/m).filter((text) => text.includes(`listen ${port}`));
}

test('answers the CA first on every server of port 80, and on no other', () => {
  const conf = render({ hosts: { 'a.example': { to: 8080 } }, denyFrom: ['192.0.2.0/24'], maintenance: true });
  expect(servers(conf, 80)).toHaveLength(2);
  for (const server of servers(conf, 80)) {
    const answer = server.indexOf('if ($uri ~ ^/\\.well-known/acme-challenge/)');
    expect(answer).toBeGreaterThan(0);
    expect(server.slice(0, answer)).not.toMatch(/return|rewrite|include|if \(/);
    // An exhausted share does not keep the CA out.
    expect(server).toMatch(
      /location \^~ \/\.well-known\/acme-challenge\/ {\n +root \/run\/portway-acme;\n +log_not_found off;\n( +limit_conn_dry_run on;\n)? +}/,
    );
  }
  for (const port of [81, 443]) expect(servers(conf, port).join()).not.toContain('acme-challenge');
  expect(render({ to: 8080 }, Tls.selfSigned())).not.toContain('acme');
});

test('keeps a redirect unchanged, and counts limits there', () => {
  const [server] = servers(render({ redirectTo: 'https', limits: { requestsPerSecond: 1 } }), 80);
  expect(server).toMatch(/limit_req_dry_run on;\n +limit_conn_dry_run on;/);
  expect(server).toContain('return 308 https://$portway_name$request_uri;');
  expect(render({ redirectTo: 'https' })).not.toContain('limit_conn_dry_run');
});

test('keeps certificate and key in one file, named by forward and source', () => {
  const secret = { secretArn: 'arn:aws:secretsmanager:a-b-1:123456789012:secret:x', grantRead: () => undefined };
  for (const [tls, source] of [
    [acme, 'acme'],
    [Tls.selfSigned(), 'self-signed'],
    [Tls.secret(secret), 'secret'],
  ] as const) {
    const file = `/etc/portway/tls/secure.${source}.pem`;
    const conf = render({ to: 8080 }, tls);
    expect(conf).toContain(`ssl_certificate ${file};\n    ssl_certificate_key ${file};`);
  }
});
