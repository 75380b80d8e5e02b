import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../../test/support/as-root';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage, type VmImage } from '../src/image/image';
import { Lab, type LabInstance } from '../src/lab';
import { macOf } from '../src/network/addresses';
import type { Party } from '../src/network/topology';
import { PYTHON } from '../src/services/services';

const EIP = '203.0.113.100';
const ID = 'i-0123456789abcdef0';
const SIGNAL_URL = 'http://cloudformation-waitcondition.rehearsal.internal/arn%3Aaws?X-Amz-Expires=86399';
const everyone = ['0.0.0.0/0'];
const port = (protocol: string, number: number, cidrs = everyone) => ({
  protocol,
  fromPort: number,
  toPort: number,
  cidrs,
});
const instance: LabInstance = {
  instanceId: ID,
  instanceType: 't4g.micro',
  privateIp: '10.0.0.10',
  publicKey: 'ssh-ed25519 AAAA test',
  httpTokens: 'required',
  hopLimit: 1,
  userData: Buffer.from('#!/bin/sh\nexact bytes: \u0001\n'),
  rules: {
    ingress: [port('tcp', 8080), port('tcp', 22, ['203.0.113.7/32'])],
    egress: [port('tcp', 80), port('tcp', 443)],
  },
};

// The tests wait for timeouts of some seconds, on a machine that may be busy.
jest.setTimeout(30_000);

/**
 * The lab without a VM: a namespace with the VM's address and MAC is in its place, so that the network and the services
 * are tested in seconds. The rehearsal boots the VM itself.
 */
