import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { camera } from '../../docs/recipes/camera';
import { gameServer } from '../../docs/recipes/game-server';
import { gameServers } from '../../docs/recipes/game-servers';
import { ipsec } from '../../docs/recipes/ipsec';
import { byHost, byName, byPath, byPort } from '../../docs/recipes/microservices';
import { nas } from '../../docs/recipes/nas';
import { spring } from '../../docs/recipes/spring';
import { wireguard } from '../../docs/recipes/wireguard';
import { HealthHost } from './support/health';
import { ADDRESS, describeHost, type Host } from './support/host';
import { NginxHost } from './support/nginx';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
/** An address outside the office's and the operators' networks. */
const STRANGER = '203.0.113.66';
const OPERATOR = '203.0.113.7';

/** Real traffic through each recipe in docs/recipes. */
describeHost('recipes on iptables', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeEach(async () => {
    kernel = await RulesHost.start({ rooted: ['gateway', 'client', 'backend'] });
    host = kernel.host;
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1; ip route add 203.0.113.0/24 dev ens5');
    await host.sh('client', `ip addr add ${STRANGER}/32 dev eth0; ip addr add ${OPERATOR}/32 dev eth0`);
  });
  afterEach(() => kernel.stop());

  /** A host behind the gateway, in the backend's namespace. */
  const backend = (address: string) => host.sh('backend', `ip addr add ${address}/24 dev eth0`);
  const asked = async (protocol: 'tcp' | 'udp', port: number, address?: string) =>
    (await host.ask('client', protocol, GATEWAY, port, address === undefined ? {} : { address })).name;

  test('nas: passes a large file over TLS that the NAS ends; strangers get nothing', async () => {
    await backend('10.0.1.20');
    await host.app('backend', 'tcp', 22, 'sftp', '10.0.1.20');
    await host.sh(
      'backend',
      `cd /run
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=nas -keyout key -out crt 2>/dev/null
      head -c 30000000 /dev/urandom >film`,
    );
    await host.serve('backend', [
      'bash',
      '-c',
      'cd /run; exec openssl s_server -accept 10.0.1.20:5001 -key key -cert crt -WWW',
    ]);
    await kernel.apply(rulesOf(nas));
    const [there] = (await host.sh('backend', 'sha256sum </run/film')).split(' ');
    const [here] = (await host.sh('client', `curl -sk https://${GATEWAY}:5001/film | sha256sum`)).split(' ');
    expect(here).toBe(there);
    // The server that ended TLS presented this name.
    const seen = await host.sh('client', `curl -skv https://${GATEWAY}:5001/film -o /dev/null 2>&1 | grep subject:`);
    expect(seen).toContain('CN=nas');
    expect(await asked('tcp', 2222)).toBe('sftp');
    expect(await asked('tcp', 2222, STRANGER)).toMatch(/^none/);
    expect(
      (await host.run('client', ['curl', '-skm2', '--interface', STRANGER, `https://${GATEWAY}:5001/`])).code,
    ).toBe(28);
  });

  test('nas: slows down password guessing', async () => {
    await backend('10.0.1.20');
    await host.app('backend', 'tcp', 22, 'sftp', '10.0.1.20');
    await kernel.apply(rulesOf(nas));
    const tries = Array.from({ length: 12 }, () => asked('tcp', 2222));
    const answered = (await Promise.all(tries)).filter((name) => name === 'sftp').length;
    expect(answered).toBeGreaterThanOrEqual(4);
    expect(answered).toBeLessThan(12);
  });

  test.each(['tcp', 'udp'] as const)('camera: passes the whole picture to a player over %s', async (way) => {
    await backend('10.0.1.30');
    await host.serve('backend', ['python3', '/support/rtsp.py', 'camera', '10.0.1.30', '554', '6980']);
    await kernel.apply(rulesOf(camera));
    const play = (...before: string[]) =>
      host.run('client', [...before, 'python3', '/support/rtsp.py', 'play', GATEWAY, '554', way, '200']);
    const { stdout, stderr } = await play();
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ came: 200, sources: way === 'udp' ? [`${GATEWAY}:6980`] : [] });
    // A stranger cannot even connect.
    await host.sh(
      'client',
      `ip addr add 203.0.113.66/32 dev lo || :; ip route add ${GATEWAY}/32 dev eth0 src ${STRANGER}`,
    );
    expect((await play()).stderr).toMatch(/timed out/i);
  });

  test("game server: keeps a player's flow, limits a flood of flows, restricts the console to operators", async () => {
    await backend('10.0.1.40');
    await host.app('backend', 'udp', 27015, 'game', '10.0.1.40');
    await host.app('backend', 'tcp', 27015, 'console', '10.0.1.40');
    await kernel.apply(rulesOf(gameServer));
    const play = () => host.ask('client', 'udp', GATEWAY, 27015, { port: 40_000, address: ADDRESS.client.v4 });
    for (let i = 0; i < 5; i++) expect((await play()).name).toBe('game');
    // One address opens flows as fast as it can while the player keeps playing.
    const flood = `
import socket
for port in range(20000, 20400):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("${STRANGER}", port))
        s.sendto(b"?", ("${GATEWAY}", 27015))`;
    await host.sh('client', `python3 -c '${flood}'`);
    expect((await play()).name).toBe('game');
    const flows = await host.sh('gateway', `conntrack -L -p udp -s ${STRANGER} 2>/dev/null | wc -l`);
    expect(Number(flows)).toBeGreaterThan(0);
    expect(Number(flows)).toBeLessThan(200);
    expect(await asked('tcp', 27015, OPERATOR)).toBe('console');
    expect(await asked('tcp', 27015)).toMatch(/^none/);
  });

  describe('wireguard', () => {
    /** One end of the tunnel; the kernel here need not know WireGuard. */
    const end = (party: 'client' | 'backend', address: string, listen: string) =>
      host.sh(
        party,
        `mkdir -p /run/wireguard
        wireguard-go wg0 >/run/wireguard.log 2>&1
        wg genkey >/run/key; wg pubkey </run/key >/run/pub
        wg set wg0 private-key /run/key ${listen}
        ip addr add ${address}/24 dev wg0; ip link set wg0 up mtu 1420
        cat /run/pub`,
      );

    test('passes the handshake, and TCP through the tunnel', async () => {
      // wireguard-go answers from its host's first address, whichever address it was contacted at.
      await host.sh('backend', 'ip -4 addr flush dev eth0');
      await backend('10.0.1.50');
      await kernel.apply(rulesOf(wireguard));
      const server = (await end('backend', '10.9.0.1', 'listen-port 51820')).trim();
      const peer = (await end('client', '10.9.0.2', '')).trim();
      await host.sh('backend', `wg set wg0 peer ${peer} allowed-ips 10.9.0.2/32`);
      await host.sh('client', `wg set wg0 peer ${server} endpoint ${GATEWAY}:51820 allowed-ips 10.9.0.0/24`);
      await host.app('backend', 'tcp', 8080, 'inside', '10.9.0.1');
      expect(await host.ask('client', 'tcp', '10.9.0.1', 8080)).toMatchObject({ name: 'inside', client: '10.9.0.2' });
      const shaken = async (party: 'client' | 'backend') =>
        Number((await host.sh(party, 'wg show wg0 latest-handshakes')).trim().split('\t')[1]);
      expect(await shaken('client')).toBeGreaterThan(0);
      expect(await shaken('backend')).toBeGreaterThan(0);
      // The server sees the gateway as its peer.
      expect(await host.sh('backend', 'wg show wg0 endpoints')).toContain(`\t${ADDRESS.inside.v4}:`);
    });
  });

  test('ipsec: passes IKE on both ports, and ESP both ways; strangers get nothing', async () => {
    await backend('10.0.1.50');
    for (const port of [500, 4500]) await host.app('backend', 'udp', port, 'ike', '10.0.1.50');
    await host.serve('backend', ['python3', '/support/raw.py', 'serve', '50', '10.0.1.50']);
    await kernel.apply(rulesOf(ipsec));
    for (const port of [500, 4500]) {
      expect(await asked('udp', port)).toBe('ike');
      expect(await asked('udp', port, STRANGER)).toMatch(/^none/);
    }
    const esp = await host.sh('client', `python3 /support/raw.py ask 50 ${GATEWAY} 'encrypted words'`);
    expect(esp.trim()).toBe(`encrypted words ${GATEWAY}`);
  });

  test("microservices by port: passes MQTT over TLS unchanged, and shares the database's load", async () => {
    for (const address of ['10.0.1.64', '10.0.1.65', '10.0.1.66']) await backend(address);
    await host.app('backend', 'tcp', 8883, 'mqtt', '10.0.1.64');
    await host.app('backend', 'tcp', 5432, 'one', '10.0.1.65');
    await host.app('backend', 'tcp', 5432, 'two', '10.0.1.66');
    await kernel.apply(rulesOf(byPort));
    expect(await asked('tcp', 8883)).toBe('mqtt');
    expect(Object.keys(await host.share('tcp', GATEWAY, 5432, 40)).sort()).toEqual(['one', 'two']);
  });
});

