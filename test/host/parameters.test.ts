import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { type ParameterArchive, parameterNames } from '../../lib/host/parameters';
import { USER_DATA_LIMIT } from '../../lib/host/user-data';
import { Aws } from './support/aws';
import { certificatesRoot } from './support/certificates-root';
import { type Deploy, Gateway, userDataOf } from './support/gateway';
import { describeHost, type Host } from './support/host';
import type { SignedRequest } from './support/signature';

// A host retries for more than a minute before it fails.
jest.setTimeout(240_000);

/** More than fits into user-data: ACME certificates beside UDP to another host. */
function deploy(content: string, listen = 27015, more: Record<string, Forward> = {}): Deploy {
  const tls = Tls.letsEncrypt({
    email: 'admin@example.com',
    domains: ['shop.example.com'],
    server: 'https://ca.invalid',
  });
  return {
    content,
    limit: USER_DATA_LIMIT,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({ listen: 443, to: 8080, tls }),
      game: Forward.udp({ listen, to: '10.0.1.20:27015', family: 'ipv4', engine: 'iptables' }),
      ...more,
    },
  };
}

/** Needs more scripts, which makes different parameters. */
const other = (content: string) =>
  deploy(content, 27015, {
    shop: Forward.tcp({
      listen: 8443,
      to: ['10.0.1.20:1', '10.0.1.21:1'],
      family: 'ipv4',
      engine: 'iptables',
      healthCheck: true,
    }),
  });

function archiveOf(deployed: Deploy): ParameterArchive {
  const { archive } = userDataOf(deployed);
  if (archive === undefined) throw new Error('it has room in user-data');
  return archive;
}

/** The parameters that CloudFormation would create. */
function parameters(...deploys: readonly Deploy[]): Record<string, string> {
  const archives = deploys.map(archiveOf);
  return Object.fromEntries(archives.flatMap((a) => parameterNames(a).map((name, i) => [name, a.values[i] ?? ''])));
}

describeHost('a host whose files do not fit into user-data', () => {
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
  const kept = () => host.sh('gateway', 'ls /var/lib/portway/ | grep archive- || :');

  test('reads them with signed requests, and needs neither network nor metadata at later boots', async () => {
    await aws.serve();
    await aws.keep('parameters', parameters(deploy('c1')));
    await gateway.succeed(deploy('c1'));
    expect(await gateway.signals()).toMatchObject([{ Status: 'SUCCESS' }]);
    expect(await rules()).toContain('--dport 27015');
    const requests = await aws.requests();
    const archive = archiveOf(deploy('c1'));
    expect(requests.map((r) => JSON.parse(r.body).Name)).toEqual(parameterNames(archive));
    for (const request of requests) expect(await aws.isSigned(request as SignedRequest)).toBe(true);
    // All files are in place, and host.sh has replaced the script that fetched it.
    const command = await host.run('gateway', ['portway', 'status']);
    expect(`${command.stdout}${command.stderr}`).toMatch(/game/);
    expect(await host.read('/usr/local/lib/portway/host.sh')).toMatch(/^#!\/bin\/bash\n/);
    expect(await host.sh('gateway', 'stat -c %a /usr/local/lib/portway/host.sh')).toBe('755\n');

    await host.sh('gateway', 'ip route replace blackhole 169.254.169.254; sed -i /amazonaws/d /etc/hosts');
    expect((await gateway.reboot()).code).toBe(0);
    // Changed rules with the same scripts: nothing is fetched again.
    await gateway.succeed(deploy('c2', 27016));
    expect(await rules()).toContain('--dport 27016');
    expect(await aws.requests()).toHaveLength(requests.length);
    expect(await gateway.signals()).toHaveLength(2);
  });

  test('waits for permissions and for the network', async () => {
    const booting = gateway.boot(deploy('c1'));
    await sleep(2000);
    await aws.serve();
    await sleep(5000);
    await aws.keep('parameters', parameters(deploy('c1')));
    expect((await booting).code).toBe(0);
    expect(await gateway.log()).toMatch(/refused(.*\n)+.*AccessDenied(.*\n)+.*forwards are up/);
    expect(await gateway.signals()).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  test('rejects anything but the deployed files: fails the deploy, keeps the old content running, and rolls back without a request', async () => {
    await aws.serve();
    await aws.keep('parameters', parameters(deploy('c1')));
    await gateway.succeed(deploy('c1'));
    const before = await rules();
    const [first = '', ...rest] = parameterNames(archiveOf(other('c2')));
    const right = parameters(other('c2'));
    await aws.keep('parameters', {
      ...right,
      [first]: `${right[first]}`.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a')),
    });
    expect(rest.length).toBeGreaterThan(1);
    expect((await gateway.boot(other('c2'))).code).toBe(1);
    const signal = (await gateway.signals()).at(-1);
    expect(signal).toMatchObject({
      Status: 'FAILURE',
      Reason: expect.stringMatching(
        /^parameters \/portway\/Portway\/[0-9a-f]{16}\/\* could not be read: they hold something else than was deployed: \d+ characters \(to deploy the same content again: -c attempt=1\)$/,
      ),
      Data: { content: 'c2' },
    });
    expect(await rules()).toBe(before);
    expect(await gateway.log()).toMatch(/FAILED: parameters/);

    // The same failure at the next boot is not signalled again. With the right parameters the host works, and the verdict stays.
    await aws.keep('parameters', right);
    expect((await gateway.reboot()).code).toBe(0);
    expect(await rules()).toContain('--dport 8443');
    expect(await gateway.signals()).toHaveLength(2);

    // A rollback uses the copy on the disk.
    const asked = (await aws.requests()).length;
    await gateway.succeed(deploy('c1'));
    expect(await aws.requests()).toHaveLength(asked);
    expect((await kept()).trim().split('\n')).toHaveLength(2);

    // A damaged copy is fetched again.
    await aws.keep('parameters', parameters(deploy('c1')));
    await host.sh('gateway', 'for f in /var/lib/portway/archive-*; do echo x >>$f; done');
    expect((await gateway.reboot()).code).toBe(0);
    expect((await aws.requests()).length).toBeGreaterThan(asked);
  });
});