describeAsRoot("the lab's network and services", () => {
  let image: VmImage;
  let folder: string;
  let lab: Lab;
  const cleanup = new Cleanup();
  const signals: { method: string | undefined; url: string | undefined; body: string }[] = [];

  const onHost = async (...command: string[]) => (await lab.namespaces.run('host', command)).stdout;
  const curl = (...arguments_: string[]) => onHost('curl', '-sS', '--max-time', '3', ...arguments_);
  const token = (seconds = '60') =>
    curl(
      '-X',
      'PUT',
      '-H',
      `X-aws-ec2-metadata-token-ttl-seconds: ${seconds}`,
      'http://169.254.169.254/latest/api/token',
    );
  const metadata = async (path: string) =>
    curl('-H', `X-aws-ec2-metadata-token: ${await token()}`, `http://169.254.169.254${path}`);
  const seenBy = async (party: Party) => (await lab.probe.http(party, `http://${EIP}:8080/a?b`, { seconds: 2 })).json;

  beforeAll(async () => {
    image = await ensureVmImage();
    folder = await mkdtemp(join(tmpdir(), 'portway-lab-'));
    const socket = join(folder, 'signal.sock');
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (data: Buffer) => {
        body += data.toString();
      });
      request.on('end', () => {
        signals.push({ method: request.method, url: request.url, body });
        response.end(request.url === '/Action' ? `taken by ${request.headers.host}` : 'taken');
      });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    cleanup.add('signal server', () => new Promise((resolve) => server.close(resolve)));
    lab = await Lab.start({
      folder,
      cleanup,
      id: `test-${process.pid}`,
      image,
      signalSocket: socket,
      apiSocket: socket,
    });
    await lab.launch(instance);

    const { namespaces } = lab;
    await namespaces.add('host');
    await namespaces.join('vpc', 'host0', 'host', 'ens5');
    await namespaces.ip('vpc', ['link set host0 master vpc', 'link set host0 up', 'link set tap0 nomaster']);
    await namespaces.run('vpc', ['bridge', 'link', 'set', 'dev', 'host0', 'isolated', 'on']);
    await namespaces.ip('host', [
      `link set ens5 address ${macOf(instance.privateIp)}`,
      `address add ${instance.privateIp}/24 dev ens5`,
      'link set ens5 up',
      'route add default via 10.0.0.1',
    ]);
    const application = spawn('nsenter', [
      ...[`--net=/run/netns/${namespaces.name('host')}`, '--', PYTHON, image.application],
      ...['--http', '8080', '--https', '22', '--certificate', image.certificate],
    ]);
    cleanup.add('application', () => application.kill());
    await lab.associateAddress(ID, EIP);
    while ((await seenBy('stranger')) === undefined) await sleep(100);
  }, 300_000);

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true });
    const left = (await readdir('/run/netns')).filter((name) => name.includes(`test-${process.pid}`));
    expect(left).toEqual([]);
  });

  test('a stranger reaches what is open to everyone, at the Elastic IP, and is seen by its own address', async () => {
    expect(await seenBy('stranger')).toMatchObject({ client: { address: '198.51.100.10' }, port: 8080, path: '/a?b' });
  });

  test('only the admin reaches the admin port; closed and filtered are told apart', async () => {
    expect(await lab.probe.tcpPorts('stranger', EIP, [8080, 22, 80])).toEqual(
      new Map([
        [8080, 'open'],
        [22, 'filtered'],
        [80, 'filtered'],
      ]),
    );
    expect(await lab.probe.tcpPorts('admin', EIP, [8080, 22])).toEqual(
      new Map([
        [8080, 'open'],
        [22, 'open'],
      ]),
    );
  });

  test('egress is filtered too, and rules change at once', async () => {
    const backend = ['http://10.0.1.10:8080/'];
    await expect(curl(...backend)).rejects.toThrow('timed out');
    const { rules } = instance;
    await lab.setSecurityRules(ID, { ...rules, egress: [...rules.egress, port('tcp', 8080, ['10.0.1.0/24'])] });
    expect(JSON.parse(await curl(...backend))).toMatchObject({ client: { address: '10.0.0.10' } });
    await lab.setSecurityRules(ID, rules);
    await expect(curl(...backend)).rejects.toThrow('timed out');
  });

  test('a packet that is not from the instance itself goes nowhere (source check)', async () => {
    await lab.namespaces.ip('host', ['address add 10.0.0.77/32 dev ens5']);
    await expect(curl('--interface', '10.0.0.77', 'http://192.0.2.10/Release')).rejects.toThrow('timed out');
    await lab.namespaces.ip('host', ['address del 10.0.0.77/32 dev ens5']);
  });

  test('a backend whose application is ended refuses connections, until it is started again', async () => {
    const backend = lab.backend('10.0.1.10');
    const ask = () => lab.probe.http('backend-11', 'http://10.0.1.10:8080/', { seconds: 2 });
    expect((await ask()).status).toBe(200);
    await backend.stop();
    expect((await ask()).error).toMatch(/refused|Could not connect|Couldn't connect/);
    await backend.start();
    expect((await ask()).json).toMatchObject({ address: '10.0.1.10' });
    await expect(backend.start()).rejects.toThrow('runs already');
    expect(() => lab.backend('10.0.1.99')).toThrow('no backend 10.0.1.99');
  });

  test('packages and the signal endpoint are reached by name; an unknown name does not exist', async () => {
    const answer = await onHost(PYTHON, '-c', RESOLVE, 'packages.rehearsal.internal', 'example.com');
    expect(answer).toBe('192.0.2.10\nNXDOMAIN');
    expect(await curl('http://192.0.2.10/Packages')).toMatch(/^Package: nginx$/m);
    const resolve = ['--resolve', 'cloudformation-waitcondition.rehearsal.internal:80:192.0.2.20'];
    const answerToPut = await curl(
      ...resolve,
      '-X',
      'PUT',
      '-H',
      'Content-Type:',
      '--data-binary',
      '{"a":1}',
      SIGNAL_URL,
    );
    expect(answerToPut).toBe('taken');
    expect(signals.filter(({ method }) => method === 'PUT')).toEqual([
      { method: 'PUT', url: '/arn%3Aaws?X-Amz-Expires=86399', body: '{"a":1}' },
    ]);
  });

  test('metadata needs a token, and is what the EC2 API said, to the byte', async () => {
    const status = await curl('-o', '/dev/null', '-w', '%{http_code}', 'http://169.254.169.254/latest/meta-data/');
    expect(status).toBe('401');
    expect(await metadata('/latest/meta-data/instance-id')).toBe(ID);
    expect(await metadata('/2021-03-23/meta-data/public-keys/')).toBe('0=rehearsal');
    expect(await metadata('/latest/meta-data/public-keys/0/openssh-key')).toBe('ssh-ed25519 AAAA test');
    expect(await metadata('/latest/meta-data/public-ipv4')).toBe(EIP);
    expect(await metadata('/latest/meta-data/network/interfaces/macs/')).toBe(`${macOf('10.0.0.10')}/`);
    // The command's output loses its last line feed here, the service's answer does not.
    expect(`${await metadata('/latest/user-data')}\n`).toBe(Buffer.from(instance.userData).toString());
    await lab.setUserData(ID, Buffer.from('changed'));
    expect(await metadata('/latest/user-data')).toBe('changed');
  });

  test('tags are told where the instance says so, and a changed one at once', async () => {
    const content = '/latest/meta-data/tags/instance/portway:content';
    const status = async () =>
      curl(
        ...['-o', '/dev/null', '-w', '%{http_code}', '-H', `X-aws-ec2-metadata-token: ${await token()}`],
        `http://169.254.169.254${content}`,
      );
    expect(await status()).toBe('404');
    await lab.setMetadataTags(ID, { Name: 'a/b c', 'portway:content': 'first' });
    expect(await metadata('/latest/meta-data/tags/instance/')).toBe('Name\nportway:content');
    expect(await metadata(content)).toBe('first');
    await lab.setMetadataTags(ID, { 'portway:content': 'second' });
    expect(await metadata(content)).toBe('second');
    await lab.setMetadataTags(ID, undefined);
    expect(await status()).toBe('404');
  });

  test("AWS's services are reached by their own names, by TLS", async () => {
    for (const service of ['ssm', 'cloudformation']) {
      const name = `${service}.us-east-1.amazonaws.com`;
      expect(await onHost(PYTHON, '-c', RESOLVE, name)).toBe('192.0.2.30');
      const answer = await curl(
        ...['--resolve', `${name}:443:192.0.2.30`, '--cacert', image.awsCertificate],
        `https://${name}/Action`,
      );
      expect(answer).toBe(`taken by ${name}`);
    }
  });

  test('a token has a life of 1 to 21600 seconds, and proxies get none', async () => {
    const put = (...headers: string[]) =>
      curl(
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-X',
        'PUT',
        ...headers.flatMap((header) => ['-H', header]),
        'http://169.254.169.254/latest/api/token',
      );
    const life = 'X-aws-ec2-metadata-token-ttl-seconds:';
    expect(await put(`${life} 21601`)).toBe('400');
    expect(await put()).toBe('400');
    expect(await put(`${life} 60`, 'X-Forwarded-For: 198.51.100.10')).toBe('403');
    expect(await put(`${life} 60`)).toBe('200');
  });

  test('with a hop limit of 1, a container on the instance gets no answer', async () => {
    const { namespaces } = lab;
    await namespaces.add('container');
    await namespaces.join('host', 'docker0', 'container', 'eth0');
    await namespaces.ip('host', ['address add 172.17.0.1/24 dev docker0', 'link set docker0 up']);
    await namespaces.ip('container', [
      'address add 172.17.0.2/24 dev eth0',
      'link set eth0 up',
      'route add default via 172.17.0.1',
    ]);
    await namespaces.sysctl('host', { 'net/ipv4/ip_forward': 1 });
    const masquerade =
      'table ip t { chain c { type nat hook postrouting priority srcnat; oifname "ens5" masquerade; }; }';
    await namespaces.run('host', ['nft', masquerade]);
    const inContainer = (url: string) => namespaces.run('container', ['curl', '-sS', '--max-time', '2', url]);
    // The path itself is open: anything else answers.
    expect((await inContainer('http://192.0.2.10/Release')).stdout).toContain('Packages');
    await expect(inContainer('http://169.254.169.254/latest/meta-data/')).rejects.toThrow('timed out');
  });

  test('the metadata service can fall silent and come back', async () => {
    await lab.setImds(false);
    await expect(token()).rejects.toThrow('timed out');
    await lab.setImds(true);
    expect(await token()).not.toBe('');
  });

  test('an Elastic IP moves to another instance and leaves the first with a public address of its own', async () => {
    const other = { ...instance, instanceId: 'i-0fedcba9876543210', privateIp: '10.0.0.11' };
    await lab.launch(other);
    await lab.associateAddress(other.instanceId, EIP);
    expect(await seenBy('stranger')).toBeUndefined();
    expect(await metadata('/latest/meta-data/public-ipv4')).not.toBe(EIP);
    expect(await curl('http://192.0.2.10/Release')).toContain('Packages');
    await lab.associateAddress(ID, EIP);
    expect(await seenBy('stranger')).toMatchObject({ port: 8080 });
    // A terminated instance leaves its private address to the next one.
    await lab.terminate(other.instanceId);
    const next = { ...other, instanceId: 'i-0fedcba9876543211' };
    await lab.launch(next);
    await lab.terminate(next.instanceId);
    expect(await seenBy('stranger')).toMatchObject({ port: 8080 });
  });

  test('an Elastic IP that is taken off leads nowhere', async () => {
    await lab.disassociateAddress(EIP);
    expect(await seenBy('stranger')).toBeUndefined();
    await lab.associateAddress(ID, EIP);
    expect(await seenBy('stranger')).toMatchObject({ port: 8080 });
  });

  test('an instance outside the subnet is refused', async () => {
    const far = { ...instance, instanceId: 'i-00000000000000001', privateIp: '10.9.0.1' };
    await expect(lab.launch(far)).rejects.toThrow("the lab's subnet is 10.0.0.0/24");
  });

  test('a second lab with the same id is refused, and the first one stays', async () => {
    const options = { folder, cleanup: new Cleanup(), id: `test-${process.pid}`, image };
    await expect(Lab.start(options)).rejects.toThrow('is running on this machine already');
    expect(await seenBy('stranger')).toMatchObject({ port: 8080 });
  });

  test('what a killed run leaves is removed by the next one', async () => {
    const id = `dead-${process.pid}`;
    const program = `
      const { Cleanup } = require(${JSON.stringify(join(__dirname, '../src/cleanup.ts'))});
      const { Lab } = require(${JSON.stringify(join(__dirname, '../src/lab.ts'))});
      const image = ${JSON.stringify(image)};
      Lab.start({ folder: ${JSON.stringify(join(folder, 'dead'))}, cleanup: new Cleanup(), id: '${id}', image })
        .then(() => process.kill(process.pid, 'SIGKILL'));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', program], { stdio: 'inherit' });
    await new Promise((resolve) => child.once('close', resolve));
    const namespaces = async () => (await readdir('/run/netns')).filter((name) => name.includes(id));
    expect(await namespaces()).toHaveLength(6);
    // Its processes died with it; their command lines contain its folder.
    const alive = spawnSync('pgrep', ['-fa', join(folder, 'dead')], { encoding: 'utf8' }).stdout;
    expect(alive).toBe('');
    const next = new Cleanup();
    await Lab.start({ folder: join(folder, 'next'), cleanup: next, id: `next-${process.pid}`, image });
    expect(await next.run()).toEqual([]);
    expect(await namespaces()).toEqual([]);
  });
});

/** Asks the VPC's resolver directly, with hand-made questions, since the namespace shares the machine's resolv.conf. */
const RESOLVE = `
import socket, struct, sys
for name in sys.argv[1:]:
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.sendto(struct.pack(">6H", 1, 256, 1, 0, 0, 0) + labels + struct.pack(">2H", 1, 1), ("10.0.0.2", 53))
        answer = s.recv(512)
    code, count = answer[3] & 15, struct.unpack(">H", answer[6:8])[0]
    print({3: "NXDOMAIN"}.get(code) or (socket.inet_ntoa(answer[-4:]) if count else f"code {code}"))
`;
