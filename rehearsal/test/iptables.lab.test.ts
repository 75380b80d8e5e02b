import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../../test/support/as-root';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage, type VmImage } from '../src/image/image';
import { Lab } from '../src/lab';
import { loginKey } from '../src/login-key';
import { INTERNET, INTERNET6 } from '../src/network/addresses';
import { call } from '../src/network/namespaces';
import type { Party } from '../src/network/topology';
import { startDaemon } from '../src/services/daemon';
import { PYTHON } from '../src/services/services';
import type { Vm } from '../src/vm/qemu';
import * as stack from './support/everything';
import { Signals } from './support/signals';

/** The project's root: the parties' programs are in several folders of tests. */
const ROOT = join(__dirname, '../..');
const { BLOCKED, EIP, ESP, FIRST, FIRST6, INSTANCE, OWN, OWN6, SECOND, STRANGER } = stack;
/** Where cloud-init keeps the part, which it runs at every boot. */
const SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';
/** Whether the script of this boot has succeeded. The log outlives boots, so only what is newer than /proc/1 counts. */
const DONE =
  'sudo find /var/log/portway/bootstrap.log -newer /proc/1 | xargs -r sudo tail -n 1 | grep "forwards are up"';

// Emulated processors are slow on a busy machine.
jest.setTimeout(900_000);

/**
 * A gateway that uses everything that the engine iptables has, on one booted Debian: set up by its user-data, behind
 * the security group of its stack, used by each party, rebooted.
 */
