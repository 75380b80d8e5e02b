import { Forward } from '../../lib/forward/forward';
import type { HostContent } from '../../lib/host/host-content';
import { type Deploy, Gateway } from './support/gateway';
import { describeHost, type Host } from './support/host';

jest.setTimeout(60_000);

const needing = (name: string): Deploy => ({
  forwards: { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) },
  alter: (content: HostContent) => ({
    ...content,
    settings: { ...content.settings, PORTWAY_PACKAGES: `iptables ${name}` },
  }),
});

/** A repository with one package on the host's own disk, since there is no network. */
const REPOSITORY = `
  mkdir -p /repository/hello/DEBIAN && cd /repository
  printf 'Package: portway-hello\\nVersion: 1\\nArchitecture: all\\nMaintainer: test\\nDescription: test\\n' >hello/DEBIAN/control
  install -D /bin/true hello/usr/bin/portway-hello
  dpkg-deb --build hello hello.deb
  { cat hello/DEBIAN/control; echo "Filename: ./hello.deb"; echo "Size: $(stat -c %s hello.deb)"
    echo "SHA256: $(sha256sum hello.deb | cut -d' ' -f1)"; } >Packages
  rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
  echo 'deb [trusted=yes] file:/repository ./' >/etc/apt/sources.list`;

describeHost('packages and memory', () => {
  let gateway: Gateway;
  let host: Host;
  beforeEach(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
  });
  afterEach(() => gateway.stop());

  test('installs a missing package, and asks no mirror at later boots', async () => {
    await host.sh('gateway', REPOSITORY);
    await gateway.succeed(needing('portway-hello'));
    await host.sh('gateway', 'portway-hello; rm -r /repository');
    await host.write('/usr/local/sbin/apt-get', '#!/bin/sh\necho asked >/run/asked\nexit 1\n', '0755');
    expect((await gateway.reboot()).code).toBe(0);
    expect(await host.read('/run/asked')).toBe('');
  });

  test('retries a busy or broken package manager', async () => {
    await host.sh('gateway', REPOSITORY);
    await host.write(
      '/usr/local/sbin/apt-get',
      '#!/bin/bash\necho "$1" >>/run/asked\n(($(wc -l </run/asked) > 2)) || { echo "E: Could not get lock" >&2; exit 100; }\nexec /usr/bin/apt-get "$@"\n',
      '0755',
    );
    await gateway.succeed(needing('portway-hello'));
    expect((await host.read('/run/asked')).trim().split('\n')).toHaveLength(4);
  });

  test('retries for longer than a minute while the package lists are locked', async () => {
    await host.sh('gateway', REPOSITORY);
    // A stand-in for sleep records pauses, without their random part, and does not wait.
    await host.write('/usr/local/sbin/apt-get', '#!/bin/sh\necho "E: Could not get lock" >&2\nexit 100\n', '0755');
    await host.write('/usr/local/sbin/sleep', '#!/bin/sh\necho "$1" >>/run/pauses\n', '0755');
    expect((await gateway.boot(needing('portway-hello'))).code).toBe(1);
    const pauses = (await host.read('/run/pauses')).trim().split('\n').map(Number);
    expect(pauses.slice(0, 6).reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(60);
  });

  test("keeps our files over the package's, and does not start nginx during its installation", async () => {
    // A stand-in records the calls of apt; the rehearsal installs nginx for real.
    await host.write(
      '/usr/local/sbin/apt-get',
      '#!/bin/bash\necho "$*" >>/run/asked\nls /run/systemd/masked >>/run/masked\n',
      '0755',
    );
    await host.sh(
      'gateway',
      'rm /var/lib/dpkg/info/nginx.list; sed -i "/^Package: nginx$/,/^$/d" /var/lib/dpkg/status',
    );
    await gateway.succeed(needing('nginx'));
    expect(await host.read('/run/asked')).toMatch(/force-confold .*install nginx$/m);
    expect(await host.read('/run/masked')).toBe('nginx\nnginx\n');
    expect(await host.sh('gateway', 'ls /run/systemd/masked')).toBe('');
  });

  describe('swap', () => {
    const memory = async (kilobytes: number) => {
      await host.sh(
        'gateway',
        `echo 'MemTotal: ${kilobytes} kB' >/run/meminfo; mount --bind /run/meminfo /proc/meminfo`,
      );
      // Swap is global to the machine, so swapon is only recorded.
      await host.write('/usr/local/sbin/swapon', '#!/bin/sh\necho "$1" >>/run/swaps\n', '0755');
      await host.sh('gateway', 'echo Filename >/run/swaps; mount --bind /run/swaps /proc/swaps');
    };
    const settings = (more: Record<string, string>): Deploy => ({
      ...needing(''),
      memoryMiB: 512,
      alter: (content) => ({ ...content, settings: { ...content.settings, ...more } }),
    });

    test('is added first on hosts with little memory, once', async () => {
      await memory(480_000);
      await gateway.succeed(settings({ PORTWAY_SWAP_MB: '8' }));
      expect(
        await host.sh(
          'gateway',
          'stat -c "%s %a" /var/lib/portway/swap; file=/var/lib/portway/swap; blkid -o value -s TYPE $file',
        ),
      ).toBe(`${8 * 1024 * 1024} 600\nswap\n`);
      expect(await host.read('/run/swaps')).toBe('Filename\n/var/lib/portway/swap\n');
    });

    test('is not added if there is enough memory', async () => {
      await memory(950_000);
      await gateway.succeed(settings({}));
      expect(await host.read('/run/swaps')).toBe('Filename\n');
    });
  });
});
