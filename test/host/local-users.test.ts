import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, type Result } from './support/host';

jest.setTimeout(60_000);

const METADATA = { v4: '169.254.169.254', v6: 'fd00:ec2::254' } as const;
const CACHE = '/var/cache/portway-web';

const DEPLOY: Deploy = {
  forwards: {
    web: Forward.http({ listen: 80, to: 8080, cache: { sizeMb: 10, validFor: 60 }, maintenance: true }),
    secure: Forward.https({ listen: 443, to: 8080, hosts: { 'a.example.com': { to: 8080 } }, tls: Tls.selfSigned() }),
    pass: Forward.tls({ listen: 443, hosts: { 'b.example.com': { to: '10.0.1.10:443' } } }),
  },
  firstBootScript: '#!/bin/bash\necho a-secret\n',
  settings: { metadataUsers: ['app', 'nobody-has-this-name'] },
};

describeHost('an account on the gateway that is not root', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.sh('gateway', 'useradd app; useradd ec2-instance-connect; useradd other');
    await host.app('gateway', 'tcp', 8080);
    await host.sh('client', `ip addr add ${METADATA.v4}/32 dev lo; ip addr add ${METADATA.v6}/128 dev lo nodad`);
    await host.sh('gateway', `ip route add ${METADATA.v4} via ${ADDRESS.client.v4}`);
    await host.sh('gateway', `ip -6 route add ${METADATA.v6} via ${ADDRESS.client.v6}`);
    await host.app('client', 'tcp', 80, 'metadata');
    await gateway.succeed(DEPLOY);
  });
  afterAll(() => gateway?.stop());

  const as = (user: string, script: string): Promise<Result> =>
    host.run('gateway', ['setpriv', '--reuid', user, '--regid', 'nogroup', '--clear-groups', 'bash', '-c', script]);
  const reaches = async (user: string, address: string, port: number) =>
    (await as(user, `exec 3<>/dev/tcp/${address}/${port}`)).code === 0;
  const portway = (...words: string[]) => host.run('gateway', ['/usr/local/bin/portway', ...words]);

  test.each(['v4', 'v6'] as const)('cannot reach the metadata service (%s) unless allowed', async (family) => {
    const who = ['root', 'app', 'ec2-instance-connect', 'other', 'www-data', 'nobody'];
    const can = [];
    for (const user of who) if (await reaches(user, METADATA[family], 80)) can.push(user);
    expect(can).toEqual(['root', 'app', 'ec2-instance-connect']);
    // Everything else still works.
    expect(await reaches('other', ADDRESS.client[family], 80)).toBe(true);
    expect(await gateway.log()).toMatch(/warning: metadataUsers: this host has no account nobody-has-this-name/);
  });

  test('cannot reach it from the start of a boot', async () => {
    const flush =
      'for f in 4 6; do while ip -$f rule del pref 90; do :; done; ip -$f rule del pref 91; done 2>/dev/null';
    await host.sh('gateway', flush);
    expect(await reaches('other', METADATA.v4, 80)).toBe(true);
    const unit = await host.read('/etc/systemd/system/portway-metadata.service');
    await host.sh('gateway', /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? 'false');
    expect(await reaches('other', METADATA.v4, 80)).toBe(false);
    expect(await reaches('root', METADATA.v4, 80)).toBe(true);
    expect(await host.read('/var/log/systemctl')).toMatch(/enable .*portway-metadata/);
  });

  test('nor can a host that routes packets through the gateway', async () => {
    await host.sh('gateway', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
    await host.sh('backend', `ip route add ${METADATA.v4} via ${ADDRESS.inside.v4}`);
    expect((await host.ask('backend', 'tcp', METADATA.v4, 80)).name).toMatch(/^none/);
  });

  test("cannot read settings, logs or the team's script", async () => {
    await host.sh('client', `curl -s http://${ADDRESS.gateway.v4}/`);
    for (const path of [
      '/etc/portway/portway.env',
      '/etc/portway/tls/secure.self-signed.pem',
      ...['bootstrap', 'first-boot', 'access', 'error', 'stream'].map((name) => `/var/log/portway/${name}.log`),
      '/var/lib/portway/files',
      '/var/lib/portway/good/etc/portway/portway.env',
      '/var/lib/cloud/scripts/per-boot/portway.sh',
    ]) {
      expect(await host.sh('gateway', `stat -Lc %F '${path}'`)).toMatch(/^regular/);
      expect({ path, code: (await as('other', `cat '${path}'`)).code }).toEqual({ path, code: 1 });
    }
  });

  test("cannot forge a client on nginx's internal sockets", async () => {
    const sockets = (await host.sh('gateway', 'find /run -type s')).trim().split('\n').sort();
    expect(sockets).toEqual([
      '/run/portway-nginx/closed.sock',
      '/run/portway-nginx/host.sock',
      '/run/portway-nginx/tls-pass.sock',
      '/run/portway-nginx/tls-secure.sock',
    ]);
    const connect = (path: string) => `python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("${path}")'`;
    for (const path of sockets) {
      expect((await as('other', connect(path))).stderr).toMatch(/PermissionError/);
      expect((await as('root', connect(path))).code).toBe(0);
    }
  });

  test('cannot take the lock', async () => {
    expect((await as('other', 'exec 8</run/portway.lock && flock -n 8')).code).toBe(1);
    expect((await gateway.reboot()).code).toBe(0);
  });

  test('cannot make root follow symlinks out of a cache', async () => {
    await host.sh('client', `curl -s http://${ADDRESS.gateway.v4}/`);
    expect((await portway('cache')).stdout).toMatch(/web: 1 answers/);
    await host.write('/root/outside/file', 'head\nKEY: a b c d e f\n');
    await host.write('/root/precious', 'head\nKEY: a b c d e f\n');
    const put = `cd ${CACHE}; ln -s /root/outside folder; ln -s /root/precious link; mkfifo pipe; echo "KEY: x" >odd`;
    expect((await as('www-data', put)).code).toBe(0);
    expect((await portway('cache')).stdout).toMatch(/web: 2 answers/);
    expect((await portway('cache', 'purge', `http://${ADDRESS.gateway.v4}/no`)).stdout).toBe('0 answers thrown away\n');
    expect((await portway('cache', 'purge', 'all')).stdout).toBe('2 answers thrown away\n');
    expect(await host.read('/root/outside/file')).not.toBe('');
    expect(await host.read('/root/precious')).not.toBe('');
  });

  describe('maintenance', () => {
    const status = () => host.sh('client', `curl -s -o /dev/null -w '%{http_code}' http://${ADDRESS.gateway.v4}/`);
    const state = () => host.sh('gateway', 'cat /etc/portway/maintenance/*.conf 2>/dev/null || :; ls /etc/portway');

    test.each(['x', '10.0.0.0/8', 'fe80::1%eth0', 'fe80::1%") { return 200; } if ($uri ~ "x', '1.2.3.4|5.6.7.8'])(
      'accepts only addresses, and changes nothing otherwise: %s',
      async (word) => {
        const before = await state();
        expect(await portway('maintenance', 'on', word)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^portway: '/),
        });
        expect(await state()).toBe(before);
        expect(await status()).toBe('200');
      },
    );

    test('is all or nothing: a change that nginx rejects is rolled back', async () => {
      expect((await portway('maintenance', 'on', `::ffff:${ADDRESS.backend.v4}`)).code).toBe(0);
      expect(await status()).toBe('503');
      const own = `curl -s -o /dev/null -w '%{http_code}' http://${ADDRESS.inside.v4}/`;
      expect(await host.sh('backend', own)).toBe('200');
      const before = await state();
      await host.sh('gateway', 'echo nonsense >>/etc/nginx/nginx.conf');
      for (const words of [['on'], ['off']]) {
        expect(await portway('maintenance', ...words)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/nginx goes on as before/),
        });
        expect(await state()).toBe(before);
      }
      await host.sh('gateway', "sed -i '$d' /etc/nginx/nginx.conf");
      expect((await portway('maintenance', 'off')).code).toBe(0);
      expect(await status()).toBe('200');
      expect(await state()).not.toMatch(/maintenance/);
    });
  });
});
