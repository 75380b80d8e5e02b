import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { SOURCE_ADDRESS } from '../../lib/nginx/source-address';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const CLIENT = ADDRESS.client.v4;

/** Ports of the gateway itself. `Told`: with the setting from docs/applications.md. */
const PORT = {
  dav: 9000,
  gunicorn: 9001,
  gunicornTold: 9002,
  uvicorn: 9003,
  uvicornTold: 9004,
  express: 9005,
  postgres: 9006,
};

const APACHE = `ServerName test
PidFile /run/dav.pid
ErrorLog /run/dav.log
Listen 127.0.0.1:${PORT.dav}
${['mpm_event', 'authz_core', 'dav', 'dav_fs'].map((m) => `LoadModule ${m}_module /usr/lib/apache2/modules/mod_${m}.so`).join('\n')}
DocumentRoot /srv/dav/files
DavLockDB /srv/dav/locks
<Directory /srv/dav/files>
Dav On
</Directory>
`;

/** Django with the setting from docs/applications.md. */
const DJANGO = `import django.conf, django.core.wsgi, django.http, django.urls
django.conf.settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], INTERNAL_IPS=["127.0.0.1"],
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def facts(request):
    address = request.META["REMOTE_ADDR"]
    return django.http.JsonResponse({
        "client": address, "url": request.build_absolute_uri("/x"), "scheme": request.META["wsgi.url_scheme"],
        "internal": address in django.conf.settings.INTERNAL_IPS})
urlpatterns = [django.urls.path("facts", facts)]
django_app = django.core.wsgi.get_wsgi_application()
`;

const ASGI = `import json
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    facts = {"client": scope["client"][0], "scheme": scope["scheme"]}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(facts).encode()})
`;

const EXPRESS = `const express = require('express');
const main = express();
for (const trust of ['linklocal', 'loopback']) {
  const app = express();
  app.set('trust proxy', trust);
  app.get('/facts', (q, s) => s.json({ client: q.ip, scheme: q.protocol }));
  main.use('/' + trust, app);
}
main.listen(${PORT.express}, '127.0.0.1');`;

