import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { Aws, KEYS, REGION } from './support/aws';
import { certificatesRoot } from './support/certificates-root';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';
import type { SignedRequest } from './support/signature';

jest.setTimeout(60_000);

const MANAGER = `secretsmanager.${REGION}.amazonaws.com`;
const arn = (name: string) => `arn:aws:secretsmanager:${REGION}:123456789012:secret:${name}-AbCdEf`;
const FILE = '/etc/portway/tls/secure.secret.pem';

function deploy(name = 'web/tls', content = 'c1', forwards: Record<string, Forward> = {}): Deploy {
  const tls = Tls.secret({ secretArn: arn(name), grantRead: () => undefined });
  return { forwards: { secure: Forward.https({ listen: 443, to: 8080, tls }), ...forwards }, content };
}

describeHost('a certificate from Secrets Manager', () => {
  let gateway: Gateway;
  let host: Host;
  let aws: Aws;
  beforeAll(() => certificatesRoot(), 600_000);

  beforeEach(async () => {
    gateway = await Gateway.start({ root: await certificatesRoot() });
    host = gateway.host;
    await host.app('gateway', 'tcp', 8080);
    aws = await Aws.near(host);
    await aws.serve();
  });
  afterEach(async () => {
    await gateway?.stop();
    await aws?.stop();
  });

  /** A self-signed certificate and its key. */
  async function pair(name: string, extension = 'basicConstraints=CA:FALSE') {
    const curve = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
    const words = `openssl req -x509 ${curve} -days 9 -subj '/CN=${name}' -addext '${extension}'`;
    const both = await host.sh('gateway', `${words} -keyout /run/k -out /run/c 2>/dev/null; cat /run/c /run/k`);
    const [certificate = '', privateKey = ''] = both.split(/(?=-----BEGIN PRIVATE)/);
    return { both, certificate, privateKey };
  }
  const keep = (secret: unknown) => aws.keep('secret', secret);
  const served = () =>
    host.sh(
      'client',
      `sleep 0.3; openssl s_client -connect ${ADDRESS.gateway.v4}:443 </dev/null 2>/dev/null | openssl x509 -noout -subject -nameopt RFC2253`,
    );
  /** A reload takes a moment, longer on a busy machine. */
  const expectServed = (name: string) =>
    until(`the certificate of ${name} is served`, async () => (await served()) === `subject=CN=${name}\n`);
  const service = async () => {
    await host.sh('gateway', 'rm -f /var/log/portway-certificates; systemctl start portway-certificates');
    return host.read('/var/log/portway-certificates');
  };

  test('is read at the first boot with requests signed for AWS, and never logged', async () => {
    const { certificate, privateKey } = await pair('one');
    await keep({ certificate, privateKey });
    await gateway.succeed(deploy());
    await expectServed('one');
    expect(await host.sh('gateway', `stat -c %a ${FILE}; ls /etc/portway/tls`)).toBe('600\nsecure.secret.pem\n');
    const [request, ...more] = await aws.requests();
    expect(more).toEqual([]);
    expect(JSON.parse(request?.body ?? '')).toEqual({ SecretId: arn('web/tls') });
    expect(request?.headers).toMatchObject({ 'x-amz-target': 'secretsmanager.GetSecretValue', host: MANAGER });
    expect(await aws.isSigned(request as SignedRequest)).toBe(true);
    const told = await host.sh(
      'gateway',
      'cat /var/log/portway/*.log /run/portway-certificates; grep -r . /etc/portway/*.*',
    );
    for (const secret of [privateKey.split('\n')[1] ?? '', KEYS.SecretAccessKey, KEYS.Token])
      expect(told).not.toContain(secret);
  });

  test.each([
    ['nothing is there', undefined, /Secrets Manager: .*AccessDeniedException/],
    [
      'it has the wrong shape',
      '{"cert": "x"}',
      /secure: the secret must be \{"certificate": "\(PEM\)", "privateKey": "\(PEM\)"\}/,
    ],
    ['it is not JSON', 'c2VjcmV0', /secure: the secret must be/],
    ['the key does not match', 'mixed', /secure: .*key values mismatch/],
    ['the key is of an unsupported type', 'kinds', /secure: the key is of another kind/],
    ['the key has a password', 'locked', /secure: .*(password|PEM_read_bio|pem)/i],
  ])('fails the deploy with the reason when %s', async (_, secret, reason) => {
    const { certificate, privateKey } = await pair('one');
    if (secret === 'mixed') await keep({ certificate, privateKey: (await pair('two')).privateKey });
    else if (secret === 'kinds')
      await keep({ certificate, privateKey: await host.sh('gateway', 'openssl genpkey -algorithm ED25519') });
    else if (secret === 'locked') {
      const locked = await host.sh('gateway', 'openssl pkcs8 -topk8 -v2 aes256 -passout pass:x', privateKey);
      await keep({ certificate, privateKey: locked });
    } else if (secret !== undefined) await keep(secret);
    expect((await gateway.boot(deploy())).code).toBe(1);
    const [signal] = await gateway.signals();
    expect(signal).toMatchObject({ Status: 'FAILURE', Reason: expect.stringMatching(reason) });
    expect(signal?.Reason).not.toContain('c2VjcmV0');
    expect(await host.sh('gateway', 'ls -A /etc/portway/tls 2>/dev/null || :')).toBe('');
  });

  test('survives a boot without metadata; a new version is served at the next boot, or within the hour', async () => {
    await keep(await pair('one'));
    await gateway.succeed(deploy());
    await host.sh('gateway', 'ip route replace blackhole 169.254.169.254');
    expect((await gateway.reboot()).code).toBe(0);
    expect(await gateway.log()).toMatch(/^secure: .*\n(.*\n)*.* forwards are up/m);
    await expectServed('one');

    await host.sh('gateway', `ip route replace 169.254.169.254 via ${ADDRESS.client.v4}`);
    await keep((await pair('two')).both);
    expect((await gateway.reboot()).code).toBe(0);
    await expectServed('two');

    await keep(await pair('three'));
    expect(await service()).toBe('');
    await host.sh('gateway', `touch -d '61 minutes ago' ${FILE}`);
    expect(await service()).toBe('secure: has a new certificate\n');
    await expectServed('three');

    // A time in the future stems from a wrong clock.
    await keep((await pair('four')).both);
    await host.sh('gateway', `touch -d '2 years' ${FILE}`);
    expect(await service()).toBe('secure: has a new certificate\n');
    // Damaged: at the next start of nginx a self-signed one replaces it, with a log message, until the service has run.
    await host.sh('gateway', `systemctl stop nginx; truncate -s 99 ${FILE}; systemctl start nginx`);
    await expectServed('secure');
    expect(await host.run('gateway', ['/usr/local/bin/portway', 'status'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/secure\.secret\.pem: was damaged, and a self-signed one stands in/),
    });
    expect(await service()).toBe('secure: has a new certificate\n');
    await expectServed('four');
    await keep((await pair('three')).both);
    await host.sh('gateway', `touch -d '61 minutes ago' ${FILE}`);
    await service();

    // An unusable secret does not replace it.
    await keep({ ...(await pair('four')), privateKey: (await pair('five')).privateKey });
    await host.sh('gateway', `touch -d '61 minutes ago' ${FILE}`);
    expect(await service()).toMatch(/^secure: .*key values mismatch/);
    expect((await gateway.reboot()).code).toBe(0);
    await expectServed('three');
    expect(await gateway.signals()).toHaveLength(1);
  });

  test('is not replaced when another secret cannot be read: the deploy fails, and the old certificate stays', async () => {
    await keep(await pair('one'));
    await gateway.succeed(deploy());
    await aws.keep('secret');
    expect((await gateway.boot(deploy('other', 'c2'))).code).toBe(1);
    expect((await gateway.signals()).at(-1)).toMatchObject({ Status: 'FAILURE' });
    await expectServed('one');

    // If the other secret was read but the deploy failed elsewhere, the service restores the first certificate.
    await keep(await pair('two'));
    const script = '#!/bin/sh\nexit 1\n';
    expect((await gateway.boot({ ...deploy('other', 'c3'), firstBootScript: script })).code).toBe(1);
    await keep(await pair('one again'));
    expect(await service()).toBe('secure: has a new certificate\n');
    await expectServed('one again');
    expect(JSON.parse((await aws.requests()).at(-1)?.body ?? '')).toEqual({ SecretId: arn('web/tls') });
  });
});
