import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { HostStatus } from '../../lib/host/outputs/status';
import { hostAges } from '../../lib/operate/host-ages';
import { readPrinted } from '../support/json-schema';
import { during } from './support/clients';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const CLIENTS = 8;
/** The rehearsal's. */
const NEWER_PACKAGES = join(__dirname, '../../rehearsal/cases/patched/newer-packages.sh');
/** An hour from now on, in UTC. */
const WINDOW = new Date().toISOString().slice(11, 16);
const PACKAGES = 'nginx nginx-common libnginx-mod-stream';

describeHost('newer packages', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.serve('backend', ['python3', host.support('backend', 'target.py'), '9001', '9001', '/dev/null']);
    await host.serve('backend', ['python3', host.support('backend', 'stream.py'), 'serve', '9003']);
    await gateway.succeed({
      forwards: {
        web: Forward.http({ listen: 80, to: `${ADDRESS.backend.v4}:9001` }),
        secure: Forward.https({ listen: 443, to: `${ADDRESS.backend.v4}:9001`, tls: Tls.selfSigned() }),
        raw: Forward.tcp({ listen: 82, to: `${ADDRESS.backend.v4}:9003` }),
      },
      settings: { reboot: { time: WINDOW }, updatesOffBecause: 'the tests have no security updates' },
    });
    await host.write('/root/newer-packages.sh', await readFile(NEWER_PACKAGES));
    // apt sets a PATH of its own for what packages run, and their scripts wait for real seconds.
    await host.sh(
      'gateway',
      `ln -sf /support/systemctl /usr/bin/systemctl; rm -f /usr/sbin/policy-rc.d /usr/local/sbin/sleep
      mkdir -p /run/systemd/system; bash /root/newer-packages.sh ${PACKAGES}; apt-get -q update`,
    );
    // needrestart's hook, which Ubuntu's images have: it restarts whatever uses old libraries.
    await host.write(
      '/etc/apt/apt.conf.d/99needrestart',
      'DPkg::Post-Invoke {"systemctl restart nginx.service || echo needrestart was refused";};\n',
    );
  });
  afterAll(() => gateway?.stop());

  const master = () => host.read('/run/nginx.pid');
  /** What the running nginx has mapped of files that are no longer on the disk. */
  const outdated = () => host.sh('gateway', 'grep "r-xp.*deleted" /proc/$(cat /run/nginx.pid)/maps || :');

  /** Has apt work under load, and expects nginx to have handed over without loss. @returns what apt printed */
  const expectHandedOver = async (apt: string): Promise<string> => {
    const before = await master();
    let said = '';
    const [http, https, raw] = await during(
      host,
      async () => {
        said = await host.sh('gateway', `DEBIAN_FRONTEND=noninteractive apt-get -qy ${apt} </dev/null 2>&1`);
      },
      ['visitors.py', `http://${GATEWAY}/`, CLIENTS],
      ['visitors.py', `https://${GATEWAY}/`, CLIENTS],
      ['stream.py', 'tcp', GATEWAY, 82],
    );
    for (const text of [http, https]) {
      const { 'kept closed': closed = 0, 'kept 200': kept, 'new 200': fresh, ...lost } = JSON.parse(text ?? '');
      expect(lost).toEqual({});
      expect(kept).toBeGreaterThan(100);
      expect(fresh).toBeGreaterThan(100);
      // Each kept connection may be closed once for each old nginx and reload, between two requests.
      expect(closed).toBeLessThanOrEqual(2 * CLIENTS);
    }
    expect(JSON.parse(raw ?? '')).toEqual({ received: expect.any(Number), inOrder: true });
    expect(await master()).not.toBe(before);
    expect(await outdated()).toBe('');
    await until('the old nginx has ended', async () => (await host.read('/run/nginx.pid.oldbin')) === '', 20);
    expect(said).toContain('needrestart was refused');
    // An operator may stop it again.
    expect(await host.sh('gateway', 'ls /run/systemd/system/nginx.service.d')).toBe('');
    return said;
  };

  test('of nginx lose no request and no connection, and keep our nginx.conf', async () => {
    const configuration = await host.read('/etc/nginx/nginx.conf');
    const said = await expectHandedOver('upgrade');
    // This is what Debian's package would have done.
    expect(said).toMatch(/Operation refused, unit nginx.service/);
    expect(await host.read('/etc/nginx/nginx.conf')).toBe(configuration);
    expect(await host.sh('gateway', 'cat /etc/nginx/nginx.conf.dpkg-dist')).toBe('# of the newer package\n');
    expect(await host.sh('gateway', 'dpkg -l nginx | tail -n 1')).toMatch(/^ii .*portway1/);
  });

  test('of a library that nginx uses make it hand over too', async () => {
    await host.sh(
      'gateway',
      'for lib in $(ls /usr/lib/*/libssl.so.3); do cp "$lib" "$lib.new"; mv "$lib.new" "$lib"; done',
    );
    expect(await outdated()).toMatch(/libssl/);
    await host.sh('gateway', 'touch /run/reboot-required; echo linux-image-amd64 >/run/reboot-required.pkgs');
    const { warnings, problems } = readPrinted<HostStatus>('status', await host.sh('gateway', 'portway status --json'));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      'a reboot is due for 0 days: linux-image-amd64',
      expect.stringMatching(/^nginx still runs what was replaced on the disk: libssl\.so\.3:/),
      `the reboot comes at ${WINDOW} UTC`,
    ]);
    await expectHandedOver('reinstall libnginx-mod-stream');
    expect(await host.sh('gateway', 'portway status')).not.toMatch(/nginx still runs/);
  });

  test('of others leave nginx alone', async () => {
    await host.sh('gateway', 'bash /root/newer-packages.sh mount; apt-get -q update');
    const before = await master();
    await host.sh('gateway', 'DEBIAN_FRONTEND=noninteractive apt-get -qy upgrade </dev/null 2>&1');
    expect(await host.sh('gateway', 'dpkg -l mount | tail -n 1')).toMatch(/^ii .*portway1/);
    expect(await master()).toBe(before);
  });

  test('how old what runs is, and that updates are off, is told to people, programs and the console', async () => {
    const kernel = await host.sh('gateway', 'printf %s "$(uname -r)"');
    const day = await host.sh('gateway', 'printf %s "$(date -u -r /usr/sbin/nginx +%F)"');
    const running = `runs Linux ${kernel}, nginx 1.26.3 of ${day}`;
    const text = await host.sh('gateway', 'portway status');
    expect(text).toContain(`\n${running}\nsecurity updates are off: the tests have no security updates\n`);
    expect(JSON.parse(await host.sh('gateway', 'portway status --json')).running).toEqual({
      Linux: { version: kernel, built: null },
      nginx: { version: '1.26.3', built: day },
    });
    // apt calls it for the console, which a test host has not.
    expect(await host.sh('gateway', 'apt-config dump DPkg::Post-Invoke')).toContain('portway running >/dev/console');
    const told = `${running}; a reboot is due for linux-image-amd64`;
    // apt has called it after the last upgrade, and each state is told once.
    expect(await host.read('/run/portway/running')).toBe(told);
    expect(await host.sh('gateway', 'portway running')).toBe('');
    const again = await host.sh('gateway', 'rm /run/portway/running; portway running');
    expect(again.replace(/^portway \S+Z /, '')).toBe(`${told}\n`);
    // As `portway verify` reads it off the console.
    expect(hostAges(again)).toMatchObject({
      programs: { Linux: { version: kernel }, nginx: { version: '1.26.3', built: day } },
      rebootFor: ['linux-image-amd64'],
    });
    // As apt.systemd.daily asks.
    const switches = 'apt-config shell VALUE APT::Periodic::Unattended-Upgrade';
    await host.write('/etc/apt/apt.conf.d/20auto-upgrades', 'APT::Periodic::Unattended-Upgrade "1";\n');
    expect(await host.sh('gateway', switches)).toBe("VALUE='0'\n");
    await host.sh('gateway', 'mv /etc/apt/apt.conf.d/99portway-off /root/');
    expect(await host.sh('gateway', switches)).toBe("VALUE='1'\n");
  });

  test('that wait for a reboot get it, after nginx has finished its requests; others do not', async () => {
    await host.sh('gateway', 'rm /run/reboot-required*; >/var/log/systemctl; portway reboot');
    expect(await host.read('/var/log/systemctl')).toBe('');
    // What Debian's packages leave unsaid: programs still run the old C library.
    await host.sh('gateway', 'lib=$(echo /usr/lib/*/libc.so.6); cp "$lib" "$lib.new"; mv "$lib.new" "$lib"');
    expect(await host.sh('gateway', 'portway status')).toContain(
      `WARNING: a reboot is due: the old libc6 still runs\nWARNING: the reboot comes at ${WINDOW} UTC\n`,
    );
    const slow = host.sh('client', `curl -s -o /dev/null -w '%{http_code}' -H 'X-Test-Pause: 3' http://${GATEWAY}/`);
    await host.sh('gateway', '/usr/bin/sleep 1');
    const said = await host.sh('gateway', 'portway reboot');
    expect(said).toMatch(/^portway \S+Z reboots now: this is due for libc6\n$/);
    expect(await slow).toBe('200');
    expect(await host.read('/var/log/systemctl')).toMatch(/reboot\n$/);
    expect(await host.read('/run/nginx.pid')).toBe('');
    expect(await host.read('/var/log/portway/bootstrap.log')).toContain('reboots now: this is due for libc6\n');
  });
});
