import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../../test/support/as-root';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage, type VmImage } from '../src/image/image';
import { Lab, type LabInstance } from '../src/lab';
import { INTERNET, INTERNET6, macOf } from '../src/network/addresses';
import type { Party } from '../src/network/topology';
import { PYTHON } from '../src/services/services';

const ID = 'i-0123456789abcdef0';
const EIP = '203.0.113.100';
const ADDRESS = '2001:db8:1200::a';
const port = (number: number, cidrs: string[]) => ({ protocol: 'tcp', fromPort: number, toPort: number, cidrs });
const instance: LabInstance = {
  instanceId: ID,
  instanceType: 't4g.micro',
  privateIp: '10.0.0.10',
  ipv6: { address: ADDRESS, subnet: '2001:db8:1200::/64', vpc: '2001:db8:1200::/56' },
  httpTokens: 'required',
  hopLimit: 1,
  userData: Buffer.from(''),
  rules: {
    ingress: [port(8080, ['0.0.0.0/0', '::/0']), port(22, [`${INTERNET6.admin.address}/128`])],
    egress: [port(80, ['0.0.0.0/0', '::/0'])],
  },
};

// The tests wait for timeouts of some seconds, on a machine that may be busy.
jest.setTimeout(30_000);

/**
 * A dual-stack lab without a VM: a namespace with the VM's MAC address is in its place, and the kernel itself processes
 * router advertisements.
 */
describeAsRoot("the lab's IPv6, and an instance that routes", () => {
  let folder: string;
  let image: VmImage;
  let lab: Lab;
  const cleanup = new Cleanup();
  const serve = (party: string, ...options: string[]) => {
    const application = spawn('nsenter', [
      ...[`--net=/run/netns/${lab.namespaces.name(party)}`, '--', PYTHON, image.application],
      ...['--certificate', image.certificate, ...options],
    ]);
    cleanup.add(`application of ${party}`, () => application.kill());
  };
  const onHost = async (...command: string[]) => (await lab.namespaces.run('host', command)).stdout;
  const get = async (party: Party, url: string) => (await lab.probe.http(party, url, { seconds: 2 })).json;

  beforeAll(async () => {
    image = await ensureVmImage();
    folder = await mkdtemp(join(tmpdir(), 'portway-six-'));
    lab = await Lab.start({ folder, cleanup, id: `six-${process.pid}`, image });
    await lab.launch(instance);
    await lab.associateAddress(ID, EIP);
    const { namespaces } = lab;
    await namespaces.add('host');
    await namespaces.join('vpc', 'host0', 'host', 'ens5');
    await namespaces.ip('vpc', ['link set host0 master vpc', 'link set host0 up', 'link set tap0 nomaster']);
    await namespaces.ip('host', [
      `link set ens5 address ${macOf(instance.privateIp)}`,
      `address add ${instance.privateIp}/24 dev ens5`,
      `address add ${ADDRESS}/128 dev ens5 nodad`,
      'link set ens5 up',
      'route add default via 10.0.0.1',
    ]);
    serve('host', '--http', '8080', '--https', '22');
    serve('stranger', '--http', '80');
    while ((await get('stranger', `http://[${ADDRESS}]:8080/`)) === undefined) await sleep(100);
  }, 300_000);

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('the router advertises itself: the default route, and no address of its own making', async () => {
    expect(await onHost('ip', '-6', 'route', 'show', 'default')).toMatch(/^default via fe80::\S+ dev ens5 proto ra /);
    expect(await onHost('ip', '-6', '-brief', 'address', 'show', 'scope', 'global')).toMatch(
      new RegExp(`${ADDRESS}/128 *$`),
    );
  });

  test('both sides see the real addresses: there is no NAT', async () => {
    expect(await get('stranger', `http://[${ADDRESS}]:8080/`)).toMatchObject({
      client: { address: INTERNET6.stranger.address },
    });
    const [url] = [`http://[${INTERNET6.stranger.address}]/`];
    expect(JSON.parse(await onHost('curl', '-sS', '--max-time', '3', url))).toMatchObject({
      client: { address: ADDRESS },
    });
  });

  test('security groups hold for IPv6', async () => {
    const states = async (party: Party) => Object.fromEntries(await lab.probe.tcpPorts(party, ADDRESS, [8080, 22]));
    expect(await states('stranger')).toEqual({ 8080: 'open', 22: 'filtered' });
    expect(await states('admin')).toEqual({ 8080: 'open', 22: 'open' });
    const backend = `http://[${lab.ipv6?.backends[0]}]:8080/`;
    const rules = { ...instance.rules, egress: [...instance.rules.egress, port(8080, ['2001:db8:1200::/56'])] };
    await expect(onHost('curl', '-sS', '--max-time', '2', backend)).rejects.toThrow('timed out');
    await lab.setSecurityRules(ID, rules);
    expect(JSON.parse(await onHost('curl', '-sS', '--max-time', '2', backend))).toMatchObject({
      client: { address: ADDRESS },
    });
  });

  test('an address that is not its own is not sent', async () => {
    await lab.namespaces.ip('host', ['address add 2001:db8:1200::bad/128 dev ens5 nodad']);
    const url = `http://[${INTERNET6.stranger.address}]/`;
    await expect(onHost('curl', '-sS', '--max-time', '2', '--interface', '2001:db8:1200::bad', url)).rejects.toThrow(
      'timed out',
    );
    await lab.namespaces.ip('host', ['address del 2001:db8:1200::bad/128 dev ens5']);
  });

  test('a private subnet has no way out until its route leads to an instance that may pass on what is not its own', async () => {
    const { namespaces } = lab;
    const outside = [`http://${INTERNET.stranger.address}/`, `http://[${INTERNET6.stranger.address}]/`] as const;
    const fromBackend = () => Promise.all(outside.map((url) => get('backend-10', url)));
    const way = { protocol: '-1', cidrs: ['0.0.0.0/0', '::/0'] };
    await lab.setSecurityRules(ID, { ingress: [...instance.rules.ingress, way], egress: [way] });
    expect(await fromBackend()).toEqual([undefined, undefined]);
    await lab.routeBackendsThrough(ID);
    await namespaces.sysctl('host', { 'net/ipv4/ip_forward': 1, 'net/ipv6/conf/all/forwarding': 1 });
    await namespaces.run('host', [
      'nft',
      'table inet t { chain c { type nat hook postrouting priority srcnat; oifname "ens5" masquerade; }; }',
    ]);
    // The kernel itself ignores advertisements once it forwards.
    await namespaces.ip('host', [
      `route replace 2001:db8:1200::1 dev ens5`,
      'route replace default via 2001:db8:1200::1',
    ]);
    expect(await fromBackend()).toEqual([undefined, undefined]);
    await lab.setSourceDestCheck(ID, false);
    expect(await fromBackend()).toEqual([
      expect.objectContaining({ client: expect.objectContaining({ address: EIP }) }),
      expect.objectContaining({ client: expect.objectContaining({ address: ADDRESS }) }),
    ]);
    // Its own subnets are still reached directly.
    expect(await get('backend-10', 'http://10.0.1.11:8080/')).toMatchObject({ client: { address: '10.0.1.10' } });
  });

  test('a second instance has its own IPv6 address, in the same subnet', async () => {
    const second = { ...instance, instanceId: 'i-00000000000000002', privateIp: '10.0.0.12' };
    await expect(
      lab.launch({ ...second, ipv6: { ...instance.ipv6, address: '2001:db8:1200:1::b' } as LabInstance['ipv6'] }),
    ).rejects.toThrow("the lab's IPv6 subnet is 2001:db8:1200::/64");
  });
});