describeHost('recipes with a health check', () => {
  let health: HealthHost;
  beforeEach(async () => {
    health = await HealthHost.start();
  });
  afterEach(() => health.stop());

  test('game servers: keeps a player on one server, and moves the player when it falls silent', async () => {
    await health.backend('udp', '10.0.1.40', 27015, 'one');
    await health.backend('udp', '10.0.1.41', 27015, 'two');
    await health.deploy(gameServers);
    const play = async (port: number) => (await health.host.ask('client', 'udp', GATEWAY, 27015, { port })).name;
    const mine = await play(40_000);
    // The same client address, whatever flow it opens.
    for (const port of [40_001, 40_002, 40_003]) expect(await play(port)).toBe(mine);
    const [address, other] = mine === 'one' ? ['10.0.1.40', 'two'] : ['10.0.1.41', 'one'];
    await health.silence(address ?? '');
    await health.down(`${address}:27015`);
    expect(await play(40_000)).toBe(other);
  });
});

describeHost('recipes on nginx', () => {
  let nginx: NginxHost;
  let host: Host;
  beforeEach(async () => {
    nginx = await NginxHost.start();
    host = nginx.host;
  });
  afterEach(() => nginx.stop());

  const web = async (address: string, name: string) => {
    await host.sh('backend', `ip addr add ${address}/24 dev eth0`);
    await host.serve('backend', ['python3', host.support('backend', 'web.py'), '8080', name, address]);
  };
  const get = (url: string, ...words: string[]) => nginx.request(url, ...words);

  test('spring: tells the application https, the client and the host name', async () => {
    await host.serve('gateway', ['python3', '/support/web.py', '8080', 'spring', '127.0.0.1']);
    await nginx.run(spring);
    const { headers } = await get(`https://${GATEWAY}/orders`, '-H', 'Host: shop.example.com');
    expect(headers).toEqual(
      expect.arrayContaining([
        ['host', 'shop.example.com'],
        ['x-forwarded-proto', 'https'],
        ['x-forwarded-for', ADDRESS.client.v4],
      ]),
    );
    const { stdout } = await nginx.curl(
      'client',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{redirect_url}',
      `http://${GATEWAY}/x`,
    );
    expect(stdout).toBe(`308 https://${GATEWAY}/x`);
    expect(await nginx.status('client', `http://${GATEWAY}:8080/`)).toBe('000');
  });

  test('microservices by path: routes requests', async () => {
    for (const [i, name] of ['front', 'users', 'orders', 'orders'].entries()) await web(`10.0.1.${60 + i}`, name);
    await nginx.run(byPath);
    for (const [path, name, seen] of [
      ['/', 'front', '/'],
      ['/api/users/42', 'users', '/42'],
      ['/api/orders/7', 'orders', '/api/orders/7'],
      ['/api/else', 'front', '/api/else'],
    ] as const) {
      expect(await get(`https://${GATEWAY}${path}`)).toMatchObject({ name, path: seen });
    }
  });

  test('microservices by host: routes requests', async () => {
    for (const [i, name] of ['shop', 'api', 'api'].entries()) await web(`10.0.1.${60 + i}`, name);
    await nginx.run(byHost);
    // The name is in the TLS handshake too.
    const ask = (name: string) =>
      nginx.curl('client', '--resolve', `${name}.example.com:443:${GATEWAY}`, `https://${name}.example.com/`);
    for (const name of ['shop', 'api']) expect(JSON.parse((await ask(name)).stdout)).toMatchObject({ name });
    expect((await ask('other')).stdout).toBe('');
  });

  test('microservices by name: one service ends TLS itself, the gateway for the others', async () => {
    await web('10.0.1.60', 'front');
    await host.sh('backend', 'ip addr add 10.0.1.67/24 dev eth0');
    const folder = mkdtempSync(join(tmpdir(), 'portway-bank-'));
    const certificate = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bank -keyout -';
    writeFileSync(join(folder, 'bank.pem'), await host.sh('gateway', `${certificate} 2>/dev/null`));
    const server = [host.support('backend', 'tls.py'), '8443', 'bank', join(folder, 'bank.pem')];
    await host.serve('backend', ['python3', ...server]);
    rmSync(folder, { recursive: true });
    await nginx.run(byName);
    const ask = (name: string) =>
      nginx.curl('client', '-v', '--resolve', `*:443:${GATEWAY}`, `https://${name}.example.com/`);
    expect((await ask('bank')).stderr).toMatch(/subject: CN=bank/);
    expect(JSON.parse((await ask('www')).stdout)).toMatchObject({ name: 'front' });
  });
});
