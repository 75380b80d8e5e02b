import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { HostContent } from '../../lib/host/host-content';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(60_000);

const STATE = '/var/lib/portway';
const TLS = '/etc/portway/tls';
const FILE = `${TLS}/secure.self-signed.pem`;

const NGINX: Deploy = {
  forwards: {
    web: Forward.http({ listen: 80, to: 8080 }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    other: Forward.https({ listen: 8443, to: 8080, tls: Tls.selfSigned() }),
  },
  content: 'nginx',
};
const forwards = { raw: Forward.tcp({ listen: 81, to: 8080, engine: 'iptables' }) };
const GOOD: Deploy = { forwards, content: 'good' };

/** Ways to damage a file (`$f`), as a power cut, a full disk or a person might. */
const DAMAGE = {
  empty: '>"$f"',
  cut: 'truncate -s $(($(stat -c %s "$f") * 3 / 5)) "$f"',
  'other bytes': 'head -c 999 /dev/urandom >"$f"',
  'a directory': 'rm -r "$f"; mkdir -p "$f/x"',
  missing: 'rm -r "$f"',
} as const;
type Damage = keyof typeof DAMAGE;

describeHost('damage on the disk', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.app('gateway', 'tcp', 8080);
  });
  afterAll(() => gateway?.stop());

  const damage = (path: string, how: Damage) => host.sh('gateway', `f='${path}'; ${DAMAGE[how]}`);
  const status = () => host.run('gateway', ['/usr/local/bin/portway', 'status']);
  /** The ports that answer. */
  const answers = async () => {
    const ports = [];
    for (const [scheme, port] of [
      ['http', 80],
      ['http', 81],
      ['https', 443],
      ['https', 8443],
    ] as const) {
      const url = `${scheme}://${ADDRESS.gateway.v4}:${port}/`;
      if ((await host.run('client', ['curl', '-skf', '--max-time', '5', url])).code === 0) ports.push(port);
    }
    return ports;
  };
  const key = (file: string) => host.sh('gateway', `openssl pkey -in ${file} -pubout`);

  describe('a certificate', () => {
    const ALL = [80, 443, 8443];
    beforeAll(() => gateway.succeed(NGINX));
    const P256 = "algorithm='-algorithm EC -pkeyopt ec_paramgen_curve:P-256'";
    const OTHER_KEY = `openssl genpkey $algorithm >/run/k; cat /run/k <(openssl x509 -in $f) >/run/both; cp /run/both $f`;

    test.each([...Object.keys(DAMAGE), 'of another key'] as (Damage | 'of another key')[])(
      'that is %s when nginx starts costs no forward, and leaves other certificates alone',
      async (how) => {
        const [before, other] = [await key(FILE), await host.read(`${TLS}/other.self-signed.pem`)];
        await host.sh('gateway', 'systemctl stop nginx');
        if (how === 'of another key') await host.sh('gateway', `f=${FILE}; ${P256}; ${OTHER_KEY}`);
        else await damage(FILE, how);
        await host.sh('gateway', 'systemctl start nginx');
        expect(await answers()).toEqual(ALL);
        expect(await host.read(`${TLS}/other.self-signed.pem`)).toBe(other);
        expect(await host.sh('gateway', `stat -c %a ${FILE}`)).toBe('600\n');
        // If the key was not damaged it stays, for clients that pinned it.
        if (how === 'cut') expect(await key(FILE)).toBe(before);
        if (how !== 'missing') expect(await host.read('/run/systemd/after')).toMatch(/secure\S+ was damaged/);
        await host.sh('gateway', 'rm /run/systemd/after');
      },
    );

    test('is repaired at the next boot while nginx runs, and the log says so', async () => {
      await damage(FILE, 'empty');
      expect((await status()).stderr).toMatch(/\[emerg\] .*cannot load certificate .*secure/);
      expect((await gateway.reboot()).code).toBe(0);
      expect(await status()).toMatchObject({ code: 0, stderr: '' });
      expect(await gateway.log()).toMatch(/secure\.self-signed\.pem was damaged/);
    });

    test('whose key type makes nginx refuse every client is replaced at the next boot', async () => {
      await host.sh('gateway', `f=${FILE}; algorithm='-algorithm ED25519'; ${OTHER_KEY}; systemctl stop nginx`);
      await host.sh('gateway', 'systemctl start nginx');
      expect(await answers()).toEqual([80, 8443]);
      expect((await gateway.reboot()).code).toBe(0);
      await until('the new one is served', async () => (await answers()).length === ALL.length);
    });

    test.each([
      ['ended', '-not_before 200101000000Z -not_after 210101000000Z'],
      ['begins in years', '-not_before 450101000000Z -not_after 490101000000Z'],
    ])('from a wrong clock (%s) is renewed at the next boot with the same key', async (_, dates) => {
      const before = await key(FILE);
      const made = `openssl req -x509 -key ${FILE} -subj /CN=secure ${dates}`;
      await host.sh('gateway', `cat <(openssl pkey -in ${FILE}) <(${made}) >/run/both; cp /run/both ${FILE}`);
      expect((await gateway.reboot()).code).toBe(0);
      expect(await host.sh('gateway', `openssl verify -CAfile ${FILE} ${FILE}`)).toMatch(/OK/);
      expect(await key(FILE)).toBe(before);
    });
  });

  describe('of kept state', () => {
    beforeAll(() => gateway.succeed(GOOD));

    test.each([
      [`${STATE}/files`, 'empty'],
      [`${STATE}/files`, 'cut'],
      [`${STATE}/files`, 'other bytes'],
      [`${STATE}/files`, 'a directory'],
      [`${STATE}/files`, 'missing'],
      [`${STATE}/good`, 'missing'],
      [`${STATE}/good/usr/local/lib/portway/host.sh`, 'empty'],
      [`${STATE}/good/etc/portway/iptables.rules`, 'cut'],
      [`${STATE}/good/var/lib/portway/sums`, 'empty'],
      [`${STATE}/stage`, 'missing'],
      ['/usr/local/lib/portway/host.sh', 'other bytes'],
      ['/etc/portway/portway.env', 'empty'],
      ['/etc/portway/iptables.rules', 'a directory'],
    ] as [string, Damage][])('%s %s: is repaired at the next boot', async (path, how) => {
      await damage(path, how);
      expect((await gateway.reboot()).code).toBe(0);
      expect(await status()).toMatchObject({ code: 0, stderr: '' });
      expect(await answers()).toEqual([81]);
      const whole = `cd ${STATE}/good && sha256sum --quiet -c .${STATE}/sums && xargs stat -c %F <${STATE}/files | sort -u`;
      expect(await host.sh('gateway', whole)).toBe('regular file\n');
    });

    test.each(['empty', 'cut', 'missing'] as Damage[])(
      'a list of our files that is %s: obsolete files are still removed, and nothing else',
      async (how) => {
        const extra = (content: HostContent): HostContent => ({
          ...content,
          files: [...content.files, { path: '/etc/portway/a/extra', mode: '0644', text: 'x\n', origin: 'rules' }],
        });
        await gateway.succeed({ ...GOOD, content: `with-${how}`, alter: extra });
        await host.write('/etc/portway/mine', 'mine');
        await damage(`${STATE}/files`, how);
        await gateway.succeed({ ...GOOD, content: `without-${how}` });
        expect(await host.sh('gateway', 'ls /etc/portway/a; cat /etc/portway/mine')).toBe('mine');
      },
    );

    test.each(Object.keys(DAMAGE) as Damage[])('kept rules %s: boot restores complete ones', async (how) => {
      await damage(`${STATE}/good/etc/portway/iptables.rules`, how);
      await host.sh('gateway', 'nft flush ruleset; portway rules restore');
      expect(await answers()).toEqual([81]);
      expect((await gateway.reboot()).code).toBe(0);
    });

    describe('a change that fails', () => {
      const failing = (content: string): Deploy => ({ ...GOOD, content, firstBootScript: '#!/bin/bash\nexit 1\n' });
      const signal = async () => (await gateway.signals()).at(-1);

      test.each([
        ['usr/local/lib/portway/host.sh', 'empty'],
        ['etc/portway/iptables.rules', 'cut'],
        ['usr/local/lib/portway/portway/rules.py', 'missing'],
      ] as [string, Damage][])('reports that the content to roll back to is damaged: %s %s', async (path, how) => {
        await damage(`${STATE}/good/${path}`, how);
        expect((await gateway.boot(failing(`fails-${how}`))).code).toBe(1);
        expect(await signal()).toMatchObject({
          Status: 'FAILURE',
          Reason: expect.stringMatching(
            new RegExp(`firstBootScript ended with 1.*; the last good content is damaged .*${path.split('/').at(-1)}`),
          ),
        });
        expect(await answers()).toEqual([81]);
        await gateway.succeed({ ...GOOD, content: `mended-${how}` });
      });

      test('because /etc is read-only says so, and the old content keeps running', async () => {
        await host.sh('gateway', 'mount --bind /etc /etc && mount -o remount,bind,ro /etc');
        const more = { ...forwards, more: Forward.tcp({ listen: 82, to: 8080, engine: 'iptables' }) };
        expect((await gateway.boot({ forwards: more, content: 'read-only' })).code).toBe(1);
        expect(await signal()).toMatchObject({
          Status: 'FAILURE',
          Reason: expect.stringMatching(/Read-only file system/),
        });
        expect(await answers()).toEqual([81]);
        await host.sh('gateway', 'umount /etc');
        await gateway.succeed({ forwards: more, content: 'writable' });
      });
    });
  });
});
