import { Forward } from '../../lib/forward/forward';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, type Party } from './support/host';

jest.setTimeout(60_000);

const LOCAL = { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) };
const REMOTE = { web: Forward.tcp({ listen: 80, to: '10.0.1.10:8080', engine: 'iptables' }) };
const NGINX = { web: Forward.tcp({ listen: 80, to: 8080 }) };

describeHost('kernel settings', () => {
  let gateway: Gateway;
  let host: Host;
  beforeEach(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
  });
  afterEach(() => gateway.stop());

  const setting = async (name: string) =>
    (await host.sh('gateway', `cat /proc/sys/${name.replaceAll('.', '/')}`)).trim().replaceAll('\t', ' ');
  const deploy = (forwards: Deploy['forwards'], settings: Deploy['settings'] = {}) =>
    gateway.succeed({ forwards, settings });

  test.each<[string, Deploy['forwards'], Deploy['settings'], string, string]>([
    ['targets on the gateway', LOCAL, {}, '0', '0'],
    ['targets of nginx on other hosts', { web: Forward.tcp({ listen: 80, to: '10.0.1.10:80' }) }, {}, '0', '0'],
    ['IPv4 targets on other hosts', REMOTE, {}, '1', '0'],
    [
      'IPv6 targets on other hosts',
      { web: Forward.tcp({ listen: 80, to: '[fd00:1::10]:80', engine: 'iptables' }) },
      {},
      '0',
      '1',
    ],
    ['a protocol', { vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.10' }) }, {}, '1', '0'],
    ['egress of private networks', NGINX, { egress: [{ text: '10.0.1.0/24', family: 4 }] }, '1', '0'],
    ['the same over IPv6', NGINX, { egress: [{ text: 'fd00:1::/64', family: 6 }] }, '0', '1'],
  ])('turns on IP forwarding only where needed: %s', async (_, forwards, settings, v4, v6) => {
    await deploy(forwards, settings);
    expect(await setting('net.ipv4.ip_forward')).toBe(v4);
    expect(await setting('net.ipv6.conf.all.forwarding')).toBe(v6);
  });

  test('forgets silent tracked connections earlier, and answered UDP flows later', async () => {
    const names = ['tcp_timeout_established', 'tcp_timeout_time_wait', 'udp_timeout_stream'].map(
      (name) => `net.netfilter.nf_conntrack_${name}`,
    );
    await deploy(LOCAL);
    expect(await Promise.all(names.map(setting))).toEqual(['86400', '30', '300']);
  });

  test('gives nginx more ephemeral ports, with the same lower bound', async () => {
    await deploy(NGINX);
    expect(await setting('net.ipv4.ip_local_port_range')).toBe('32768 65535');
  });

  /** The table's size is global to the machine, so values are recorded instead of set. */
  test.each([
    [512, [32_768, 32_768]],
    [1024, [65_536, 65_536]],
    [4096, [262_144, 262_144]],
    [131_072, [1_048_576, 1_048_576]],
  ])('a host of %i MiB tracks a connection for each 16 KiB', async (mib, sizes) => {
    await host.sh(
      'gateway',
      `echo 'MemTotal: ${mib * 1024} kB' >/run/meminfo; mount --bind /run/meminfo /proc/meminfo`,
    );
    const now = (size: number) =>
      host.sh(
        'gateway',
        `for name in buckets max; do file=/proc/sys/net/netfilter/nf_conntrack_$name
          umount $file 2>/dev/null || :
          echo ${size} >/run/$name; mount --bind /run/$name $file; done`,
      );
    await now(8192);
    await host.write(
      '/usr/local/sbin/sysctl',
      '#!/bin/bash\ncase "$*" in\n*conntrack_buckets=* | *conntrack_max=*) echo "$2" >>/run/sizes ;;\n*) exec /usr/sbin/sysctl "$@" ;;\nesac\n',
      '0755',
    );
    await deploy(LOCAL);
    const prefix = 'net.netfilter.nf_conntrack_';
    expect(await host.read('/run/sizes')).toBe(`${prefix}buckets=${sizes[0]}\n${prefix}max=${sizes[1]}\n`);
    // A value that is large enough is left alone.
    await now(2_000_000);
    await host.sh('gateway', 'rm /run/sizes; portway rules remove');
    expect(await host.read('/run/sizes')).toBe('');
  });

  describe('pings', () => {
    const ping = async (from: Party, address: string) =>
      (await host.sh(from, `python3 ${host.support(from, 'ping.py')} ${address}`)).trim();
    const all = () =>
      Promise.all([
        ping('client', ADDRESS.gateway.v4),
        ping('client', ADDRESS.gateway.v6),
        ping('backend', ADDRESS.inside.v4),
        ping('backend', ADDRESS.inside.v6),
      ]);

    test.each([NGINX, LOCAL])('are answered unless switched off, in both IP versions', async (forwards) => {
      await deploy(forwards);
      expect(await all()).toEqual(Array(4).fill('answered'));
      await deploy(forwards, { ping: false });
      expect(await all()).toEqual(Array(4).fill('silent'));
    });
  });
});
