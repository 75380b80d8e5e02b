import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:8080`;

/** So low that a slow test still passes: the burst passes, and one more request per second. */
const limits = { requestsPerSecond: 1, burst: 3 };

/** Addresses of one client within its /64, and of another client. */
const NEAR = ['2001:db8:100::a1', '2001:db8:100::a2', '2001:db8:100:0:ffff::a3'];
const FAR = '2001:db8:200::1';

describeHost('limits of requests', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    const add = [...NEAR, FAR].map((a) => `ip addr add ${a}/64 dev eth0 nodad preferred_lft 0`);
    await nginx.host.sh('client', add.join('; '));
    await nginx.host.sh('gateway', 'ip -6 route add 2001:db8:200::/64 dev ens5');
    const to = TARGET;
    await nginx.run({
      proxy: Forward.http({ listen: 80, to, limits }),
      secure: Forward.https({ listen: 443, to, limits, tls: Tls.selfSigned() }),
      redirect: Forward.http({ listen: 81, redirectTo: 'https', limits }),
      denied: Forward.http({ listen: 82, to, limits, denyFrom: [`${ADDRESS.client.v4}/32`] }),
      'not-allowed': Forward.http({ listen: 83, redirectTo: 'https', limits, allowFrom: ['192.0.2.0/24'] }),
      'not-found': Forward.http({ listen: 84, routes: { '/only': { to } }, limits }),
      methods: Forward.http({ listen: 85, to, methods: ['GET'], limits }),
      'one-path': Forward.http({ listen: 86, to, routes: { '/api/*': { to, limits } } }),
      'path-methods': Forward.http({ listen: 87, to, routes: { '/api/*': { to, limits, methods: ['POST'] } } }),
      together: Forward.http({ listen: 88, to, limits, routes: { '/a/*': { to }, '/b/*': { redirectTo: 'https' } } }),
      apart: Forward.http({
        listen: 89,
        hosts: { 'a.example': { to, limits }, 'b.example': { to, limits: { ...limits } } },
      }),
      open: Forward.http({ listen: 90, to, limits: { openConnections: 2 } }),
      six: Forward.http({ listen: 91, to, limits }),
      closed: Forward.http({ listen: 92, to, limits }),
      connections: Forward.tcp({ listen: 93, to, limits: { openConnections: 2 } }),
      datagrams: Forward.udp({ listen: 94, to: `${ADDRESS.backend.v4}:9000`, limits: { openConnections: 2 } }),
    });
  });
  afterAll(() => nginx?.stop());

  /** The statuses of sequential requests. */
  const ask = async (url: string, ...words: string[]) => {
    const urls = Array.from({ length: 12 }, () => ['-o', '/dev/null', url]).flat();
    return (await nginx.curl('client', '-w', '%{http_code}\n', ...words, ...urls)).stdout.trim().split('\n');
  };

  /** The first three pass, then hardly any. */
  const expectLimited = (statuses: readonly string[], status: string) => {
    expect(statuses.slice(0, 3)).toEqual([status, status, status]);
    expect(statuses.filter((s) => s === '429').length).toBeGreaterThan(5);
    expect(statuses.every((s) => s === '429' || s === status)).toBe(true);
  };

  test.each([
    ['a proxy', `http://${GATEWAY}/`, '200'],
    ['a redirect', `http://${GATEWAY}:81/`, '308'],
    ['a denied source', `http://${GATEWAY}:82/`, '403'],
    ['a source that is not allowed', `http://${GATEWAY}:83/`, '403'],
    ['a path that is not there', `http://${GATEWAY}:84/else`, '404'],
    ['a method that does not pass', `http://${GATEWAY}:85/`, '405'],
    ['a method that does not pass on a path', `http://${GATEWAY}:87/api/x`, '405'],
  ])('%s is limited', async (what, url, status) => {
    expectLimited(await ask(url, ...(what.startsWith('a method') ? ['-X', 'PUT'] : [])), status);
  });

  test.each(['--http1.1', '--http2'])('applies limits over TLS too (%s)', async (version) => {
    const source = version === '--http2' ? STRANGER.v4 : ADDRESS.client.v4;
    expectLimited(await ask(`https://${GATEWAY}/`, version, '--interface', source), '200');
  });

  test('answers excess requests with Retry-After, in the format that the client reads', async () => {
    const url = `http://${GATEWAY}:92/`;
    await ask(url);
    const html = (await nginx.curl('client', '-i', url)).stdout;
    expect(html).toMatch(/^HTTP\/1.1 429 /);
    expect(html).toMatch(/^retry-after: 1\r$/im);
    expect(html).toMatch(/^content-type: text\/html\r$/im);
    const [head = '', body = ''] = (
      await nginx.curl('client', '-i', '-H', 'Accept: application/json', url)
    ).stdout.split('\r\n\r\n');
    expect(head).toMatch(/^content-type: application\/json\r?$/im);
    const id = /^x-request-id: (\w+)/im.exec(head)?.[1];
    expect(JSON.parse(body)).toMatchObject({ status: 429, request: id });
  });

  test('does not affect other clients, or paths without limits', async () => {
    expectLimited(await ask(`http://${GATEWAY}:86/api/x`), '200');
    expect(await ask(`http://${GATEWAY}:86/api/x`, '--interface', STRANGER.v4)).toContain('200');
    expect(new Set(await ask(`http://${GATEWAY}:86/else`))).toEqual(new Set(['200']));
  });

  test('counts a forward and its paths together, and hosts with their own limits separately', async () => {
    expectLimited(await ask(`http://${GATEWAY}:88/`), '200');
    expect((await ask(`http://${GATEWAY}:88/a/x`)).filter((s) => s === '429').length).toBeGreaterThan(9);
    expect((await ask(`http://${GATEWAY}:88/b/x`)).filter((s) => s === '429').length).toBeGreaterThan(9);
    expectLimited(await ask(`http://${GATEWAY}:89/`, '-H', 'Host: a.example'), '200');
    expectLimited(await ask(`http://${GATEWAY}:89/`, '-H', 'Host: b.example'), '200');
  });

  test('counts all addresses of a /64 as one client', async () => {
    const url = `http://[${ADDRESS.gateway.v6}]:91/`;
    const first = await Promise.all(NEAR.map((a) => nginx.status('client', url, a)));
    expect(first).toEqual(['200', '200', '200']);
    expect(await ask(url, '--interface', STRANGER.v6)).toContain('429');
    expectLimited(await ask(url, '--interface', FAR), '200');
  });

  describe('open connections', () => {
    /** Statuses of concurrent slow requests. */
    const together = (count: number, port: number, source: string) =>
      Promise.all(
        Array.from({ length: count }, () =>
          nginx.curl(
            'client',
            ...['--interface', source, '-H', 'X-Test-Pieces: 3', '-o', '/dev/null', '-w', '%{http_code}'],
            `http://${GATEWAY}:${port}/`,
          ),
        ),
      );

    test('of HTTP are requests that wait for an answer', async () => {
      const [own, others] = await Promise.all([together(5, 90, ADDRESS.client.v4), together(2, 90, STRANGER.v4)]);
      expect(own.map((r) => r.stdout).sort()).toEqual(['200', '200', '429', '429', '429']);
      expect(others.map((r) => r.stdout)).toEqual(['200', '200']);
      await until('room again', async () => (await nginx.status('client', `http://${GATEWAY}:90/`)) === '200');
    });

    test('of TCP are open connections', async () => {
      const [own, others] = await Promise.all([together(5, 93, ADDRESS.client.v4), together(2, 93, STRANGER.v4)]);
      expect(own.map((r) => r.stdout).sort()).toEqual(['000', '000', '000', '200', '200']);
      expect(others.map((r) => r.stdout)).toEqual(['200', '200']);
    });

    test('of UDP are clients that have not timed out yet', async () => {
      await nginx.host.app('backend', 'udp', 9000);
      const asked = [];
      for (let i = 0; i < 4; i++) asked.push((await nginx.host.ask('client', 'udp', GATEWAY, 94)).name);
      expect(asked.map((name) => name === 'backend')).toEqual([true, true, false, false]);
    });
  });

  test('does not fill the error log with limited clients', async () => {
    expect(await nginx.host.read('/var/log/portway/error.log')).not.toMatch(/limiting/);
  });
});
