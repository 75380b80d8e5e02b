import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { type AmazonLinux, ensureAmazonLinux, REPOSITORY_PORT } from './support/amazon-linux/root';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, KILL_NGINX, STOP_NGINX, until } from './support/host';

// dnf takes several seconds where apt takes one.
jest.setTimeout(120_000);

const deploy = (more: Partial<Deploy> = {}): Deploy => ({
  os: 'amazon-linux-2023',
  forwards: {
    web: Forward.http({ listen: 80, to: 8080 }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    raw: Forward.tcp({ listen: 5432, to: `${ADDRESS.backend.v4}:9000` }),
    local: Forward.tcp({ listen: 81, to: 8080, engine: 'iptables' }),
    far: Forward.tcp({ listen: 82, to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables', family: 'ipv4' }),
    voice: Forward.udp({ listen: 5300, to: `${ADDRESS.backend.v4}:7000`, engine: 'iptables', family: 'ipv4' }),
  },
  ...more,
});
const PACKAGES = ['iptables-nft', 'conntrack-tools', 'nginx', 'nftables', 'nginx-mod-stream'];

/** Wraps the real dnf and records each call, and which units are masked during it. */
const WITNESS = `#!/bin/bash
echo "$*" >>/run/asked
ls /run/systemd/masked >>/run/masked
exec /usr/bin/dnf "$@"
`;

describeHost('a host like Amazon Linux 2023, with dnf, rpm and Python 3.9', () => {
  let system: AmazonLinux;
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    system = await ensureAmazonLinux();
  }, 600_000);
  beforeEach(async () => {
    gateway = await Gateway.start({ root: system.root });
    host = gateway.host;
    await host.write('/usr/local/sbin/dnf', WITNESS, '0755');
    await host.app('gateway', 'tcp', 8080, 'local');
    await host.app('backend', 'tcp', 9000, 'far');
    await host.app('backend', 'udp', 7000, 'voice');
  });
  afterEach(() => gateway.stop());

  const mirror = () =>
    host.serve('client', [
      ...['python3', '-u', '-m', 'http.server', `${REPOSITORY_PORT}`],
      ...['--bind', ADDRESS.client.v4, '--directory', system.repository],
    ]);
  const asked = async () => (await host.read('/run/asked')).split('\n').filter(Boolean);
  const installed = async () => (await host.sh('gateway', 'rpm -qa --qf "%{NAME}\\n" | sort')).trim().split('\n');
  const answers = async () => {
    const at = (port: number, protocol: 'tcp' | 'udp' = 'tcp') =>
      host.ask('client', protocol, ADDRESS.gateway.v4, port).then(({ name }) => name);
    const secure = `curl -sk --http2 -o /dev/null -w '%{http_code} %{http_version}' https://${ADDRESS.gateway.v4}/`;
    return [
      await at(80),
      await host.sh('client', secure),
      ...(await Promise.all([at(5432), at(81), at(82), at(5300, 'udp')])),
    ];
  };
  const ALL = ['local', '200 2', 'far', 'local', 'far', 'voice'];

  test('does not look like Debian to the scripts', async () => {
    expect(await installed()).toEqual(['bash', 'ca-certificates', 'openssl', 'system-release']);
    const found = 'command -v apt-get dpkg-query nginx nft iptables-nft; getent passwd www-data nginx; :';
    expect(await host.sh('gateway', `set +e; ${found}`)).toBe('');
    expect(await host.sh('gateway', 'python3 -V')).toBe('Python 3.9.2\n');
  });

  test('installs missing packages, and nothing at the next boot', async () => {
    await mirror();
    await gateway.succeed(deploy());
    expect(await asked()).toEqual([`-qy --setopt=install_weak_deps=False install ${PACKAGES.join(' ')}`]);
    expect(await installed()).toEqual(expect.arrayContaining(PACKAGES));
    expect(await answers()).toEqual(ALL);
    expect((await gateway.signals()).map(({ Status }) => Status)).toEqual(['SUCCESS']);

    // With the distribution's user and module folder.
    expect(await host.sh('gateway', 'ps -o user= -C nginx | sort -u')).toBe('nginx\nroot\n');
    expect(
      await host.sh('gateway', 'grep -o "/usr/lib64/nginx/modules/[a-z_]*.so" /proc/$(</run/nginx.pid)/maps | sort -u'),
    ).toBe('/usr/lib64/nginx/modules/ngx_stream_module.so\n');
    expect(await host.sh('gateway', 'nginx -t 2>&1')).not.toMatch(/warn/);
    await host.sh('gateway', 'portway rules check');

    // The unit starts again despite what a killed nginx left behind.
    await host.sh('gateway', `${KILL_NGINX}; systemctl start nginx`);
    expect(await answers()).toEqual(ALL);

    // A reboot without a mirror.
    await host.write('/usr/local/sbin/dnf', '#!/bin/sh\necho reboot >>/run/asked\nexit 1\n', '0755');
    await host.sh('gateway', `${STOP_NGINX}; iptables-nft -t nat -F; iptables-nft -t nat -X`);
    expect((await gateway.reboot()).code).toBe(0);
    expect(await asked()).toHaveLength(1);
    expect(await answers()).toEqual(ALL);
  });

  test("masks nginx during its installation, and never replaces our files with the package's", async () => {
    await mirror();
    // The state that a run leaves if it fails after writing its files.
    await host.write('/etc/nginx/nginx.conf', '# ours\n');
    // The first `ss` looks for free ports: after the installation, before the new files are applied.
    await host.write(
      '/usr/local/sbin/ss',
      '#!/bin/sh\n[ -e /run/kept ] || cp /etc/nginx/nginx.conf /run/kept\nexec /usr/bin/ss "$@"\n',
      '0755',
    );
    await gateway.succeed(deploy());
    expect(await host.read('/run/masked')).toBe('nginx\n');
    expect(await host.sh('gateway', 'ls /run/systemd/masked')).toBe('');
    expect(await host.read('/run/kept')).toBe('# ours\n');
    expect(await host.sh('gateway', 'ls /etc/nginx/nginx.conf.rpmnew')).toContain('rpmnew');
  });

  test('retries an unreachable repository', async () => {
    // The repository appears during the second pause between rounds.
    await host.write(
      '/usr/local/sbin/sleep',
      '#!/bin/bash\necho >>/run/pauses\n(($(wc -l </run/pauses) < 2)) || until [[ -e /run/up ]]; do /usr/bin/sleep 0.1; done\n',
      '0755',
    );
    const booting = gateway.boot(deploy());
    await until('two rounds failed', async () => (await host.read('/run/pauses')) === '\n\n', 60);
    await mirror();
    await host.write('/run/up', '');
    expect((await booting).code).toBe(0);
    expect(await asked()).toHaveLength(3);
    expect(await answers()).toEqual(ALL);
  });

  test("fails the deploy with dnf's message when there is no repository", async () => {
    expect((await gateway.boot(deploy())).code).toBe(1);
    expect((await asked()).length).toBeGreaterThan(4);
    const [signal] = await gateway.signals();
    expect(signal?.Status).toBe('FAILURE');
    expect(signal?.Reason).toMatch(/^install iptables-nft .*(Failed to download metadata|Cannot download repomd)/);
  });

  test('waits for another dnf process', async () => {
    await mirror();
    // dnf's locks are files with the number of a process that lives.
    const locks = '/var/cache/dnf/metadata_lock.pid /var/lib/dnf/rpmdb_lock.pid';
    const lock = `mkdir -p /var/{lib,cache}/dnf; /usr/bin/sleep inf <&- >&- 2>&- & echo -n $! | tee ${locks}`;
    const holder = (await host.sh('gateway', lock)).trim();
    const booting = gateway.boot(deploy());
    const waits = async () => (await host.read('/var/log/dnf.log')).includes(`Waiting for process with pid ${holder} `);
    await until('dnf waits', waits, 60);
    await host.sh('gateway', `kill ${holder}`);
    expect((await booting).code).toBe(0);
    expect(await asked()).toHaveLength(1);
    expect(await answers()).toEqual(ALL);
  });

  test('installs a package that only a later change needs', async () => {
    await mirror();
    await gateway.succeed(deploy({ forwards: { web: Forward.http({ listen: 80, to: 8080 }) }, content: 'c1' }));
    expect(await installed()).not.toContain('nginx-mod-stream');
    const raw = Forward.tcp({ listen: 5432, to: `${ADDRESS.backend.v4}:9000` });
    await gateway.succeed(deploy({ forwards: { raw }, content: 'c2' }));
    expect((await asked()).at(-1)).toMatch(/ install nginx-mod-stream$/);
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 5432)).name).toBe('far');
    expect(await host.sh('gateway', 'portway status')).toMatch(/^raw\b/m);
  });

  test("runs the host's other programs with its Python", async () => {
    await mirror();
    const to = [`${ADDRESS.backend.v4}:9000`, `${ADDRESS.backend.v4}:9`];
    const healthCheck = { interval: 1, failures: 1 };
    const shared = Forward.tcp({ listen: 83, to, engine: 'iptables', family: 'ipv4', healthCheck });
    await gateway.succeed(deploy({ forwards: { shared }, content: 'c1' }));
    const portway = (words: string) => host.sh('gateway', `portway ${words}`);
    await until('the dead target is out', async () => (await portway('status')).includes(':9 DOWN'), 20);
    expect(await host.share('tcp', ADDRESS.gateway.v4, 83, 12)).toEqual({ far: 12 });
    const web = Forward.http({ listen: 80, to: 8080, maintenance: true, cache: { sizeMb: 10, validFor: 60 } });
    await gateway.succeed(deploy({ forwards: { web }, content: 'c2' }));
    const status = () => host.sh('client', `curl -s -o /dev/null -w '%{http_code}' http://${ADDRESS.gateway.v4}/`);
    expect(await status()).toBe('200');
    expect(await portway('cache')).toMatch(/^web: 1 answers/);
    await portway('maintenance on');
    expect(await status()).toBe('503');
    await portway('maintenance off');
    expect(await status()).toBe('200');
  });
});
