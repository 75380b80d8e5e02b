import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { AcmeWorld, DIRECTORY } from './support/acme';
import { certificatesRoot } from './support/certificates-root';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(90_000);

const CA = expect.stringMatching(/Pebble Intermediate CA/);
const NEW = ': has a new certificate\n';

/** Each test uses its own forward, since forwards keep their certificates. */
function deploy(
  name: string,
  domains: readonly string[],
  web = Forward.http({ listen: 80, redirectTo: 'https' }),
): Deploy {
  const tls = Tls.letsEncrypt({ email: 'admin@example.com', domains, server: DIRECTORY });
  return { forwards: { web, [name]: Forward.https({ listen: 443, to: 8080, tls }) }, content: domains.join('-') };
}

describeHost('a certificate by ACME', () => {
  let world: AcmeWorld;
  let host: Host;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    world = await AcmeWorld.start();
    host = world.gateway.host;
    await host.app('gateway', 'tcp', 8080);
  });
  afterAll(() => world?.stop());

  let before = 0;
  beforeEach(async () => {
    before = await world.orders();
  });
  const orders = async () => (await world.orders()) - before;

  test('is issued once the domain resolves to the gateway, survives reboots, and is renewed when due', async () => {
    const domain = 'shop.example.com';
    await world.gateway.succeed(deploy('shop', [domain]));
    expect(await world.served()).toMatchObject({ issuer: 'CN=shop' });
    expect(await host.read('/var/log/systemctl')).toMatch(
      /enable .*portway-certificates\.timer\n[\s\S]*^start portway-certificates\.timer$/m,
    );

    // The CA is not asked in vain, and the reason is logged once.
    await world.lead({ [domain]: ADDRESS.backend.v4 });
    expect(await world.run()).toMatch(/^shop: must wait until these lead here: shop\.example\.com \(.*refused/);
    expect(await world.run()).toBe('');
    expect(await orders()).toBe(0);
    const status = () => host.run('gateway', ['portway', 'status']);
    expect(await status()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^NOT AS DEPLOYED: shop: must wait until these lead here: shop/),
    });

    await world.lead({ [domain]: 'here' });
    expect(await world.run()).toBe(`shop${NEW}`);
    expect(await status()).toMatchObject({ code: 0 });
    const first = await world.served();
    expect(first).toMatchObject({ issuer: CA, names: domain });
    expect(await host.sh('gateway', 'stat -c "%n %a" /etc/portway/tls/*')).toBe('/etc/portway/tls/shop.acme.pem 600\n');

    // A reboot or a later run neither changes it nor asks the CA.
    expect((await world.gateway.reboot()).code).toBe(0);
    await world.lead({});
    expect(await world.run()).toBe('');
    expect(await world.served()).toEqual(first);

    // Not due yet: certbot checks, and requests none.
    await world.lead({ [domain]: 'here' });
    expect(await world.run({ days: 20 })).toBe('');
    expect(await orders()).toBe(1);

    // Due: the new one is served, and no connection is lost on the way.
    const stop = join(tmpdir(), `portway-acme-${process.pid}`);
    const asking = host.sh(
      'client',
      `while [[ ! -e ${stop} ]]; do
        curl -sk --max-time 5 -o /dev/null -w '%{http_code}\n' https://${ADDRESS.gateway.v4}/ || :
      done | sort | uniq -c`,
    );
    expect(await world.run({ days: 65 })).toBe(`shop${NEW}`);
    const second = await world.served();
    await host.sh('client', `touch ${stop}`);
    expect(await asking).toMatch(/^ *\d{2,} 200\n$/);
    await host.sh('client', `rm ${stop}`);
    expect(second).toMatchObject({ issuer: CA, names: domain });
    expect(second.serial).not.toBe(first.serial);
    expect(await orders()).toBe(2);

    // After a clock that was years ahead, it is checked again, and renewed when due.
    const mark = '/var/lib/portway/acme/*/shop.json';
    const later =
      'import json, sys, time; s = json.load(open(sys.argv[1])); s["asked"] = s["since"] = time.time() + 9e7';
    await host.sh('gateway', `f=$(echo ${mark}); python3 -c '${later}; json.dump(s, open(sys.argv[1], "w"))' $f`);
    expect(await world.run({ days: 130 })).toBe(`shop${NEW}`);
    expect(await orders()).toBe(3);

    // Certbot's files are damaged: a new certificate is requested at once.
    await host.sh('gateway', 'f=$(readlink -f /var/lib/portway/acme/*/live/shop/privkey.pem); truncate -s 50 $f');
    expect(await world.run({ days: 130 })).toBe(`shop${NEW}`);
    expect(await orders()).toBe(4);
    // The file for nginx is damaged: the service restores certbot's copy.
    await host.sh('gateway', 'systemctl stop nginx; >/etc/portway/tls/shop.acme.pem; systemctl start nginx');
    expect(await world.served()).toMatchObject({ issuer: 'CN=shop' });
    expect(await world.run({ days: 130 })).toBe(`shop${NEW}`);
    expect(await world.served()).toMatchObject({ issuer: CA });
    expect(await orders()).toBe(4);
  });

  test('is reissued when its domains change, and no longer renewed when its forward is removed', async () => {
    const [one, other] = ['one.example.com', 'other.example.com'];
    await world.lead({ [one]: 'here', [other]: 'here' });
    await world.gateway.succeed(deploy('changed', [one]));
    await world.run();
    expect(await world.served()).toMatchObject({ names: one });

    await world.gateway.succeed(deploy('changed', [other]));
    expect(await world.served()).toMatchObject({ names: one });
    expect(await world.run()).toBe(`changed${NEW}`);
    expect(await world.served()).toMatchObject({ issuer: CA, names: other });
    expect(await orders()).toBe(2);

    // To records in Route 53, which a certificate that is not due needs as little as an answer over HTTP.
    const byRecords = Tls.letsEncrypt({
      ...{ email: 'admin@example.com', domains: [other], server: DIRECTORY },
      dns: { zone: 'Z0123456789ABCDEFGHIJ' },
    });
    const kept = await world.served();
    await world.gateway.succeed({
      forwards: { changed: Forward.https({ listen: 443, to: 8080, tls: byRecords }) },
      content: 'records',
    });
    expect(await world.run()).toBe('');
    const mark = '/var/lib/portway/acme/*/changed.json';
    const isDone = async () => JSON.parse(await host.sh('gateway', `cat ${mark}`)).ok;
    expect(await isDone()).toBe(false);
    await host.sh('gateway', `sed -Ei 's/"since": [0-9.]+/"since": 1/' ${mark}`);
    expect(await world.run()).toBe('');
    expect(await isDone()).toBe(true);
    expect(await world.served()).toEqual(kept);
    expect(await orders()).toBe(2);

    // From the CA to a self-signed certificate: nothing of the CA's is reused.
    const own = Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() });
    await world.gateway.succeed({ forwards: { changed: own }, content: 'own' });
    expect(await world.served()).toMatchObject({ issuer: 'CN=changed' });
    expect(await host.read('/var/log/systemctl')).toMatch(/disable --now portway-certificates\.timer/);
    const left = await host.sh(
      'gateway',
      'ls -p /etc/systemd/system /usr/local/lib/portway /usr/local/lib/portway/portway',
    );
    expect(left).not.toMatch(/certificates\.(timer|service\n|py)|acme/);
  });

  test('is issued even with unknown hosts, limits, denied sources and maintenance', async () => {
    const [shop, blog] = ['site.example.com', 'blog.example.com'];
    await world.lead({ [shop]: 'here', [blog]: 'here' });
    const web = Forward.http({
      listen: 80,
      hosts: { [shop]: { to: 8080 } },
      limits: { requestsPerSecond: 1, burst: 1, openConnections: 1 },
      denyFrom: ['10.0.0.0/8'],
      maintenance: true,
    });
    await world.gateway.succeed(deploy('closed', [shop, blog], web));
    await host.sh('gateway', 'portway maintenance on');
    expect(await world.run()).toBe(`closed${NEW}`);
    expect((await world.served()).names.split(', DNS:').sort()).toEqual([blog, shop]);
    // Everything else in the forward is as closed as before.
    const status = async (name: string, path: string) => {
      const form = ['-s', '--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', '-H', `Host: ${name}`];
      return (await host.run('client', ['curl', ...form, `http://${ADDRESS.gateway.v4}${path}`])).stdout;
    };
    const place = '/.well-known/acme-challenge';
    expect(await status(shop, `${place}/../../`)).toBe('503');
    expect(await status(shop, '/')).toBe('429');
    expect(await status(blog, '/')).toBe('000');
    expect(await status(shop, `${place}/nothing`)).toBe('404');
  });

  test('is not requested again at once after the CA refused it, and the reason is reported', async () => {
    const domain = 'refused.example.com';
    await world.gateway.succeed(deploy('refused', [domain]));
    // The domain resolves to the gateway on the gateway, and to another host for the CA.
    await host.sh('gateway', `echo '127.0.0.1 ${domain}' >>/etc/hosts`);
    await world.lead({ [domain]: ADDRESS.backend.v4 });
    expect(await world.run()).toMatch(
      /^refused: the CA gives no certificate; next try in an hour: .*connection refused/,
    );
    expect(await world.run()).toBe('');
    expect(await orders()).toBe(1);
    expect(await world.served()).toMatchObject({ issuer: 'CN=refused' });
    await world.lead({ [domain]: 'here' });
    expect(await world.run({ days: 1 })).toBe(`refused${NEW}`);
  });

  test('is requested at most once a day by a host whose domain does not reach it', async () => {
    const domain = 'lost.example.com';
    await world.lead({ [domain]: 'here' });
    await world.gateway.succeed(deploy('lost', [domain]));
    // A state file as a power cut may leave it.
    await host.sh('gateway', 'mkdir -p /var/lib/portway/acme; cd /var/lib/portway/acme/*; >lost.json');
    await host.sh('gateway', `echo '192.0.2.1 ${domain}' >>/etc/hosts; ip route add blackhole 192.0.2.1`);
    expect(await world.run()).toMatch(/must wait until these lead here/);
    expect(await orders()).toBe(0);
    expect(await world.run({ days: 2 })).toBe(`lost${NEW}`);
  });
});
