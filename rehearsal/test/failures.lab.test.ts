import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { firstBootFile } from '../../lib/host/first-boot-script';
import { type HostContent, hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { describeAsRoot } from '../../test/support/as-root';
import { carriedUserData } from '../../test/support/carried';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage } from '../src/image/image';
import { Lab } from '../src/lab';
import { loginKey } from '../src/login-key';
import { call } from '../src/network/namespaces';
import { Signals } from './support/signals';

const EIP = '203.0.113.100';
const INSTANCE = 'i-0fedcba9876543210';
const SIGNALS = 'http://cloudformation-waitcondition.rehearsal.internal/arn%3Aaws%3Acloudformation';
/** Where cloud-init keeps the part, which it runs at every boot. */
const SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';

/** REDIRECT belongs to the nat table. */
const REFUSED = '-A PORTWAY-X -p tcp --dport 80 -j REDIRECT --to-ports 8080';

// Emulated processors are slow on a busy machine.
jest.setTimeout(400_000);

/**
 * What a host that cannot do its work tells CloudFormation: on a booted Debian 13, with its systemd, apt and
 * cloud-init. The first content arrives by cloud-init at the first boot. The others are put where cloud-init would put
 * them, and run.
 */
describeAsRoot('a host that fails, in a VM', () => {
  const cleanup = new Cleanup();
  let signals: Signals;
  let folder: string;
  let key: string;
  let lab: Lab;

  const iptables: ForwardSet = { engine: 'iptables', forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) } };
  const nginx: ForwardSet = { forwards: { web: Forward.http({ listen: 80, to: 8080 }) } };

  /** User-data of a stack, with a script of the team's, or with a change that synth would not allow. */
  function userData(
    name: string,
    set: ForwardSet,
    { script, alter = (c) => c }: { script?: string; alter?: (content: HostContent) => HostContent } = {},
  ): string {
    const content = hostContent({
      forwards: resolveForwardsOrThrow(set),
      os: OPERATING_SYSTEMS['debian-13'],
      ...(script === undefined ? {} : { firstBootScript: firstBootFile(script) }),
    });
    return carriedUserData(alter(content), { content: name, signalUrl: `${SIGNALS}/${name}?X-Amz-Expires=86399&X=1` });
  }

  const signalOf = (name: string) => signals.one({ url: `/${name}?`, seconds: 380 });
  const ssh = (command: string) => lab.probe.ssh('admin', EIP, key, command, { seconds: 300 });

  /** Changes the host's content. @returns whether its script succeeded */
  async function deploy(text: string): Promise<boolean> {
    const part = text.slice(text.indexOf('\n\n', text.indexOf('filename=')) + 2, text.lastIndexOf('\n--portway--'));
    const { ok } = await ssh(
      `base64 -d <<<'${Buffer.from(part).toString('base64')}' | sudo tee ${SCRIPT} >/dev/null && sudo ${SCRIPT}`,
    );
    return ok;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-fail-'));
    signals = await Signals.listen(folder, cleanup);
    key = await loginKey(folder);
    const publicKey = (await call('cat', [`${key}.pub`])).stdout.trim();
    lab = await Lab.start({
      folder,
      cleanup,
      id: `fail-${process.pid}`,
      image: await ensureVmImage(),
      signalSocket: signals.socket,
    });
    const everyone = ['0.0.0.0/0'];
    const rule = (fromPort: number) => ({ protocol: 'tcp', fromPort, toPort: fromPort, cidrs: everyone });
    // The kernel accepts the nat table and refuses this one; `iptables-restore --test` would have accepted both.
    const refused = userData('refused-rule', iptables, {
      alter: (content) => ({
        ...content,
        files: content.files.map((file) =>
          file.path.endsWith('/iptables.rules')
            ? { ...file, text: file.text.replace('*filter\n', `*filter\n:PORTWAY-X - [0:0]\n${REFUSED}\n`) }
            : file,
        ),
      }),
    });
    const vm = await lab.launch({
      instanceId: INSTANCE,
      instanceType: 't4g.micro',
      privateIp: '10.0.0.10',
      publicKey,
      httpTokens: 'required',
      hopLimit: 1,
      userData: Buffer.from(refused),
      rules: { ingress: [rule(80), rule(22)], egress: [rule(80), rule(443)] },
    });
    await lab.associateAddress(INSTANCE, EIP);
    await vm.start();
  }, 600_000);

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('a rule that the kernel refuses: the first boot signals the very rule', async () => {
    const { body, type } = await signalOf('refused-rule');
    expect(type).toBeUndefined();
    expect(body).toMatchObject({ Status: 'FAILURE', UniqueId: INSTANCE });
    expect(body.Reason).toContain(REFUSED);
    expect(body.Reason).toMatch(/ \(to deploy again: -c attempt=1\)$/);
    expect((await ssh('sudo iptables-nft-save')).stdout).not.toContain('PORTWAY');
  });

  test('what a failing script of the team prints stays on the host, which signals where', async () => {
    const script = `#!/bin/bash\nprintf '%b' 'it said "no" to C:\\\\x \\e[31mred\\e[0m \\xff\\xfe \\x01 end\\n'\nexit 3\n`;
    expect(await deploy(userData('nasty-line', iptables, { script }))).toBe(false);
    const { Reason } = (await signalOf('nasty-line')).body;
    expect(Reason).toContain('firstBootScript ended with 3: see /var/log/portway/first-boot.log');
    expect(Reason).not.toContain('it said');
    expect((await ssh('sudo cat /var/log/portway/first-boot.log')).stdout).toContain('it said "no" to C:\\x');
    expect(await ssh('cat /var/log/portway/first-boot.log')).toMatchObject({ ok: false });
    expect(Reason).not.toMatch(/\p{Cc}/u);
  });

  test('a package that does not exist: its name', async () => {
    const missing = (content: HostContent): HostContent => ({
      ...content,
      settings: { ...content.settings, PORTWAY_PACKAGES: 'iptables no-such-package' },
    });
    // It tries for minutes, as test/host/packages.test.ts shows; here its pauses are left out.
    await ssh("printf '#!/bin/sh\\n' | sudo install -m 755 /dev/stdin /usr/local/sbin/sleep");
    expect(await deploy(userData('missing-package', iptables, { alter: missing }))).toBe(false);
    await ssh('sudo rm /usr/local/sbin/sleep');
    expect((await signalOf('missing-package')).body.Reason).toMatch(/no-such-package/);
  });

  test('port 80 taken by another program: its name and the port', async () => {
    await ssh('sudo systemd-run --unit squatter python3 -m http.server 80');
    expect(await deploy(userData('taken-port', nginx))).toBe(false);
    expect((await signalOf('taken-port')).body.Reason).toMatch(/tcp\/80.*python3/);
  });

  test('once what was in the way is gone, the next content is set up, and the first-boot script runs once', async () => {
    await ssh('sudo systemctl stop squatter');
    const script = '#!/bin/bash\necho ran >>/var/log/first-boot-runs\n';
    const good = userData('good', nginx, { script });
    expect(await deploy(good)).toBe(true);
    expect((await signalOf('good')).body).toMatchObject({ Status: 'SUCCESS', UniqueId: INSTANCE });
    expect(await deploy(good)).toBe(true);
    expect((await ssh('cat /var/log/first-boot-runs')).stdout.trim()).toBe('ran');
    expect((await lab.probe.http('stranger', `http://${EIP}/`)).json).toMatchObject({ port: 8080 });
  });
});