describeHost('real applications behind nginx', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    const { host } = nginx;
    const here = (port: number) => ({ to: port });
    await host.write('/etc/dav.conf', APACHE);
    await host.write('/srv/django_app.py', DJANGO);
    await host.write('/srv/asgi.py', ASGI);
    await host.write('/srv/express.js', EXPRESS);
    const trusted = `--forwarded-allow-ips=${SOURCE_ADDRESS}`;
    const gunicorn = 'gunicorn --worker-tmp-dir /dev/shm django_app:django_app';
    const uvicorn = 'uvicorn asgi:app --host 127.0.0.1';
    await host.sh(
      'gateway',
      `mkdir -p /srv/dav/files; chmod -R 777 /srv/dav; apache2 -f /etc/dav.conf
      cd /srv
      run() { setsid "$@" </dev/null >>/tmp/applications.log 2>&1 & }
      run ${gunicorn} -b 127.0.0.1:${PORT.gunicorn}
      run ${gunicorn} -b 127.0.0.1:${PORT.gunicornTold} ${trusted}
      run ${uvicorn} --port ${PORT.uvicorn}
      run ${uvicorn} --port ${PORT.uvicornTold} ${trusted}
      NODE_PATH=/usr/share/nodejs run node express.js
      cd /; mkdir -p /srv/postgres /run/postgresql; chown postgres /srv/postgres /run/postgresql
      as='setpriv --reuid=postgres --regid=postgres --clear-groups'
      $as /usr/lib/postgresql/*/bin/initdb --no-sync -A reject --auth-host=reject -D /srv/postgres >/tmp/initdb 2>&1 || { cat /tmp/initdb; exit 1; }
      printf 'host all all 127.0.0.1/32 trust\\nhost all all all reject\\n' >/srv/postgres/pg_hba.conf
      run $as /usr/lib/postgresql/*/bin/postgres -D /srv/postgres -p ${PORT.postgres}`,
    );
    const dav = { ...here(PORT.dav), routes: { '/files/*': { ...here(PORT.dav), stripPrefix: true } } };
    const tls = Tls.selfSigned();
    await nginx.run({
      dav: Forward.http({ listen: 80, ...dav }),
      davTls: Forward.https({ listen: 443, ...dav, tls }),
      ...Object.fromEntries(
        Object.values(PORT)
          .slice(1, -1)
          .map((port) => [`app${port}`, Forward.https({ listen: port + 1000, ...here(port), tls })]),
      ),
      postgres: Forward.tcp({ listen: 5432, ...here(PORT.postgres), engine: 'nginx' }),
    });
    for (const port of Object.values(PORT))
      await until(
        `something listens on ${port}`,
        async () => (await host.run('gateway', ['bash', '-c', `: </dev/tcp/127.0.0.1/${port}`])).code === 0,
        30,
      );
  });
  afterAll(() => nginx?.stop());

  const facts = async (port: number, path = '/facts') =>
    JSON.parse((await nginx.curl('client', `https://${GATEWAY}:${port + 1000}${path}`)).stdout);

  describe('Apache with mod_dav', () => {
    const ask = async (method: string, url: string, ...words: string[]) =>
      (await nginx.curl('client', '-X', method, '-o', '/tmp/portway-dav', '-w', '%{http_code}', ...words, url)).stdout;
    const LOCK = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>';
    const lock = async (url: string) =>
      /<(urn:uuid:|opaquelocktoken:)[^>]+>/.exec(
        (await nginx.curl('client', '-i', '-X', 'LOCK', '--data', LOCK, url)).stdout,
      )?.[0];

    test.each([`http://${GATEWAY}`, `https://${GATEWAY}`, `http://${GATEWAY}/files`, `https://${GATEWAY}/files`])(
      'copies, moves and heeds locks at %s',
      async (url) => {
        expect(await ask('PUT', `${url}/a`, '--data', 'text')).toMatch(/^20[14]$/);
        const to = (name: string) => ['-H', `Destination: ${url}/${name}`];
        expect(await ask('MOVE', `${url}/a`, ...to('b'))).toMatch(/^20[14]$/);
        expect(await ask('COPY', `${url}/b`, ...to('c%20d'))).toMatch(/^20[14]$/);
        expect(await ask('GET', `${url}/c%20d`)).toBe('200');
        const token = await lock(`${url}/b`);
        expect(await ask('MOVE', `${url}/b`, ...to('e'))).toBe('423');
        // The URL in If passes unchanged. Only the token counts, wherever the URL points.
        for (const [submitted, status] of [
          ['<urn:uuid:1>', /^4(12|23)$/],
          [token, /^20[14]$/],
        ] as const)
          expect(await ask('MOVE', `${url}/b`, ...to('e'), '-H', `If: <${url}/b> (${submitted})`)).toMatch(status);
        for (const name of ['c%20d', 'e']) expect(await ask('DELETE', `${url}/${name}`)).toBe('204');
      },
    );
  });

  const url = (port: number) => `https://${GATEWAY}:${port + 1000}/x`;
  test.each([
    ['gunicorn and Django, as installed', PORT.gunicorn, '/facts', { client: SOURCE_ADDRESS, scheme: 'http' }],
    ['gunicorn and Django, told', PORT.gunicornTold, '/facts', { client: SOURCE_ADDRESS, scheme: 'https' }],
    ['uvicorn, as installed', PORT.uvicorn, '/facts', { client: SOURCE_ADDRESS, scheme: 'http' }],
    ['uvicorn, told', PORT.uvicornTold, '/facts', { client: CLIENT, scheme: 'https' }],
    ["Express with 'loopback'", PORT.express, '/loopback/facts', { client: SOURCE_ADDRESS, scheme: 'http' }],
    ["Express with 'linklocal'", PORT.express, '/linklocal/facts', { client: CLIENT, scheme: 'https' }],
  ])('%s: whom and what it sees', async (_what, port, path, expected) => {
    expect(await facts(port, path)).toMatchObject(expected);
  });

  test.each([PORT.gunicorn, PORT.gunicornTold])(
    'Django writes public URLs with SECURE_PROXY_SSL_HEADER, and takes no client for an internal one (%i)',
    async (port) => {
      expect(await facts(port)).toMatchObject({ url: url(port), internal: false });
    },
  );

  test('PostgreSQL trusts programs on the gateway and nobody who comes through it', async () => {
    const ask = (...at: string[]) =>
      nginx.host.run('gateway', ['psql', '-h', ...at, '-U', 'postgres', '-Atc', "select 'in'"]);
    expect((await ask('127.0.0.1', '-p', `${PORT.postgres}`)).stdout).toBe('in\n');
    expect((await ask(GATEWAY)).stderr).toContain(`rejects connection for host "${SOURCE_ADDRESS}"`);
  });
});
