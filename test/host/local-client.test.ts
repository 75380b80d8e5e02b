import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { SOURCE_ADDRESS } from '../../lib/nginx/source-address';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;

/** Debian's own settings for these pages: `Require local`. */
const APACHE = `ServerName test
PidFile /run/apache.pid
ErrorLog /run/apache.log
Listen 8080
${['mpm_event', 'authz_core', 'authz_host', 'status'].map((m) => `LoadModule ${m}_module /usr/lib/apache2/modules/mod_${m}.so`).join('\n')}
<Location /server-status>
SetHandler server-status
Require local
</Location>
`;

describeHost('applications on the gateway that trust local clients', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.write('/etc/apache.conf', APACHE);
    await host.sh('gateway', 'apache2 -f /etc/apache.conf');
    for (const port of [8081, 8082]) await host.app('gateway', 'tcp', port, `${port}`, '127.0.0.1');
    await host.app('gateway', 'udp', 8083, 'datagrams', '127.0.0.1');
    await host.app('gateway', 'udp', 8084, 'wildcard');
    await host.app('backend', 'tcp', 9000);
    const remote = `${ADDRESS.backend.v4}:9000`;
    await gateway.succeed({
      forwards: {
        web: Forward.http({ listen: 80, to: 8080 }),
        secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
        routed: Forward.http({ listen: 81, to: remote, routes: { '/server-status': { to: 8080 } } }),
        tcp: Forward.tcp({ listen: 7000, to: 8080, engine: 'nginx' }),
        first: Forward.tcp({ listen: 7001, to: 8081, engine: 'nginx' }),
        second: Forward.tcp({ listen: 7002, to: 8082, engine: 'nginx' }),
        udp: Forward.udp({ listen: 7003, to: 8083, engine: 'nginx' }),
        wildcard: Forward.udp({ listen: 7007, to: 8084, engine: 'nginx' }),
        remote: Forward.tcp({ listen: 7004, to: remote, engine: 'nginx' }),
        mixed: Forward.tcp({ listen: 7005, to: [8081, remote], engine: 'nginx' }),
        names: Forward.tls({
          listen: 8443,
          hosts: { 'here.example': { to: 8081 }, 'there.example': { to: remote } },
        }),
        kernel: Forward.tcp({ listen: 7006, to: 8080, engine: 'iptables' }),
      },
    });
  });
  afterAll(() => gateway.stop());

  const status = async (url: string, from: 'client' | 'gateway' = 'client') =>
    (await host.run(from, ['curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '5', url])).stdout;

  test("Apache's local-only pages stay closed through every kind of forward", async () => {
    expect(await status('http://127.0.0.1:8080/server-status', 'gateway')).toBe('200');
    for (const url of [
      `http://${GATEWAY}/server-status`,
      `https://${GATEWAY}/server-status`,
      `http://${GATEWAY}:81/server-status`,
      `http://${GATEWAY}:7000/server-status`,
      `http://${GATEWAY}:7006/server-status`,
    ])
      expect([url, await status(url)]).toEqual([url, '403']);
  });

  test.each([
    ['tcp', 7001, '8081', SOURCE_ADDRESS],
    ['udp', 7003, 'datagrams', SOURCE_ADDRESS],
    ['udp', 7007, 'wildcard', SOURCE_ADDRESS],
    ['tcp', 7004, 'backend', ADDRESS.inside.v4],
  ] as const)('%s on %i: %s sees %s', async (protocol, port, name, client) => {
    expect(await host.ask('client', protocol, GATEWAY, port)).toMatchObject({ name, client });
  });

  test('mixed local and remote targets each see an address that they can answer', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const { name, client } = await host.ask('client', 'tcp', GATEWAY, 7005);
      seen.add(`${name} ${client}`);
    }
    expect([...seen].sort()).toEqual(['8081 127.0.0.1', `backend ${ADDRESS.inside.v4}`]);
  });

  test.each([
    ['here.example', '8081', SOURCE_ADDRESS],
    ['there.example', 'backend', ADDRESS.inside.v4],
  ])('TLS by name %s: %s sees %s', async (asked, name, client) => {
    // The applications do not speak TLS; they answer the ClientHello in plain text.
    const script = `import socket, ssl
out = ssl.MemoryBIO()
tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="${asked}")
try:
    tls.do_handshake()
except ssl.SSLWantReadError:
    pass
with socket.create_connection(("${GATEWAY}", 8443), 3) as s:
    s.sendall(out.read())
    print(b"".join(iter(lambda: s.recv(999), b"")).decode())`;
    const { stdout } = await host.run('client', ['python3', '-c', script]);
    expect(JSON.parse(stdout.split('\r\n\r\n')[1] ?? '')).toMatchObject({ name, client });
  });

  test("the source address is not listed among the host's own addresses", async () => {
    expect(await host.sh('gateway', 'ip -o addr')).not.toContain(SOURCE_ADDRESS);
    expect(await host.sh('gateway', 'hostname -I')).not.toContain(SOURCE_ADDRESS);
  });

  test('each target has the full port range of the source address', async () => {
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_local_port_range="40000 40009"');
    const script = `import socket
held = [socket.create_connection(("${GATEWAY}", port), 3) for port in (7001, 7002) for _ in range(8)]
for s in held:
    s.sendall(b"x")
print(sum(b"name" in s.recv(999) for s in held))`;
    expect((await host.run('client', ['python3', '-c', script])).stdout).toBe('16\n');
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_local_port_range="32768 65535"');
  });

  test('the source address is restored when nginx starts, and at setup', async () => {
    const stopAndStart = 'kill -TERM "$(</run/nginx.pid)"; systemctl stop nginx; systemctl start nginx';
    for (const again of [stopAndStart, '/var/lib/cloud/scripts/per-boot/portway.sh']) {
      await host.sh('gateway', `ip route del local ${SOURCE_ADDRESS} dev lo`);
      expect((await host.ask('client', 'tcp', GATEWAY, 7001)).name).toMatch(/^none/);
      await host.sh('gateway', again);
      expect(await host.ask('client', 'tcp', GATEWAY, 7001)).toMatchObject({ name: '8081', client: SOURCE_ADDRESS });
    }
  });
});
