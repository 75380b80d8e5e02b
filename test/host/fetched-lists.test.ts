import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { Forward } from '../../lib/forward/forward';
import { readGatewaySettings } from '../../lib/forward/gateway-settings';
import { Sources } from '../../lib/forward/known-sources';
import { Problems } from '../../lib/forward/problems';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(60_000);

const [ADMIN, BAD, STRANGER] = ['198.51.100.50', '198.51.100.66', '198.51.100.77'];
const BAD6 = '2001:db8:100::66';
const URL = 'https://lists.example/drop.txt';
const MOVED = 'https://lists.example/moved';
const STATE = '/var/lib/portway/lists';

const run = promisify(execFile);

/** A line of a database of countries, for a network of its own. */
const range = (i: number) => `11.${i >> 7}.${2 * (i % 128)}.0,11.${i >> 7}.${2 * (i % 128)}.255,KR\n`;

describeHost('lists that the host fetches', () => {
  let gateway: Gateway;
  let host: Host;
  let folder: string;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    const own = [ADMIN, BAD, STRANGER].map((one) => `ip addr add ${one}/32 dev eth0; `).join('');
    await host.sh('client', `${own} ip addr add ${BAD6}/128 dev eth0 nodad`);
    await host.app('gateway', 'tcp', 8080);
    folder = await mkdtemp(join(tmpdir(), 'portway-lists-'));
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=lists.example', '-addext', 'subjectAltName=DNS:lists.example'],
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ]);
    // The gateway trusts this server's certificate as it trusts any CA.
    await host.write('/tmp/cert.pem', await readFile(join(folder, 'cert.pem'), 'utf8'));
    await host.sh(
      'gateway',
      `mkdir -p /etc/ssl/certs; cp /tmp/cert.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in /tmp/cert.pem).0"
       echo '${ADDRESS.backend.v4} lists.example' >>/etc/hosts`,
    );
    await publish(`; DROP\n${BAD}/32 ; SBL1\n${BAD6} # six\n`);
    await host.serve('backend', ['python3', `${__dirname}/support/lists.py`, '443', folder]);
  });
  afterAll(async () => {
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const publish = (text: string) => writeFile(join(folder, 'drop.txt'), text);
  const deploy = (blocked: readonly Sources[], content: string): Deploy => {
    const problems = new Problems();
    const admin = { text: `${ADMIN}/32`, family: 4 } as const;
    const settings = readGatewaySettings(blocked.length === 0 ? {} : { blocked }, admin, problems);
    problems.throwIfAny();
    return {
      forwards: { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) },
      settings: { ...settings, ipv6: true },
      content,
    };
  };
  const isServed = async (address: string) => {
    const to = address.includes(':') ? ADDRESS.gateway.v6 : ADDRESS.gateway.v4;
    return (await host.ask('client', 'tcp', to, 80, { address })).name === 'gateway';
  };
  const id = async () => (await host.read('/etc/portway/lists')).split(' ')[0] ?? '';
  /** What is wrong with the list as it is now; empty if it is taken over. */
  const fetched = async (name: string) => (await host.run('gateway', ['portway', 'fetched', name])).stderr.trim();
  /** Has the service look again, as when a day is over. */
  const look = async () => {
    const tried = `${STATE}/${await id()}.tried`;
    await host.sh(
      'gateway',
      `systemctl stop portway-lists; touch -d '2 days ago' ${tried}; systemctl start portway-lists`,
    );
    await until('it has looked', async () => (await host.sh('gateway', `find ${tried} -mmin -60`)) !== '');
  };
  const networks = async () => (await host.read(`${STATE}/${await id()}`)).split('\n').filter(Boolean);

  test('blocks whom the list names, and nobody else', async () => {
    await gateway.succeed(deploy([Sources.url(URL)], 'c1'));
    await until('the list is there', async () => (await networks().catch(() => [])).length === 2, 15);
    await until('who is in it is blocked', async () => !(await isServed(BAD)));
    expect(await Promise.all([BAD6, ADMIN, STRANGER].map(isServed))).toEqual([false, true, true]);
    expect(await host.sh('gateway', 'portway lists show')).toMatch(
      /^https:\/\/lists\.example\/drop\.txt: 2 networks of \S+Z, [1-9]\d* packets dropped\.$/m,
    );
  });

  test('takes over a new list in one swap, and never blocks the admin or private networks', async () => {
    const before = await host.sh('gateway', 'nft list chain inet portway_lists blocked');
    await publish(`${STRANGER}/32\n${ADMIN}/32\n10.0.0.0/8\n`);
    await look();
    expect(await networks()).toEqual(['10.0.0.0/8', `${ADMIN}/32`, `${STRANGER}/32`]);
    // While its packets were dropped, so were its answers about its link address: the kernel asks again after a second.
    await until('who is no longer in it is served', () => isServed(BAD6));
    expect(await Promise.all([BAD, BAD6, ADMIN, STRANGER].map(isServed))).toEqual([true, true, true, false]);
    expect(before).toContain('counter packets');
  });

  test('keeps what was good last, and says why', async () => {
    const name = await id();
    const good = await networks();
    for (const [text, wrong] of [
      ['', 'it is empty'],
      ['; nothing\n', 'it is empty'],
      ['<html>Sorry</html>\n', "line 1 is no network: '<html>Sorry</html>'"],
      ['192.0.2.0/24\n0.0.0.0/0\n', 'line 2 is too wide: 0.0.0.0/0'],
      [Array.from({ length: 60 }, (_, i) => `192.0.2.${2 * i}\n`).join(''), 'it has 60 networks, and had 3'],
      [
        Array.from({ length: 10_001 }, (_, i) => `11.${i >> 7}.${2 * (i % 128)}.0/24\n`).join(''),
        'it has 10001 networks, and 10000 are the most',
      ],
      ['192.0.2.0/24 ; x\n'.padEnd(2_000_100, 'x'), 'it has more than 2000000 bytes'],
    ] as const) {
      await publish(text);
      expect(await fetched(name)).toBe(wrong);
      expect(await networks()).toEqual(good);
    }
    await look();
    expect(await gateway.log()).toMatch(
      /WARNING: the list \S+ was not taken over, what was good last stays: it has more than/,
    );
    expect(await isServed(STRANGER)).toBe(false);
    await rm(join(folder, 'drop.txt'));
    expect(await fetched(name)).toContain('404');
  });

  test('is there after a boot without network, and after somebody flushed all rules', async () => {
    await host.sh(
      'gateway',
      'systemctl stop portway-lists; nft delete table inet portway_lists; sed -i /lists.example/d /etc/hosts',
    );
    expect(await isServed(STRANGER)).toBe(true);
    await host.sh('gateway', 'systemctl start portway-lists');
    await until('it is blocked again', async () => !(await isServed(STRANGER)));
    expect(await fetched(await id())).toMatch(/resolution|not known/);
  });

  test('keeps countries out, and lets in one alone, but not before it knows who that is', async () => {
    const database = (text: string) => writeFile(join(folder, 'countries.csv.gz'), gzipSync(text));
    const source = { url: 'https://lists.example/countries.csv.gz' };
    await host.sh('gateway', `sed -i /lists.example/d /etc/hosts`);
    await gateway.succeed(deploy([Sources.countries({ ...source, allBut: ['KR'] })], 'k1'));
    // Unreachable from the start: nobody but the admin, and not for a moment.
    expect(await Promise.all([BAD6, STRANGER, ADMIN].map(isServed))).toEqual([false, false, true]);
    await host.sh('gateway', `echo '${ADDRESS.backend.v4} lists.example' >>/etc/hosts`);
    await database(`${BAD},${BAD},KP\n198.51.100.70,198.51.100.80,KR\n`);
    await look();
    await until('the country is served', () => isServed(STRANGER));
    expect(await Promise.all([BAD, ADMIN].map(isServed))).toEqual([false, true]);
    // What the gateway opens itself gets its answers from everywhere.
    await host.app('client', 'tcp', 8081);
    expect((await host.ask('gateway', 'tcp', BAD, 8081)).name).toBe('client');
    const good = await networks();
    for (const [text, wrong] of [
      [`${STRANGER},${STRANGER},US\n`, 'it holds nothing of KR'],
      ['<html>Sorry</html>', "line 1 is no range of a country: '<html>Sorry</html>'"],
      [Array.from({ length: 20_001 }, (_, i) => range(i)).join(''), 'it has 20001 networks, and 20000 are the most'],
    ] as const) {
      await database(text);
      expect(await fetched(await id())).toBe(wrong);
      expect(await networks()).toEqual(good);
    }
    await writeFile(join(folder, 'countries.csv.gz'), gzipSync(range(1)).subarray(0, 20));
    expect(await fetched(await id())).toMatch(/^it is damaged: /);
    expect(await isServed(STRANGER)).toBe(true);

    await database(`${BAD},${BAD},KP\n198.51.100.70,198.51.100.80,KR\n`);
    await gateway.succeed(deploy([Sources.countries({ ...source, countries: ['KP'] })], 'k2'));
    await until('it is kept out', async () => !(await isServed(BAD)));
    expect(await Promise.all([BAD6, STRANGER, ADMIN].map(isServed))).toEqual([true, true, true]);
    expect(await host.sh('gateway', 'portway lists show')).toMatch(
      /^https:\/\/lists\.example\/countries\.csv\.gz \(KP\): 1 networks of \S+Z, [1-9]\d* packets dropped\.$/m,
    );
  });

  test('does not follow to plain HTTP; without lists nothing is left', async () => {
    await host.sh('gateway', `echo '${ADDRESS.backend.v4} lists.example' >>/etc/hosts`);
    await gateway.succeed(deploy([Sources.url(MOVED)], 'c2'));
    expect(await fetched(await id())).toBe('it leads to http://lists.example/drop.txt, which is not https');
    await gateway.succeed(deploy([], 'c3'));
    expect((await host.run('gateway', ['systemctl', 'is-active', 'portway-lists'])).code).not.toBe(0);
    expect((await host.run('gateway', ['ls', '/etc/portway/lists'])).code).not.toBe(0);
    await until(
      'its table is gone',
      async () => !(await host.sh('gateway', 'nft list tables')).includes('portway_lists'),
    );
    expect(await host.sh('gateway', `ls ${STATE}`)).toBe('');
  });
});
