import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../../../test/support/as-root';
import { Cleanup } from '../../src/cleanup';
import { INTERNET, macOf } from '../../src/network/addresses';
import { type FirewallRule, type Placement, routerRules } from '../../src/network/firewall';
import { addHost } from '../../src/network/host';
import { Namespaces } from '../../src/network/namespaces';
import { layNetwork, type Party } from '../../src/network/topology';

const HOSTS = ['10.0.0.10', '10.0.1.10', '10.0.1.11'] as const;
const NODES = [
  { privateIp: '10.0.0.4', publicIp: '203.0.113.100' },
  { privateIp: '10.0.1.4', publicIp: '203.0.113.101' },
] as const;

/** Answers each line of a connection with this host's name and the client's address, on two TCP ports and a UDP port. */
const SERVE = `
import socketserver, sys, threading
name = sys.argv[1]
class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for _ in self.rfile:
            self.wfile.write(f"{name} {self.client_address[0]}\\n".encode())
class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(f"{name} {self.client_address[0]}".encode(), self.client_address)
socketserver.ThreadingTCPServer.daemon_threads = True
servers = [socketserver.ThreadingTCPServer(("0.0.0.0", port), Lines) for port in (80, 10256)]
servers.append(socketserver.ThreadingUDPServer(("0.0.0.0", 53), Datagram))
for server in servers:
    threading.Thread(target=server.serve_forever).start()
`;

/** Asks over so many connections, one after the other, and prints the answers; "nothing" for none. */
const ASK = `
import socket, sys
kind, to, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for _ in range(count):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    s.settimeout(1)
    try:
        s.connect((to, port))
        s.send(b"who\\n")
        print(s.recv(99).decode().strip())
    except OSError:
        print("nothing")
`;

/** Opens a connection, and asks over it at each line of its input. */
const HOLD = `
import socket, sys, time
s = socket.create_connection((sys.argv[1], 80), timeout=2)
for _ in range(12):
    s.send(b"who\\n")
    print(s.recv(99).decode().strip())
    time.sleep(0.25)
`;

jest.setTimeout(30_000);

