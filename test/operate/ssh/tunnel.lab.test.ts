import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { REGION } from '../../../rehearsal/src/aws/settings';
import { ensureDebianRoot } from '../../../rehearsal/src/image/root';
import { loginKey } from '../../../rehearsal/src/login-key';
import { describeAsRoot } from '../../support/as-root';
import { DeployedEndpoint } from './support/deployed';
import { TunnelService } from './support/tunnel-service';

/*
 * One real login: `portway ssh` runs the real ssh, which runs the real AWS CLI, which asks the local endpoint for host and tunnel, and
 * opens a WebSocket to a stand-in for AWS's service. Behind that is a real sshd with the key that the stack names.
 */
jest.setTimeout(600_000);

describeAsRoot("a login through the stack's EC2 Instance Connect Endpoint", () => {
  let deployed: DeployedEndpoint;
  let service: TunnelService;
  let inRoot: readonly string[];
  let env: Record<string, string>;

  beforeAll(async () => {
    // Debian 12 has 2.9, without open-tunnel.
    const root = await ensureDebianRoot({
      ...{ release: 'trixie', name: 'aws-cli' },
      packages: ['awscli', 'iproute2', 'openssh-client', 'openssh-server'],
    });
    deployed = await DeployedEndpoint.create(async (folder) => readFile(`${await loginKey(folder)}.pub`, 'utf8'));
    const { folder } = deployed;
    inRoot = [
      'unshare',
      '--mount',
      join(__dirname, 'support/in-root.sh'),
      root,
      join(folder, 'mount'),
      join(folder, 'files'),
    ];
    await mkdir(join(folder, 'mount'));
    const authority = await layFiles(root);
    await program('aws', [...inRoot, 'aws']);
    // The person's own known_hosts is none of the test's business.
    await program('ssh', ['/usr/bin/ssh', '-o', `UserKnownHostsFile=${join(folder, 'known_hosts')}`]);
    service = await TunnelService.start({
      ...authority,
      leadsTo: ({ url: { pathname, searchParams } }) =>
        pathname === '/openTunnel' && searchParams.get('privateIpAddress') === deployed.host.privateIp
          ? [...inRoot, ...SSHD]
          : undefined,
    });
    env = { HTTP_PROXY: service.proxyUrl, NO_PROXY: '127.0.0.1,localhost' };
  });
  afterAll(async () => {
    service?.stop();
    await deployed?.end();
  });

  const SSHD = [
    ...['/usr/sbin/sshd', '-i', '-e', '-f', '/dev/null', '-o', 'HostKey=/etc/ssh/host', '-o', 'UsePAM=no'],
    ...['-o', 'AuthorizedKeysFile=/etc/ssh/authorized', '-o', 'PasswordAuthentication=no', '-o', 'StrictModes=no'],
  ];

  /** A program that stands first on the PATH. */
  async function program(name: string, words: readonly string[]): Promise<void> {
    const path = join(deployed.folder, name);
    await writeFile(path, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    await chmod(path, 0o755);
  }

  /** What the root needs for sshd and for trust in the stand-in. @returns the stand-in's key and certificate */
  async function layFiles(root: string): Promise<{ key: string; cert: string }> {
    const { folder, host } = deployed;
    const files = join(folder, 'files');
    for (const path of ['etc/ssh', 'etc/ssl/certs', 'home/admin', 'run/sshd'])
      await mkdir(join(files, path), { recursive: true });
    await spawn('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(files, 'etc/ssh/host')]);
    const hostKey = await readFile(join(files, 'etc/ssh/host.pub'), 'utf8');
    await writeFile(join(folder, 'known_hosts'), `${host.instanceId} ${hostKey}`);
    await cp(join(folder, 'admin-key.pub'), join(files, 'etc/ssh/authorized'));
    for (const [file, line] of [
      ['etc/passwd', 'admin:x:1000:1000::/home/admin:/bin/sh\n'],
      ['etc/shadow', 'admin:*:20000:0:99999:7:::\n'],
    ] as const)
      await writeFile(join(files, file), (await readFile(join(root, file), 'utf8')) + line, { mode: 0o644 });
    const [key, cert] = [join(folder, 'tls.key'), join(files, 'etc/ssl/certs/ca-certificates.crt')];
    await spawn('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', '/CN=tunnel', '-addext', `subjectAltName=DNS:*.${SERVICE}`, '-keyout', key, '-out', cert],
    ]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  }

  const SERVICE = `rehearsal.ec2-instance-connect-endpoint.${REGION}.amazonaws.com`;

  test('a command runs on the host, and its bytes pass in both directions', async () => {
    const key = join(deployed.folder, 'admin-key');
    const words = ['-i', key, '--', 'whoami; head -c 200000 /dev/zero | sha256sum; exit 7'];
    const ran = await deployed.portway(words, env);
    // The digest of as many zero bytes, made here.
    const digest = createHash('sha256').update(Buffer.alloc(200_000)).digest('hex');
    expect(ran).toMatchObject({ code: 7, stdout: `admin\n${digest}  -` });
    expect(service.opened).toHaveLength(1);
    const [{ name, url } = { name: '', url: new URL('https://none') }] = service.opened;
    expect(name).toMatch(/^eice-[0-9a-f]{17}\./);
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({
      instanceConnectEndpointId: name.split('.')[0],
      privateIpAddress: deployed.host.privateIp,
      remotePort: '22',
    });
    expect(asked['X-Amz-Credential']).toMatch(new RegExp(`/${REGION}/ec2-instance-connect/aws4_request$`));
  });
});
