import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { Gateway } from './support/gateway';
import { ADDRESS, DEBIAN, describeHost, type Host, KILL_NGINX } from './support/host';

jest.setTimeout(60_000);

const tls = Tls.selfSigned();
const SECURE = { secure: Forward.https({ listen: 443, to: 8080, tls, hsts: true }) };
const BOTH = { ...SECURE, pass: Forward.tls({ listen: 443, hosts: { 'shop.example': { to: 8443 } } }) };

describeHost('a host that routes TLS by name', () => {
  let gateway: Gateway;
  let host: Host;
  beforeEach(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.app('gateway', 'tcp', 8080);
    const shop = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=shop -keyout /run/shop -out /run/shop 2>/dev/null
      exec openssl s_server -accept 8443 -cert /run/shop -www`;
    await host.serve('gateway', ['bash', '-c', shop]);
  });
  afterEach(() => gateway?.stop());

  /** The certificate that a client of this name sees. For the gateway's own, the forward's name. */
  const certificate = async (name: string) => {
    const words = ['-sk', '-v', '--max-time', '5', '--resolve', `*:443:${ADDRESS.gateway.v4}`];
    const { stderr } = await host.run('client', ['curl', ...words, '-o', '/dev/null', `https://${name}/`]);
    return /subject: CN=(\w+)/.exec(stderr)?.[1];
  };
  const both = async () => [await certificate('shop.example'), await certificate('other.example')];

  test('shares a port after a reload, and unshares it after another', async () => {
    await gateway.succeed({ forwards: SECURE, content: 'c1' });
    expect(await both()).toEqual(['secure', 'secure']);
    const pid = await host.read('/run/nginx.pid');
    await gateway.succeed({ forwards: BOTH, content: 'c2' });
    expect(await both()).toEqual(['shop', 'secure']);
    await gateway.succeed({ forwards: SECURE, content: 'c3' });
    expect(await both()).toEqual(['secure', 'secure']);
    expect(await host.read('/run/nginx.pid')).toBe(pid);
    expect((await gateway.signals()).map((s) => s.Status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
  });

  test('starts despite sockets left by a killed nginx', async () => {
    await gateway.succeed({ forwards: BOTH });
    await host.sh('gateway', `${KILL_NGINX}; [[ -S /run/portway-nginx/tls-pass.sock ]]; rm -f /run/nginx.pid`);
    expect((await gateway.reboot()).code).toBe(0);
    expect(await both()).toEqual(['shop', 'secure']);
  });

  (DEBIAN === 'debian-13' ? test : test.skip)(
    'a UDP port that another program holds fails a deploy with HTTP/3',
    async () => {
      const forwards = { secure: Forward.https({ listen: 443, to: 8080, tls, http3: true }) };
      await host.app('gateway', 'udp', 443);
      expect((await gateway.boot({ forwards })).code).not.toBe(0);
      const [signal] = await gateway.signals();
      expect(signal?.Reason).toMatch(/nginx needs port udp\/443, which another program holds/);
    },
  );
});