/** Namespaces as hosts in two zones behind the lab's router, which stands for their balancer too. */
describeAsRoot("a fleet's balancer in the lab", () => {
  const cleanup = new Cleanup();
  let namespaces: Namespaces;
  const servers: AbortController[] = [];

  const python = async (where: Party, program: string, ...words: string[]) =>
    (await namespaces.run(where, ['python3', '-c', program, ...words])).stdout.split('\n');
  const ask = (who: Party, to: string, port = 80, count = 1, kind = 'tcp') =>
    python(who, ASK, kind, to, `${port}`, `${count}`);

  const tcp = (port: number, more: Partial<FirewallRule>): FirewallRule => ({
    ...{ protocol: 'tcp', fromPort: port, toPort: port, cidrs: [], ...more },
  });
  const own: readonly FirewallRule[] = [
    tcp(80, { groups: ['sg-balancer'] }),
    tcp(10256, { groups: ['sg-balancer'] }),
    { ...tcp(53, { groups: ['sg-balancer'] }), protocol: 'udp' },
  ];
  const placements = HOSTS.map(
    (privateIp, i): Placement => ({
      ...{ privateIp, publicIp: `203.0.113.${200 + i}`, hopLimit: 1 },
      rules: { ids: ['sg-hosts'], ingress: own, egress: [] },
    }),
  );

  /** @param second the hosts of the second zone that get new connections */
  async function balance(second: readonly string[], clients: FirewallRule[] = [tcp(80, { cidrs: ['0.0.0.0/0'] })]) {
    const ports = (hosts: readonly string[]) => [
      { transport: 'tcp' as const, port: 80, hosts },
      { transport: 'udp' as const, port: 53, hosts },
    ];
    const egress = own.map((rule) => ({ ...rule, groups: ['sg-hosts'] }));
    const balancer = {
      rules: { ids: ['sg-balancer'], ingress: clients, egress },
      nodes: NODES.map((node, zone) => ({ ...node, ports: ports(zone === 0 ? [HOSTS[0]] : second) })),
    };
    const rules = routerRules(placements, true, balancer);
    await namespaces.run('vpc', ['nft', '-f', '-'], { stdin: { string: rules } });
  }

  beforeAll(async () => {
    namespaces = await Namespaces.create(`lb-${process.pid}`, cleanup);
    await layNetwork(namespaces, 2);
    for (const [i, { privateIp }] of NODES.entries()) await addHost(namespaces, 900 + i, privateIp);
    for (const [i, address] of HOSTS.entries()) {
      const host = `vm${i}`;
      await namespaces.add(host);
      await namespaces.join('vpc', host, host, 'eth0');
      await namespaces.ip('vpc', [`link set ${host} master vpc`, `link set ${host} up`]);
      await namespaces.run('vpc', ['bridge', 'link', 'set', 'dev', host, 'isolated', 'on']);
      await namespaces.ip(host, [
        `link set eth0 address ${macOf(address)}`,
        `address add ${address}/24 dev eth0`,
        'link set eth0 up',
        `route add default via ${address.replace(/\d+$/, '1')}`,
      ]);
      const ending = new AbortController();
      servers.push(ending);
      void namespaces.run(host, ['python3', '-c', SERVE, address], { signal: ending.signal }).catch(() => undefined);
    }
    for (const { publicIp } of [...NODES, ...placements])
      await namespaces.ip('internet', [`route add ${publicIp}/32 via ${INTERNET.transit.vpc}`]);
    await balance([HOSTS[1], HOSTS[2]]);
    // Until they listen.
    for (const host of HOSTS)
      for (let i = 0; i < 50 && (await ask('host-900', host, 10256))[0] === 'nothing'; i++) await sleep(100);
  });

  afterAll(async () => {
    for (const server of servers) server.abort();
    await cleanup.run();
  });

  test("a zone's address leads to the hosts of that zone, which see the client", async () => {
    const { address: client } = INTERNET.stranger;
    expect(await ask('stranger', NODES[0].publicIp, 80, 3)).toEqual(Array(3).fill(`${HOSTS[0]} ${client}`));
    const second = new Set(await ask('stranger', NODES[1].publicIp, 80, 24));
    expect(second).toEqual(new Set([`${HOSTS[1]} ${client}`, `${HOSTS[2]} ${client}`]));
  });

  test('only what the security groups of both admit', async () => {
    // The balancer's group has no rule for UDP yet.
    expect(await ask('stranger', NODES[0].publicIp, 53, 1, 'udp')).toEqual(['nothing']);
    const udp = { ...tcp(53, { cidrs: [`${INTERNET.stranger.address}/32`] }), protocol: 'udp' };
    await balance([HOSTS[1], HOSTS[2]], [tcp(80, { cidrs: ['0.0.0.0/0'] }), udp]);
    expect(await ask('stranger', NODES[0].publicIp, 53, 1, 'udp')).toEqual([
      `${HOSTS[0]} ${INTERNET.stranger.address}`,
    ]);
    expect(await ask('admin', NODES[0].publicIp, 53, 1, 'udp')).toEqual(['nothing']);
    // Hosts have addresses of their own, which their group opens to the balancer alone.
    expect(await ask('stranger', '203.0.113.200')).toEqual(['nothing']);
    expect(await ask('stranger', '203.0.113.200', 10256)).toEqual(['nothing']);
    expect(await ask('stranger', NODES[0].publicIp, 10256)).toEqual(['nothing']);
    expect(await ask('host-901', HOSTS[1], 10256)).toEqual([`${HOSTS[1]} ${NODES[1].privateIp}`]);
    expect(await ask('host-901', HOSTS[1], 22)).toEqual(['nothing']);
  });

  test('a host that gets no new connections keeps those that are open', async () => {
    await balance([HOSTS[1]]);
    const held = python('stranger', HOLD, NODES[1].publicIp);
    await sleep(1000);
    await balance([HOSTS[2]]);
    const { address: client } = INTERNET.stranger;
    expect(new Set(await ask('stranger', NODES[1].publicIp, 80, 6))).toEqual(new Set([`${HOSTS[2]} ${client}`]));
    expect(await held).toEqual(Array(12).fill(`${HOSTS[1]} ${client}`));
    await balance([]);
    expect(await ask('stranger', NODES[1].publicIp)).toEqual(['nothing']);
  });
});
