import { Forward } from '../../lib/forward/forward';
import { Problems } from '../../lib/forward/problems';
import { readAsset } from '../../lib/host/assets';
import { LOADERS, renderLoader } from '../../lib/host/content/loader';
import { partPlace, pointerName, pointerText, storedContent } from '../../lib/host/content/stored-content';
import { Aws } from './support/aws';
import { certificatesRoot } from './support/certificates-root';
import { contentOf, Gateway, partOf, SCRIPT, SIGNAL_URL } from './support/gateway';
import { describeHost, type Host, until } from './support/host';
import { impatient, PAUSES } from './support/live-gateway';
import type { SignedRequest } from './support/signature';

// A host retries for more than a minute before it fails.
jest.setTimeout(240_000);

const STACK = 'Portway';

/** What CloudFormation gives a host whose user-data names its content. */
interface Deployed {
  readonly content: string;
  readonly script: string;
  readonly pointer: string;
  /** Values by name, the pointer's among them. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** @param generation of the host; each content has its own */
function deployed(generation: string, listen: number): Deployed {
  const problems = new Problems();
  const game = Forward.udp({ listen, to: '10.0.1.20:27015', family: 'ipv4', engine: 'iptables' });
  const stored = storedContent(impatient(contentOf({ forwards: { game } })), problems);
  problems.throwIfAny();
  const pointer = pointerName(STACK, generation);
  const [loader, fetch] = LOADERS.map(readAsset) as [string, string];
  const scripts = { loader, fetch: fetch.replace(PAUSES, 'PAUSES = (0, 1, 2, 4)') };
  const signalUrl = `${SIGNAL_URL}&generation=${generation}`;
  const parts = stored.parts.map(({ name, value }) => [`${partPlace(STACK)}/${name}`, value] as const);
  return {
    content: stored.content,
    script: partOf(renderLoader({ pointer, signalUrl, only: stored, scripts })),
    pointer,
    parameters: Object.fromEntries([...parts, [pointer, pointerText(stored, { attempt: 0 })]]),
  };
}

const FIRST = deployed('1'.repeat(16), 27015);
const SECOND = deployed('2'.repeat(16), 27016);
const THIRD = deployed('3'.repeat(16), 27017);

describeHost('a host whose user-data names its content', () => {
  let gateway: Gateway;
  let host: Host;
  let aws: Aws;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeEach(async () => {
    gateway = await Gateway.start({ root: await certificatesRoot() });
    host = gateway.host;
    aws = await Aws.near(host);
  });
  afterEach(async () => {
    await gateway?.stop();
    await aws?.stop();
  });

  const rules = () => host.sh('gateway', 'iptables -S; iptables -t nat -S');
  /** Gives the host user-data, and boots it. */
  const boot = async ({ script }: Deployed) => {
    await host.write(SCRIPT, script, '0700');
    return gateway.reboot();
  };
  const succeed = async (to: Deployed) => {
    const { code, stdout, stderr } = await boot(to);
    if (code !== 0) throw new Error(`${stdout}${stderr}\n${await gateway.log()}`);
  };

  test('reads it with signed requests, and needs neither network nor metadata when it reboots', async () => {
    await aws.serve();
    await aws.keep('parameters', FIRST.parameters);
    // What a host of an earlier version has.
    await host.sh('gateway', 'mkdir -p /var/lib/portway; touch /var/lib/portway/archive-0123456789abcdef');
    await succeed(FIRST);
    expect(await host.sh('gateway', 'ls /var/lib/portway')).not.toContain('archive');
    expect(await gateway.signals()).toMatchObject([{ Status: 'SUCCESS', Data: { content: FIRST.content } }]);
    expect(await rules()).toContain('--dport 27015');
    const requests = await aws.requests();
    const asked = requests.flatMap((r) => JSON.parse(r.body).Names);
    expect([...new Set(asked)].sort()).toEqual(Object.keys(FIRST.parameters).sort());
    for (const request of requests) expect(await aws.isSigned(request as SignedRequest)).toBe(true);
    const command = await host.run('gateway', ['portway', 'status']);
    expect(`${command.stdout}${command.stderr}`).toMatch(/game/);
    // Nothing of live changes is there.
    expect(await host.sh('gateway', 'ls /usr/local/lib/portway /usr/local/lib/portway/portway')).not.toMatch(
      /live|reconcile|content/,
    );

    await host.sh('gateway', 'ip route replace blackhole 169.254.169.254; sed -i /amazonaws/d /etc/hosts');
    await host.sh('gateway', 'iptables -t nat -F; rm /etc/portway/iptables.rules');
    expect((await gateway.reboot()).code).toBe(0);
    expect(await rules()).toContain('--dport 27015');
    expect(await aws.requests()).toHaveLength(requests.length);
    expect(await gateway.signals()).toHaveLength(1);
  });

  test('waits for permissions and for the network', async () => {
    const booting = boot(FIRST);
    const says = (words: string) => until(words, async () => (await gateway.log()).includes(words), 30);
    await says('refused');
    await aws.serve();
    await says('AccessDenied');
    await aws.keep('parameters', FIRST.parameters);
    expect((await booting).code).toBe(0);
    expect(await gateway.log()).toMatch(/refused(.*\n)+.*AccessDenied(.*\n)+.*forwards are up/);
    expect(await gateway.signals()).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  test('fails a first deploy in the words of AWS if the role has no rights', async () => {
    await aws.serve();
    expect((await boot(FIRST)).code).toBe(1);
    expect(await gateway.signals()).toMatchObject([
      {
        Status: 'FAILURE',
        Reason: expect.stringMatching(/^\/portway\/Portway\/1{16}\/now could not be read: .*AccessDenied/),
      },
    ]);
  });

  test('runs nothing but the deployed content: fails the deploy, and the content before goes on', async () => {
    await aws.serve();
    await aws.keep('parameters', FIRST.parameters);
    await succeed(FIRST);
    const before = await rules();
    for (const [name, to] of [
      ['programs.1', SECOND],
      ['etc/portway/iptables.rules.1', THIRD],
    ] as const) {
      const full = `${partPlace(STACK)}/${name}`;
      const right = to.parameters[full] ?? '';
      const altered = right.slice(0, 300) + (right.charAt(300) === 'a' ? 'b' : 'a') + right.slice(301);
      await aws.keep('parameters', { ...FIRST.parameters, ...to.parameters, [full]: altered });
      await boot(to);
      expect((await gateway.signals()).at(-1)).toMatchObject({
        Status: 'FAILURE',
        Reason: expect.stringContaining(`${name.replace('.1', '')} is not what was deployed`),
      });
      expect(await rules()).toBe(before);
    }
    // A pointer with other content than user-data names.
    const other = { ...FIRST.parameters, ...SECOND.parameters, [SECOND.pointer]: FIRST.parameters[FIRST.pointer] };
    await aws.keep('parameters', other);
    await boot(SECOND);
    expect(await gateway.log()).toMatch(/it is not what was deployed/);
    expect(await rules()).toBe(before);
    // The rollback of the failed change.
    await aws.keep('parameters', FIRST.parameters);
    await succeed(FIRST);
    expect(await rules()).toBe(before);
    // The same change works the second time.
    await aws.keep('parameters', { ...FIRST.parameters, ...SECOND.parameters });
    await succeed(SECOND);
    expect(await rules()).toContain('--dport 27016');
  });

  test('an old host that reboots while its parts change runs its own content, and reads nothing', async () => {
    await aws.serve();
    await aws.keep('parameters', FIRST.parameters);
    await succeed(FIRST);
    const asked = (await aws.requests()).length;
    await aws.keep('parameters', { ...FIRST.parameters, ...SECOND.parameters });
    expect((await gateway.reboot()).code).toBe(0);
    expect(await rules()).toContain('--dport 27015');
    expect(await aws.requests()).toHaveLength(asked);
    // Its successor, beside it or on its disk, takes the new one.
    await succeed(SECOND);
    expect(await rules()).toContain('--dport 27016');
    expect((await gateway.signals()).map(({ Status, Data }) => [Status, Data.content])).toEqual([
      ['SUCCESS', FIRST.content],
      ['SUCCESS', SECOND.content],
    ]);
  });

  test('reads a damaged content anew', async () => {
    await aws.serve();
    await aws.keep('parameters', FIRST.parameters);
    await succeed(FIRST);
    const asked = (await aws.requests()).length;
    await host.sh('gateway', 'echo x >>/var/lib/portway/good/etc/portway/iptables.rules');
    expect((await gateway.reboot()).code).toBe(0);
    expect((await aws.requests()).length).toBeGreaterThan(asked);
    expect(await host.read('/etc/portway/iptables.rules')).not.toMatch(/^x$/m);
  });

  test('fails the deploy while another run does not end, and leaves that alone', async () => {
    // Shortens its wait of five minutes.
    await host.write('/usr/local/sbin/flock', '#!/bin/sh\n[ "$*" = "-w 300 9" ] && exec /usr/bin/flock -n 9\n', '0755');
    await host.serve('gateway', [
      'bash',
      '-c',
      'exec 9>/run/portway.lock; /usr/bin/flock 9; echo; exec /usr/bin/sleep 99',
    ]);
    expect((await boot(FIRST)).code).toBe(1);
    expect(await gateway.signals()).toMatchObject([
      { Status: 'FAILURE', Reason: 'another run is at work and does not end' },
    ]);
  });
});
