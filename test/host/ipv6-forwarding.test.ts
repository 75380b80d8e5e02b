import { Forward } from '../../lib/forward/forward';
import { assetFiles, PROGRAMS } from '../../lib/host/assets';
import { type Deploy, Gateway } from './support/gateway';
import { describeHost, type Host } from './support/host';

jest.setTimeout(60_000);

const GOOD: Deploy = {
  forwards: { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) },
  content: 'forwards-ipv6',
  alter: (content) => ({
    ...content,
    files: [...content.files, ...assetFiles('/etc/sysctl.d/91-portway-ipv6.conf', `${PROGRAMS}/host.d/ipv6.sh`)],
  }),
};

describeHost('IPv6 forwarding and the default route by router advertisements', () => {
  let gateway: Gateway;
  let host: Host;
  beforeEach(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.sh('gateway', 'ip -6 route add default via fe80::1 dev ens5 proto ra');
  });
  afterEach(() => gateway.stop());

  const sysctl = async (name: string) => (await host.sh('gateway', `cat /proc/sys/net/ipv6/conf/${name}`)).trim();
  const takes = (who: 0 | 1 | 2) => host.sh('gateway', `echo ${who} >/proc/sys/net/ipv6/conf/ens5/accept_ra`);

  test('fails the deploy before any change, with a remedy, if the kernel processes router advertisements', async () => {
    await takes(1);
    expect((await gateway.boot(GOOD)).code).toBe(1);
    expect((await gateway.signals()).map((s) => s.Reason)).toEqual([
      expect.stringContaining(
        'IPv6 forwarding would cost this host its default route: set net.ipv6.conf.ens5.accept_ra = 2',
      ),
    ]);
    expect(await sysctl('all/forwarding')).toBe('0');
    expect(await host.sh('gateway', 'ip -6 route show default')).toContain('via fe80::1 dev ens5 proto ra');
  });

  test.each([
    ['a user-space program such as systemd-networkd processes them', 0],
    ['accept_ra is 2', 2],
  ] as const)('forwards IPv6 and keeps the route when %s', async (_, who) => {
    await takes(who);
    await gateway.succeed(GOOD);
    expect(await sysctl('all/forwarding')).toBe('1');
    expect(await sysctl('ens5/accept_ra')).toBe(`${who}`);
    expect(await host.sh('gateway', 'ip -6 route show default')).toContain('via fe80::1 dev ens5 proto ra');
  });
});
