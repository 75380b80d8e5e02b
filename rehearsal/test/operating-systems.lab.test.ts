import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../../test/support/as-root';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage } from '../src/image/image';
import { Lab } from '../src/lab';
import { loginKey } from '../src/login-key';
import { call } from '../src/network/namespaces';
import { startDaemon } from '../src/services/daemon';
import { PYTHON } from '../src/services/services';
import type { Vm } from '../src/vm/qemu';
import { FIRST, rules, SECOND, userData } from './support/both-engines';
import { Signals } from './support/signals';
import { chosenSystems } from './support/systems';

const INSTANCE = 'i-0fedcba9876543210';
const EIP = '203.0.113.100';
/** Whether the script of this boot has succeeded. The log outlives boots, so only what is newer than /proc/1 counts. */
const DONE =
  'sudo find /var/log/portway/bootstrap.log -newer /proc/1 | xargs -r sudo tail -n 1 | grep "forwards are up"';

// Emulated processors are slow on a busy machine.
jest.setTimeout(900_000);

/** A system's own kernel, cloud-init, systemd, package manager, nginx and iptables, all under the same user-data. */
describe.each(chosenSystems())('$os, $architecture', ({ os, architecture, boots }) => {
  describeAsRoot('both engines on one gateway, in a VM', () => {
    const cleanup = new Cleanup();
    let signals: Signals;
    let folder: string;
    let lab: Lab;
    let vm: Vm;
    let key: string;
    /** Seconds from power-on to the report, and to the first answer after a reboot. */
    const took: Record<string, number> = {};

    const ssh = (command: string, seconds = 120) => lab.probe.ssh('admin', EIP, key, command, { seconds });
    const get = (url: string) => lab.probe.http('stranger', url, { seconds: 8, insecure: true });
    const python = async (...words: string[]) => (await lab.namespaces.run('stranger', [PYTHON, ...words])).stdout;
    const until = async (what: string, holds: () => Promise<boolean>, seconds: number) => {
      const end = Date.now() + seconds * 1000;
      while (!(await holds())) {
        if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s; see ${vm.console}`);
        await sleep(250);
      }
    };
    /** The rules in the kernel, without counters. */
    const kernelRules = async () =>
      (await ssh('sudo iptables-nft-save; sudo ip6tables-nft-save')).stdout
        .split('\n')
        .filter((line) => /^[:-].*PORTWAY/.test(line))
        .map((line) => line.replace(/\[\d+:\d+\]/g, ''));

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'portway-systems-'));
      signals = await Signals.listen(folder, cleanup);
      key = await loginKey(folder);
      const image = await ensureVmImage({ os, architecture });
      lab = await Lab.start({ folder, cleanup, id: `${os}-${process.pid}`, image, signalSocket: signals.socket });
      vm = await lab.launch({
        ...{ instanceId: INSTANCE, instanceType: 't4g.micro', privateIp: '10.0.0.10' },
        ...{ httpTokens: 'required', hopLimit: 1, rules, userData: Buffer.from(userData(os)) },
        publicKey: (await call('cat', [`${key}.pub`])).stdout.trim(),
      });
      await lab.associateAddress(INSTANCE, EIP);
      const app = [PYTHON, join(__dirname, '../../test/host/support/app.py'), 'udp', '7050', 'voice'];
      const words = [...lab.namespaces.enter('backend-10'), ...app] as [string, ...string[]];
      startDaemon('voice', words, cleanup, { log: join(folder, 'voice.log') });
      const begin = Date.now();
      await vm.start();
      await signals.one({ seconds: 800 });
      took['first boot'] = Math.round((Date.now() - begin) / 1000);
    }, 1_500_000);

    afterAll(async () => {
      console.info(`${os} ${architecture}:`, took);
      expect(await cleanup.run()).toEqual([]);
      await rm(folder, { recursive: true });
    });

    test('it is the system that it should be, and sets itself up', async () => {
      expect(signals.all.map(({ body }) => body)).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
      expect((await ssh('uname -m; . /etc/os-release; echo "$ID-$VERSION_ID"')).stdout.trim().split('\n')).toEqual([
        architecture === 'arm64' ? 'aarch64' : 'x86_64',
        os,
      ]);
      const { stdout } = await ssh(
        'uname -r; cloud-init --version; /usr/sbin/nginx -v 2>&1; sudo iptables -V; python3 -V',
      );
      for (const version of boots) expect(stdout).toMatch(version);
    });

    const traffic: readonly (readonly [string, () => Promise<void>])[] = [
      [
        'HTTP leads to HTTPS',
        async () => {
          const { status, headers } = await get(`http://${EIP}/a`);
          expect([status, headers.location]).toEqual([308, `https://${EIP}/a`]);
        },
      ],
      [
        'HTTPS, over HTTP/2, to the application',
        async () => {
          const answer = await lab.probe.http('stranger', `https://${EIP}/`, {
            ...{ insecure: true, seconds: 8, curl: ['-w', '%{http_version}'] },
          });
          expect([answer.status, answer.body.slice(-1)]).toEqual([200, '2']);
        },
      ],
      [
        "TCP by nginx's stream module",
        async () => expect((await get(`https://${EIP}:5432/`)).json).toMatchObject({ address: FIRST, port: 8443 }),
      ],
      [
        'TCP by iptables, to the application, which sees the client',
        async () => {
          expect((await get(`http://${EIP}:81/`)).json).toMatchObject({
            ...{ port: 8080, client: { address: '198.51.100.10' } },
          });
        },
      ],
      [
        'TCP by iptables, to two targets',
        async () => {
          const met = new Set<unknown>();
          // Sixteen that all reach the same target happen once in 30,000 runs.
          for (let i = 0; i < 16; i++) met.add(((await get(`http://${EIP}:82/`)).json as { address: string }).address);
          expect(met).toEqual(new Set([FIRST, SECOND]));
        },
      ],
      [
        'UDP of a shifted range',
        async () => {
          const ask = join(__dirname, '../../test/host/support/ask.py');
          expect(JSON.parse(await python(ask, 'udp', EIP, '6050', '0', '1', ''))).toMatchObject({
            ...{ name: 'voice', port: 7050 },
          });
        },
      ],
      [
        'nothing else is open',
        async () => {
          const states = await lab.probe.tcpPorts('stranger', EIP, [...Array(1024).keys(), 5432, 8080, 8443].slice(1));
          const open = [...states].filter(([, state]) => state === 'open').map(([port]) => port);
          expect(open).toEqual([80, 81, 82, 443, 5432]);
        },
      ],
      [
        'the kernel has the rules that it should have',
        async () => expect(await ssh('sudo /usr/local/bin/portway rules check')).toMatchObject({ ok: true }),
      ],
    ];

    describe('after the first boot', () => {
      test.each(traffic)('%s', (_, check) => check());
    });

    test('it reboots into the same, and installs nothing', async () => {
      const before = await kernelRules();
      expect(before.length).toBeGreaterThan(15);
      const begin = Date.now();
      expect(await vm.reboot()).toBe(true);
      await until('the gateway answers', async () => (await get(`http://${EIP}/`)).status === 308, 420);
      took.reboot = Math.round((Date.now() - begin) / 1000);
      await until('the script of this boot has ended', async () => (await ssh(DONE)).ok, 300);
      expect(await kernelRules()).toEqual(before);
      const log = (await ssh('sudo cat /var/log/portway/bootstrap.log')).stdout;
      expect(log.match(/Z install /g)).toHaveLength(1);
      expect(log.match(/forwards are up/g)).toHaveLength(2);
      expect(signals.all).toHaveLength(1);
    });

    describe('after the reboot', () => {
      test.each(traffic)('%s', (_, check) => check());
    });
  });
});
