import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { inboundTraffic, outboundTraffic, type TrafficRule } from '../../lib/forward/traffic';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { makeCa, PEBBLE, pebbleOutside, pebbleSettings } from '../../test/host/support/acme';
import { certificatesRoot } from '../../test/host/support/certificates-root';
import { describeAsRoot } from '../../test/support/as-root';
import { carriedUserData } from '../../test/support/carried';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage } from '../src/image/image';
import { Lab } from '../src/lab';
import { loginKey } from '../src/login-key';
import { INTERNET } from '../src/network/addresses';
import { call } from '../src/network/namespaces';
import { startDaemon } from '../src/services/daemon';
import { PYTHON } from '../src/services/services';
import type { Vm } from '../src/vm/qemu';
import { OS } from './support/everything';
import { Signals } from './support/signals';

const INSTANCE = 'i-0fedcba9876543210';
const EIP = '203.0.113.100';
const OWN = '10.0.0.10';
const DOMAIN = 'shop.example.com';
/** The CA and its DNS are where strangers are. */
const WORLD = INTERNET.stranger.address;
const SIGNAL = 'http://cloudformation-waitcondition.rehearsal.internal/arn%3Aaws?X-Amz-Expires=86399';

const forwards = resolveForwardsOrThrow({
  forwards: {
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
    secure: Forward.https({
      listen: 443,
      to: 8080,
      tls: Tls.letsEncrypt({
        email: 'admin@example.com',
        domains: [DOMAIN],
        server: `https://${WORLD}:14000/dir`,
      }),
    }),
  },
});

// Emulated processors are slow on a busy machine.
jest.setTimeout(900_000);

/** Units, timer and certbot on a booted Debian. All other cases are in test/host. */
describeAsRoot('a certificate by ACME, in a VM', () => {
  const cleanup = new Cleanup();
  let signals: Signals;
  let folder: string;
  let key: string;
  let lab: Lab;
  let vm: Vm;

  const ssh = (command: string) => lab.probe.ssh('admin', EIP, key, command, { seconds: 120 });
  const issuer = async () => {
    const script = `openssl s_client -connect ${EIP}:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer 2>/dev/null || :`;
    return `${(await lab.namespaces.run('stranger', ['bash', '-c', script])).stdout}`.trim();
  };
  /** @throws Error if it does not happen within this many minutes */
  const until = async (what: RegExp, minutes: number) => {
    const end = Date.now() + minutes * 60_000;
    while (!what.test(await issuer())) {
      if (Date.now() > end) throw new Error(`${what} is not the issuer: see ${vm.console}`);
      await sleep(1000);
    }
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-certificates-'));
    signals = await Signals.listen(folder, cleanup);
    key = await loginKey(folder);
    const image = await ensureVmImage({ os: OS });
    // The VPC's resolver maps the domain to the host's own address: the lab's router never routes a host's packets back
    // to itself.
    lab = await Lab.start({
      ...{ folder, cleanup, id: `acme-${process.pid}`, image, signalSocket: signals.socket },
      names: { [DOMAIN]: OWN },
    });
    const ca = (await call('bash', ['-c', makeCa(join(folder, 'ca'), WORLD)])).stdout;
    await startWorld();
    vm = await lab.launch({
      ...{ instanceId: INSTANCE, instanceType: 't4g.micro', privateIp: OWN, httpTokens: 'required', hopLimit: 1 },
      publicKey: (await call('cat', [`${key}.pub`])).stdout.trim(),
      userData: Buffer.from(userData(ca)),
      rules: {
        ingress: inboundTraffic(forwards, NO_SETTINGS, { text: `${INTERNET.admin.address}/32`, family: 4 }).map(rule),
        egress: outboundTraffic(forwards, NO_SETTINGS).map(rule),
      },
    });
    await lab.associateAddress(INSTANCE, EIP);
    await vm.start();
    await signals.one({ seconds: 800 });
  }, 900_000);

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  /**
   * DNS that maps the domain to the gateway's Elastic IP, and the CA: pebble from a Debian root, with that root's
   * libraries.
   */
  async function startWorld(): Promise<void> {
    const [names, asked, settings] = ['names', 'asked', 'pebble.json'].map((name) => join(folder, name));
    await writeFile(`${names}`, JSON.stringify({ [DOMAIN]: EIP }));
    await writeFile(`${settings}`, pebbleSettings(join(folder, 'ca')));
    const pebble = pebbleOutside(await certificatesRoot());
    const start = (name: string, ...command: string[]) => {
      const words = [...lab.namespaces.enter('stranger'), ...command] as [string, ...string[]];
      startDaemon(name, words, cleanup, { log: join(folder, `${name}.log`) });
    };
    start('dns', PYTHON, join(__dirname, '../../test/host/support/dns.py'), WORLD, `${names}`, `${asked}`);
    start('pebble', 'env', ...PEBBLE.split(' '), ...pebble, '-config', `${settings}`, '-dnsserver', `${WORLD}:53`);
  }

  test('the host sets itself up, and answers with a certificate of its own', async () => {
    expect(signals.all.map(({ body }) => body)).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
    await until(/CN ?= ?(secure|Pebble)/, 2);
  });

  test('its timer brings one of the CA', async () => {
    await until(/Pebble Intermediate CA/, 8);
    expect((await ssh('systemctl is-active portway-certificates.timer')).stdout).toBe('active');
    expect((await ssh('sudo journalctl -qu portway-certificates -o cat')).stdout).toContain(
      'secure: has a new certificate',
    );
    expect((await ssh('sudo portway status')).error).toBeUndefined();
    // The distribution's own timer finds nothing to do.
    expect((await ssh('sudo certbot certificates')).stdout).toMatch(/No certificates found/);
  });

  test('which outlives a reboot', async () => {
    expect(await vm.reboot()).toBe(true);
    await until(/CN/, 5);
    expect(await issuer()).toMatch(/Pebble Intermediate CA/);
    while (!(await ssh('systemctl is-active portway-certificates.timer')).ok) await sleep(1000);
  });
});

/** The team's script makes the host trust the CA. */
function userData(ca: string): string {
  const dropIn = '/etc/systemd/system/portway-certificates.service.d';
  const text = `#!/bin/bash
mkdir -p ${dropIn}
cat >/etc/test-ca.pem <<'END'
${ca.trim()}
END
printf '[Service]\\nEnvironment=REQUESTS_CA_BUNDLE=/etc/test-ca.pem\\n' >${dropIn}/test.conf
`;
  const content = hostContent({
    forwards,
    os: OPERATING_SYSTEMS[OS],
    firstBootScript: { path: '/var/lib/portway/first-boot', mode: '0700', text, origin: 'team' },
  });
  return carriedUserData(content, { content: 'acme', signalUrl: SIGNAL });
}

function rule({ protocol, ports, peer }: TrafficRule) {
  return { protocol: `${protocol}`, fromPort: ports?.from, toPort: ports?.to, cidrs: [peer.text] };
}
