import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { PACKAGE } from '../../lib/host/assets';
import { REGION } from './support/aws';
import { certificatesRoot } from './support/certificates-root';
import { ADDRESS, describeHost, until } from './support/host';
import { type Deployed, deployedOf, edited, INSTANCE, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(120_000);

const PORT = 10_256;
const GROUP = 'FleetGroup';
const FILE = '/etc/portway/tls/secure.secret.pem';

function content(secret = 'www', hsts = false): Deployed {
  const secretArn = `arn:aws:secretsmanager:${REGION}:123456789012:secret:${secret}-AbCdEf`;
  const tls = Tls.secret({ secretArn, grantRead: () => undefined });
  return deployedOf({
    fleet: { hosts: 4, balancer: [{ text: '10.0.0.0/24', family: 4 }] },
    forwards: { secure: Forward.https({ listen: 443, to: `${ADDRESS.backend.v4}:9001`, tls, hsts }) },
    // It polls five times as often, and trusts the balancer sooner.
    alter: (one) =>
      edited(
        edited(impatient(one), '/usr/local/lib/portway/live.py', ' = 300, 30, 10', ' = 300, 6, 2'),
        `${PACKAGE}/group.py`,
        'HEALTHY_SECONDS = 25',
        'HEALTHY_SECONDS = 2',
      ),
  });
}

/** A host of its own, with the AWS services that it asks. */
const start = () => LiveGateway.start({ isImpatient: true, hasTag: false, signalUrl: `group://Portway/${GROUP}` });

/** A self-signed certificate and its key, as the secret has them. */
async function pair({ host }: LiveGateway, name: string): Promise<{ certificate: string; privateKey: string }> {
  const words = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=${name}`;
  const both = await host.sh('gateway', `${words} -keyout /run/k -out /run/c 2>/dev/null; cat /run/c /run/k`);
  const [certificate = '', privateKey = ''] = both.split(/(?=-----BEGIN PRIVATE)/);
  return { certificate, privateKey };
}

const fingerprint = ({ host }: LiveGateway) =>
  host.sh(
    'client',
    `openssl s_client -connect ${ADDRESS.gateway.v4}:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 || echo none`,
  );
const health = ({ host }: LiveGateway) =>
  host.sh('client', `curl -s -m 5 -w '%{http_code}' http://${ADDRESS.gateway.v4}:${PORT}/ || echo none`);
const signals = async ({ aws }: LiveGateway) =>
  (await aws.signals()).map(({ LogicalResourceId, Status, UniqueId }) => [LogicalResourceId, Status, UniqueId]);

/** What the first boot of a host with a secret does. The balancer asks it all the time. */
async function bootWith(gateway: LiveGateway, secret: unknown, deployed: Deployed): Promise<number> {
  if (secret !== undefined) await gateway.aws.keep('secret', secret);
  await gateway.publish(deployed);
  await gateway.aws.keep('progress', `${GROUP}\n${deployed.condition}`);
  let done = false;
  const booting = gateway.boot().finally(() => {
    done = true;
  });
  while (!done) {
    await health(gateway);
    await sleep(500);
  }
  const { code } = await booting;
  return code;
}

describeHost("a fleet's certificate from Secrets Manager", () => {
  let hosts: readonly [LiveGateway, LiveGateway];
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    hosts = [await start(), await start()];
    for (const { host } of hosts) await host.app('backend', 'tcp', 9001, '9001');
  });
  afterAll(() => Promise.all((hosts ?? []).map((one) => one.stop())));

  test('is read by each host at its boot: all have the same one', async () => {
    const secret = await pair(hosts[0], 'one');
    const deployed = content();
    for (const gateway of hosts) {
      expect(await bootWith(gateway, secret, deployed)).toBe(0);
      expect(await signals(gateway)).toEqual([
        [GROUP, 'SUCCESS', INSTANCE],
        [deployed.condition, 'SUCCESS', INSTANCE],
      ]);
      expect(await health(gateway)).toBe('ready\n200');
    }
    const [first, second] = await Promise.all(hosts.map(fingerprint));
    expect(first).toMatch(/^sha256 Fingerprint=/i);
    expect(second).toBe(first);
  });

  test('is read again within the hour, and hosts stay ready', async () => {
    const secret = await pair(hosts[0], 'two');
    const before = await fingerprint(hosts[0]);
    for (const gateway of hosts) {
      await gateway.aws.keep('secret', secret);
      await gateway.host.sh('gateway', `touch -d '61 minutes ago' ${FILE}; systemctl start portway-certificates`);
      await until('the new one is served', async () => (await fingerprint(gateway)) !== before);
      expect(await health(gateway)).toBe('ready\n200');
    }
    const [first, second] = await Promise.all(hosts.map(fingerprint));
    expect(second).toBe(first);
  });

  test('a change to a secret that cannot be read fails at each host, and what it had goes on', async () => {
    const [before, bad] = [await fingerprint(hosts[0]), content('other', true)];
    for (const gateway of hosts) {
      await gateway.aws.keep('secret');
      const { Status, UniqueId } = await gateway.update(bad);
      expect([Status, UniqueId]).toEqual(['FAILURE', expect.stringMatching(new RegExp(`^${INSTANCE} .`))]);
      expect(await fingerprint(gateway)).toBe(before);
      expect(await health(gateway)).toBe('ready\n200');
    }
  });

  test('a host that may not read it tells the group, and gets no connection', async () => {
    const gateway = await start();
    try {
      expect(await bootWith(gateway, undefined, content())).toBe(1);
      expect(await signals(gateway)).toEqual([[GROUP, 'FAILURE', INSTANCE]]);
      expect(await gateway.log()).toMatch(/Secrets Manager: .*AccessDeniedException/);
      expect(await health(gateway)).not.toContain('200');
    } finally {
      await gateway.stop();
    }
  });
});
