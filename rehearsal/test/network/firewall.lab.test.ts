import { describeAsRoot } from '../../../test/support/as-root';
import { Cleanup } from '../../src/cleanup';
import { INTERNET6, macOf } from '../../src/network/addresses';
import { type FirewallRule, routerRules } from '../../src/network/firewall';
import { ipv6Map } from '../../src/network/ipv6';
import { Namespaces } from '../../src/network/namespaces';
import { layIpv6, layNetwork, type Party } from '../../src/network/topology';

const OWN = '10.0.0.10';
const EIP = '203.0.113.100';
const six = ipv6Map({ vpc: '2001:db8:1200::/56', subnet: '2001:db8:1200::/64' });
const OWN6 = '2001:db8:1200::10';

/** Waits for one packet of an IP protocol, and prints its sender, or nothing. */
const RECEIVE = `
import socket, sys
six, protocol = sys.argv[1] == "6", int(sys.argv[2])
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, protocol)
s.settimeout(1.5)
try:
    print(s.recvfrom(2048)[1][0])
except TimeoutError:
    print("nothing")
`;
/**
 * Sends packets of an IP protocol for a second, since the receiver may not be ready. They begin like GRE, which the
 * kernel parses.
 */
const SEND = `
import socket, sys, time
six, protocol, to = sys.argv[1] == "6", int(sys.argv[2]), sys.argv[3]
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, protocol)
for _ in range(10):
    s.sendto(bytes([0, 0, 8, 0]) + b"portway!" * 4, (to, 0))
    time.sleep(0.1)
`;
/** One echo request. The kernel fills in the checksum only for ICMPv6. */
const PING = `
import os, socket, struct, sys
six = ":" in sys.argv[1]
kind = socket.AF_INET6 if six else socket.AF_INET
s = socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
s.settimeout(1)
echo = struct.pack("!HHHH", (128 if six else 8) << 8, 0, os.getpid() & 0xFFFF, 1)
total = sum(struct.unpack("!HHHH", echo))
s.sendto(echo[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + echo[4:], (sys.argv[1], 0))
try:
    while s.recvfrom(2048)[0][0 if six else 20] != (129 if six else 0):
        pass
    print("answers")
except TimeoutError:
    print("nothing")
`;
const CONNECT = `
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1).close()
    print("open")
except ConnectionRefusedError:
    print("refused")
except OSError:
    print("nothing")
`;

jest.setTimeout(30_000);

/** A network namespace as an instance behind the lab's router, whose rules are tested. */
describeAsRoot('a security group in the lab', () => {
  const cleanup = new Cleanup();
  let namespaces: Namespaces;

  const python = async (where: string, program: string, ...words: string[]) =>
    (await namespaces.run(where, ['python3', '-c', program, ...words])).stdout;

  async function letIn(...ingress: FirewallRule[]): Promise<void> {
    const rules = routerRules([
      { privateIp: OWN, ipv6: OWN6, publicIp: EIP, hopLimit: 1, rules: { ingress, egress: [] } },
    ]);
    await namespaces.run('vpc', ['nft', '-f', '-'], { stdin: { string: rules } });
    // Open connections stay open, here as on EC2.
    await namespaces.run('vpc', ['conntrack', '--flush']);
  }

  const ping = (from: Party, to: string) => python(from, PING, to);

  /** Where a packet of the protocol that the instance received came from. */
  async function arrives(from: Party, protocol: number, family: 4 | 6 = 4): Promise<string> {
    const to = family === 4 ? EIP : OWN6;
    const [got] = await Promise.all([
      python('host', RECEIVE, `${family}`, `${protocol}`),
      python(from, SEND, `${family}`, `${protocol}`, to),
    ]);
    return got;
  }

  beforeAll(async () => {
    namespaces = await Namespaces.create(`sg-${process.pid}`, cleanup);
    await layNetwork(namespaces);
    await layIpv6(namespaces, six);
    await namespaces.add('host');
    await namespaces.join('vpc', 'host', 'host', 'eth0');
    await namespaces.ip('vpc', ['link set host master vpc', 'link set host up']);
    await namespaces.ip('host', [
      `link set eth0 address ${macOf(OWN)}`,
      `address add ${OWN}/24 dev eth0`,
      'link set eth0 up',
      'route add default via 10.0.0.1',
      `address add ${OWN6}/64 dev eth0 nodad`,
      `route add default via ${six.router}`,
    ]);
    await namespaces.ip('internet', [`route add ${EIP}/32 via 192.0.2.2`]);
  });

  afterAll(() => cleanup.run());

  test('echo requests of either version by themselves', async () => {
    await letIn({ protocol: 'icmp', fromPort: 8, toPort: -1, cidrs: ['0.0.0.0/0'] });
    expect([await ping('stranger', EIP), await ping('stranger', OWN6)]).toEqual(['answers', 'nothing']);
    await letIn({ protocol: 'icmpv6', fromPort: 128, toPort: 0, cidrs: ['::/0'] });
    expect([await ping('stranger', EIP), await ping('stranger', OWN6)]).toEqual(['nothing', 'answers']);
  });

  test('protocols by number, from some networks', async () => {
    await letIn({ protocol: '50', cidrs: ['198.51.100.0/24', `${INTERNET6.admin.address}/128`] });
    expect(await arrives('stranger', 50)).toBe('198.51.100.10');
    expect(await arrives('admin', 50)).toBe('nothing');
    expect(await arrives('stranger', 47)).toBe('nothing');
    expect(await arrives('admin', 50, 6)).toBe(INTERNET6.admin.address);
    expect(await arrives('stranger', 50, 6)).toBe('nothing');
  });

  test('everything from one network, nothing from another', async () => {
    await letIn({ protocol: '-1', cidrs: ['203.0.113.7/32'] });
    expect([await ping('admin', EIP), await ping('stranger', EIP)]).toEqual(['answers', 'nothing']);
    expect(await arrives('admin', 47)).toBe('203.0.113.7');
    expect([await python('admin', CONNECT, EIP, '81'), await python('stranger', CONNECT, EIP, '81')]).toEqual([
      'refused',
      'nothing',
    ]);
  });

  test('ports of IPv6 networks', async () => {
    await letIn({ protocol: 'tcp', fromPort: 80, toPort: 90, cidrs: [`${INTERNET6.stranger.address}/128`] });
    const reached = async (party: Party, port: string) => python(party, CONNECT, OWN6, port);
    expect([await reached('stranger', '81'), await reached('stranger', '91'), await reached('admin', '81')]).toEqual([
      'refused',
      'nothing',
      'nothing',
    ]);
  });
});
