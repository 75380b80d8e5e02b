import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { PACKAGE } from '../../lib/host/assets';
import type { HostContent } from '../../lib/host/host-content';
import { certificatesRoot } from './support/certificates-root';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost } from './support/host';
import { deployedOf, edited, INSTANCE, LiveGateway } from './support/live-gateway';

jest.setTimeout(120_000);

const to = (port: number) => `${ADDRESS.backend.v4}:${port}`;
const [WELL, ILL, LATE, NOBODY] = [9001, 9002, 9003, 9004];

/** Instead of 20 s. */
const SECONDS = 6;
const hurried = (content: HostContent) =>
  edited(content, `${PACKAGE}/confirm.py`, 'SECONDS, TIMEOUT, PAUSE = 20,', `SECONDS, TIMEOUT, PAUSE = ${SECONDS},`);

const forwards = ({ kernel = WELL, web = WELL, secure = WELL, dead = NOBODY } = {}): Deploy['forwards'] => ({
  kernel: Forward.tcp({ listen: 5001, to: to(kernel), family: 'ipv4', engine: 'iptables' }),
  web: Forward.http({ listen: 80, to: to(web) }),
  secure: Forward.https({ listen: 443, hosts: { 'a.example': { to: to(secure) } }, tls: Tls.selfSigned() }),
  dead: Forward.tcp({ listen: 5002, to: to(dead) }),
  game: Forward.udp({ listen: 5003, to: to(dead), family: 'ipv4', engine: 'iptables' }),
});

describeHost('confirmed changes', () => {
  let gateway: LiveGateway;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start();
    await serve(WELL, 200);
    await serve(ILL, 503);
    await gateway.create({ forwards: forwards(), confirm: 'answers', alter: hurried });
  });
  afterAll(() => gateway?.stop());

  /** A server that answers each request with this status. */
  const serve = (port: number, status: number) =>
    gateway.host.serve('backend', [
      ...['python3', '-uc'],
      `import http.server as h
class Handler(h.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(${status} if self.path == '/health' else 404)
        self.send_header('Content-Length', '0')
        self.end_headers()
server = h.ThreadingHTTPServer(('', ${port}), Handler)
print('ready')
server.serve_forever()`,
    ]);

  const change = (deploy: Deploy) => gateway.update(deployedOf({ ...deploy, alter: hurried }));
  const succeeds = async (deploy: Deploy) => expect(await change(deploy)).toMatchObject({ Status: 'SUCCESS' });
  /** The change fails with this cause, and is taken back. */
  const fails = async (deploy: Deploy, cause: string, good: Deploy) => {
    const url = (port: number) => `http://${ADDRESS.gateway.v4}:${port}/health`;
    const statuses = async () =>
      gateway.host.sh(
        'client',
        `for url in ${url(80)} ${url(5001)} https://${ADDRESS.gateway.v4}/health; do curl -so /dev/null --max-time 5 -kw '%{http_code} ' --connect-to ::${ADDRESS.gateway.v4}: "\${url/s:\\/\\/${ADDRESS.gateway.v4}/s:\\/\\/a.example}" || :; done`,
      );
    const before = await statuses();
    const start = Date.now();
    expect(await change(deploy)).toEqual({ Status: 'FAILURE', UniqueId: `${INSTANCE} ${cause}` });
    expect(Date.now() - start).toBeGreaterThan(SECONDS * 1000);
    expect(await statuses()).toBe(before);
    // CloudFormation goes back.
    await gateway.publish(deployedOf({ ...good, alter: hurried }));
    await sleep(2500);
  };

  test.each(['kernel', 'web'])('a %s forward whose target answered before', async (name) => {
    const good: Deploy = { forwards: forwards(), confirm: 'answers' };
    await fails({ ...good, forwards: forwards({ [name]: NOBODY }) }, `${name} no longer answers`, good);
  });

  test('what did not answer before is no reason, nor is UDP, nor a new forward', async () => {
    const more = { more: Forward.tcp({ listen: 5004, to: to(NOBODY) }) };
    await succeeds({ forwards: { ...forwards({ dead: NOBODY + 1 }), ...more }, confirm: 'answers' });
    await succeeds({ forwards: forwards(), confirm: 'answers' });
  });

  test('waits for a target that comes a little later', async () => {
    const changing = succeeds({ forwards: forwards({ web: LATE }), confirm: 'answers' });
    await sleep(4000);
    await serve(LATE, 200);
    await changing;
  });

  test("a probe of the team's own: through nginx, over TLS, and to a target of the kernel's", async () => {
    const probe = { http: '/health' };
    const good: Deploy = { forwards: forwards(), confirm: { web: probe, secure: probe, kernel: probe } };
    await succeeds(good);
    for (const name of ['web', 'secure', 'kernel'])
      await fails({ ...good, forwards: forwards({ [name]: ILL }) }, `${name}: 503 instead of 200`, good);
    // Now it is expected.
    const ill = { http: '/health', expect: 503 };
    await succeeds({ forwards: forwards({ secure: ILL }), confirm: { secure: ill } });
    await fails({ forwards: forwards({ secure: WELL }), confirm: { secure: ill } }, 'secure: 200 instead of 503', {
      forwards: forwards({ secure: ILL }),
      confirm: { secure: ill },
    });
  });

  test('a reboot has nothing to confirm', async () => {
    await gateway.host.sh('gateway', 'echo web >/run/portway/answered');
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.host.read('/run/portway/answered')).toBe('');
  });
});