describeAsRoot('all of the engine iptables, in a VM', () => {
  const cleanup = new Cleanup();
  let signals: Signals;
  let folder: string;
  let image: VmImage;
  let key: string;
  let lab: Lab;
  let vm: Vm;
  let setUp: number;

  const ssh = (command: string, seconds = 120) => lab.probe.ssh('admin', EIP, key, command, { seconds });
  const run = async (party: Party, ...command: string[]) => (await lab.namespaces.run(party, command)).stdout;
  const python = (party: Party, program: string, ...arguments_: string[]) =>
    run(party, PYTHON, join(ROOT, program), ...arguments_);
  const serve = (party: Party, program: string, ...arguments_: string[]) => {
    const command = [...lab.namespaces.enter(party), PYTHON, join(ROOT, program), ...arguments_];
    startDaemon(`${party} ${arguments_.join(' ')}`, command as [string, ...string[]], cleanup, {
      log: join(folder, 'parties.log'),
    });
  };
  const get = async (party: Party, url: string, ...curl: string[]) =>
    (await lab.probe.http(party, url, { seconds: 3, curl })).json as
      | { address: string; port: number; client: { address: string } }
      | undefined;
  /** Which targets answered some new connections. */
  const targets = async (party: Party, port: number, count: number) => {
    const answers: (string | undefined)[] = [];
    for (let i = 0; i < count; i++) answers.push((await get(party, `http://${EIP}:${port}/`))?.address);
    return answers;
  };
  /** A request that is held open halfway: its first line is printed when it waits, its answer once it may go on. */
  const hold = (party: Party, address: string, port: number) => {
    const [first = '', ...rest] = lab.namespaces.enter(party);
    const child = spawn(first, [...rest, PYTHON, join(__dirname, 'support/held.py'), address, `${port}`]);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      begun: async () => (await lines.next()).value,
      end: async () => {
        child.stdin.end();
        return (await lines.next()).value;
      },
    };
  };
  const ask = async (port: number) =>
    JSON.parse(await python('stranger', 'test/host/support/ask.py', 'udp', EIP, `${port}`, '0', '1', ''));

  /** All rules in the kernel, without counters and anything else that changes. */
  const rules = async () => {
    const { stdout } = await ssh(
      'sudo sh -c "iptables-nft-save; ip6tables-nft-save; nft list table inet portway" 2>/dev/null',
    );
    return stdout
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(/\[\d+:\d+\]|packets \d+ bytes \d+/g, ''));
  };
  const defaultRoute6 = async () => (await ssh('ip -6 route show default')).stdout.trim();
  /** Waits for an answer. @throws Error if there is none */
  const up = async (url: string) => {
    const end = Date.now() + 300_000;
    while ((await get('stranger', url)) === undefined) {
      if (Date.now() > end) throw new Error(`no answer of ${url}: see ${vm.console}`);
      await sleep(500);
    }
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-iptables-'));
    signals = await Signals.listen(folder, cleanup);
    key = await loginKey(folder);
    image = await ensureVmImage({ os: stack.OS });
    lab = await Lab.start({ folder, cleanup, id: `iptables-${process.pid}`, image, signalSocket: signals.socket });
    vm = await lab.launch({
      ...{ instanceId: INSTANCE, instanceType: 't4g.micro', privateIp: OWN, ipv6: { ...stack.SIX, address: OWN6 } },
      ...{ httpTokens: 'required', hopLimit: 1, sourceDestCheck: false },
      publicKey: (await call('cat', [`${key}.pub`])).stdout.trim(),
      userData: Buffer.from(stack.userData('all', stack.forwards)),
      rules: stack.rules,
    });
    await lab.associateAddress(INSTANCE, EIP);
    await lab.routeBackendsThrough(INSTANCE);
    await lab.namespaces.ip('stranger', [`address add ${BLOCKED}/24 dev eth0`]);
    for (const port of [7000, 7050, 7100]) serve('backend-10', 'test/host/support/app.py', 'udp', `${port}`, 'voice');
    serve('backend-11', 'test/host/support/raw.py', 'serve', ESP, SECOND);
    await vm.start();
    await signals.one({ seconds: 800 });
    setUp = Date.now();
  }, 900_000);

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('the host sets itself up from its user-data', () => {
    expect(signals.all.map(({ body }) => body)).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
  });

  test('TCP to another host, by IPv4 and by IPv6, each to the target of its own version', async () => {
    expect(await get('stranger', `http://${EIP}/`)).toMatchObject({ address: FIRST, client: { address: OWN } });
    expect(await get('stranger', `http://[${OWN6}]/`)).toMatchObject({ address: FIRST6, client: { address: OWN6 } });
  });

  test('TCP to the application on the gateway, which sees the client', async () => {
    expect(await get('stranger', `http://${EIP}:81/`)).toMatchObject({ port: 8080, client: { address: STRANGER } });
    expect(await get('stranger', `http://[${OWN6}]:81/`)).toMatchObject({
      ...{ port: 8080, client: { address: INTERNET6.stranger.address } },
    });
  });

  test.each([
    [6000, 7000],
    [6050, 7050],
    [6100, 7100],
  ])('UDP %i of a shifted range arrives on %i', async (listen, target) => {
    expect(await ask(listen)).toMatchObject({ name: 'voice', port: target });
  });

  test('targets share by weight', async () => {
    const answers = await targets('stranger', 82, 40);
    expect(new Set(answers)).toEqual(new Set([FIRST, SECOND]));
    // 30 of 40 are expected; fewer than 18 happen once in 10,000 runs.
    expect(answers.filter((address) => address === FIRST).length).toBeGreaterThan(17);
  });

  test('a client that sticks gets the same target each time', async () => {
    const [first, ...others] = await targets('stranger', 83, 8);
    expect([FIRST, SECOND]).toContain(first);
    expect(new Set(others)).toEqual(new Set([first]));
  });

  test('a client beyond its limit gets nothing, another one in the same time does', async () => {
    const burst = (party: Party) =>
      Promise.all(Array.from({ length: 30 }, () => lab.probe.http(party, `http://${EIP}:84/`, { seconds: 1 })));
    const [answers, other] = await Promise.all([
      burst('stranger'),
      sleep(300).then(() => get('admin', `http://${EIP}:84/`)),
    ]);
    const served = answers.filter(({ status }) => status === 200).length;
    expect(served).toBeGreaterThanOrEqual(5);
    expect(served).toBeLessThan(15);
    expect(other).toMatchObject({ address: FIRST });
  });

  test('who is denied, or not allowed, gets nothing; who is blocked gets nothing of anything', async () => {
    expect(await get('admin', `http://${EIP}:85/`)).toMatchObject({ address: FIRST });
    expect(await get('stranger', `http://${EIP}:85/`)).toBeUndefined();
    await lab.namespaces.ip('stranger', ['address add 198.51.100.77/24 dev eth0']);
    expect(await get('stranger', `http://${EIP}:85/`, '--interface', '198.51.100.77')).toMatchObject({
      address: FIRST,
    });
    expect(await get('stranger', `http://${EIP}:81/`, '--interface', BLOCKED)).toBeUndefined();
  });

  test('a target whose way back leads through the gateway sees the client', async () => {
    expect(await get('stranger', `http://${EIP}:86/`)).toMatchObject({
      ...{ address: SECOND, client: { address: STRANGER } },
    });
  });

  test('ESP goes to its host and back', async () => {
    expect(await python('stranger', 'test/host/support/raw.py', 'ask', ESP, EIP, 'hello')).toBe(`hello ${EIP}`);
  });

  test('pings are answered, by both versions', async () => {
    expect(await python('stranger', 'rehearsal/test/support/ping.py', EIP)).toBe(EIP);
    expect(await python('stranger', 'rehearsal/test/support/ping.py', OWN6)).toBe(OWN6);
  });

  test('private hosts go out under the address of the gateway', async () => {
    const command = [...lab.namespaces.enter('admin'), PYTHON, image.application, '--http', '80'];
    startDaemon('web of the admin', command as [string, ...string[]], cleanup, { log: join(folder, 'parties.log') });
    const outside = [`http://${INTERNET.admin.address}/`, `http://[${INTERNET6.admin.address}]/`] as const;
    for (let i = 0; i < 20 && (await get('stranger', outside[0])) === undefined; i++) await sleep(250);
    const seen = (party: Party) => Promise.all(outside.map(async (url) => (await get(party, url))?.client.address));
    expect(await seen('backend-10')).toEqual([EIP, OWN6]);
    expect(await seen('backend-11')).toEqual([EIP, OWN6]);
  });

  test('nothing else is open, to nobody', async () => {
    const ports = [...Array(1024).keys(), 3128, 6000, 7000, 8080, 8443].slice(1);
    const open = async (party: Party, address: string) =>
      [...(await lab.probe.tcpPorts(party, address, ports))].filter(([, state]) => state === 'open').map(([p]) => p);
    // 85 denies this stranger, and 84 has reached its limit.
    const found = await open('stranger', EIP);
    expect(found.filter((port) => port !== 84)).toEqual([80, 81, 82, 83, 86]);
    expect(await open('stranger', OWN6)).toEqual([80, 81]);
    expect((await open('admin', EIP)).filter((port) => port !== 84)).toEqual([22, 80, 81, 82, 83, 85, 86]);
  });

  test('the default route by router advertisements is renewed while IPv6 is forwarded', async () => {
    expect((await ssh('cat /proc/sys/net/ipv6/conf/all/forwarding')).stdout.trim()).toBe('1');
    // The lab's advertisements are valid for 30 s. Those from before forwarding must have expired.
    await sleep(Math.max(0, setUp + 40_000 - Date.now()));
    expect(await defaultRoute6()).toMatch(/^default .*via fe80::\S+ dev \S+ proto ra .*expires \d+sec/);
  });

  test('portway status shows each forward', async () => {
    const { stdout, error } = await ssh('sudo portway status');
    expect(error).toBeUndefined();
    for (const { name } of stack.forwards) expect(stdout).toMatch(new RegExp(`^${name}\\b`, 'm'));
  });

  test('what a change takes out is gone, and nothing else', async () => {
    const held = hold('stranger', EIP, 80);
    expect(await held.begun()).toBe('held');
    const text = stack.userData('changed', stack.changed);
    const part = text.slice(text.indexOf('\n\n', text.indexOf('filename=')) + 2, text.lastIndexOf('\n--portway--'));
    const script = `base64 -d <<<'${Buffer.from(part).toString('base64')}' | sudo tee ${SCRIPT} >/dev/null && sudo ${SCRIPT}`;
    expect(await ssh(script)).toMatchObject({ ok: true });
    await lab.setUserData(INSTANCE, Buffer.from(text));
    expect(signals.all.map(({ body }) => body.Status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await get('stranger', `http://${EIP}:86/`)).toBeUndefined();
    await expect(ask(6050)).rejects.toThrow(/refused|timed out/);
    expect(await get('stranger', `http://${EIP}:81/`)).toMatchObject({ port: 8080 });
    // A connection from before the change survives it.
    expect(await held.end()).toMatch(/ 200 /);
    expect((await ssh('sudo iptables-nft-save')).stdout).not.toMatch(/voice|vpn|limited|sticky/);
  });

  test('a target that dies is left out until it is back', async () => {
    const down = 'add table inet dead; add chain inet dead input { type filter hook input priority 0; policy drop; }';
    await run('backend-10', 'nft', down);
    /** Waits until twelve connections in a row reach these targets and no others. */
    const only = async (...addresses: string[]) => {
      for (let i = 0; i < 20; i++) {
        const met = new Set(await targets('stranger', 82, 12));
        if (met.size === addresses.length && addresses.every((address) => met.has(address))) return;
        await sleep(1000);
      }
      throw new Error(`connections to 82 met others than ${addresses}, or none`);
    };
    await only(SECOND);
    expect((await ssh('sudo portway status')).stdout).toMatch(new RegExp(`${FIRST}:8080 DOWN`));
    await run('backend-10', 'nft', 'delete table inet dead');
    await only(FIRST, SECOND);
  });

  test('after a reboot it is the same gateway', async () => {
    const before = await rules();
    expect(before.length).toBeGreaterThan(40);
    expect(await vm.reboot()).toBe(true);
    await up(`http://${EIP}/`);
    await up(`http://[${OWN6}]/`);
    // The SSH server may start later than the forwards.
    while (!(await ssh(`for i in $(seq 300); do ${DONE} && break; sleep 1; done`, 400)).ok) await sleep(1000);
    expect(await rules()).toEqual(before);
    expect(await defaultRoute6()).toMatch(/^default .*proto ra .*expires/);
    expect((await ssh('sudo portway status')).error).toBeUndefined();
    expect(signals.all).toHaveLength(2);
  });
});
