import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { readAsset } from '../../lib/host/assets';
import { writePackage } from './support/assets';
import { Gateway, SIGNAL_URL } from './support/gateway';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const LOGS = '/var/log/portway';
/** Size of the disk with the logs. A tenth of it is for logs. */
const DISK_MIB = 64;
const ROOM = (DISK_MIB << 20) / 10;

describeHost('the disk of the logs', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    // Like a folder: in one that everybody may write into, root may not add to files of others (fs.protected_regular).
    const disks = `mount -t tmpfs -o mode=755,size=${DISK_MIB}m none ${LOGS}; mount -t tmpfs -o size=8m none /var/lib/nginx/body`;
    await nginx.host.sh('gateway', `mkdir -p ${LOGS} /var/lib/nginx/body /var/lib/portway; ${disks}`);
    await nginx.web(8080, 'web');
    await nginx.run({ web: Forward.http({ listen: 80, to: `${ADDRESS.backend.v4}:8080` }) });
    await writePackage(nginx.host);
    await nginx.host.write(
      '/etc/systemd/system/portway-logs.service',
      readAsset('/etc/systemd/system/portway-logs.service'),
    );
  });
  afterAll(() => nginx?.stop());

  /** What the timer starts. */
  const tidy = () => nginx.host.sh('gateway', 'systemctl start portway-logs; cat /var/log/portway-logs >&2');
  const sizes = async () => {
    const text = await nginx.host.sh('gateway', `cd ${LOGS}; stat -c '%n %s' *`);
    return text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]);
  };
  const total = async () => (await sizes()).reduce((sum, [, size]) => sum + Number(size), 0);
  /** Random text, which hardly compresses. */
  const grow = (file: string, mib: number) =>
    nginx.host.sh('gateway', `head -c ${mib << 20} /dev/urandom | base64 -w0 >>${LOGS}/${file}`);

  test('runs every 20 seconds', () => {
    expect(readAsset('/etc/systemd/system/portway-logs.timer')).toMatch(/OnUnitInactiveSec=20s\nAccuracySec=1s/);
  });

  test('rotates and compresses large logs without losing a line', async () => {
    // A limit that a few requests reach.
    await nginx.host.sh(
      'gateway',
      `sed -i 's/min(20 << 20, room .. 10)/1000/' /usr/local/lib/portway/portway/rotate.py`,
    );
    let done = false;
    const ask = `curl -s -o /dev/null -w '%{http_code}\n' 'http://${GATEWAY}/[1-5]'`;
    const script = `for i in {1..60}; do ${ask}; sleep 0.05; done | sort | uniq -c`;
    const requests = nginx.host.sh('client', script).finally(() => {
      done = true;
    });
    while (!done) {
      await nginx.host.sh('gateway', `seq -f 'portway: line %g' 100 >>${LOGS}/bootstrap.log`);
      await tidy();
      await sleep(100);
    }
    expect((await requests).trim()).toBe('300 200');
    await nginx.logLines('access');
    await tidy();
    const all = await nginx.host.sh('gateway', `cd ${LOGS}; zcat -f access.log* | grep -c '"uri":'`);
    expect(Number(all)).toBe(300);
    const names = (await sizes()).map(([name]) => name);
    expect(names.filter((name) => /^access\.log-\d+\.gz$/.test(name)).length).toBeGreaterThan(1);
    expect(names.filter((name) => /^bootstrap\.log-\d+\.gz$/.test(name)).length).toBeGreaterThan(1);
    await writePackage(nginx.host);
  });

  test("keeps the logs' permissions", async () => {
    await nginx.host.sh(
      'gateway',
      `chmod 0640 ${LOGS}/stream.log 2>/dev/null || install -m 0640 /dev/null ${LOGS}/stream.log`,
    );
    await grow('stream.log', 1);
    await tidy();
    await tidy();
    const modes = await nginx.host.sh('gateway', `stat -c %a ${LOGS}/stream.log*`);
    expect(modes).toBe('640\n640\n');
  });

  test('limits all logs to a tenth of the disk, however fast they grow, and deletes the oldest first', async () => {
    for (let i = 0; i < 4; i++) {
      for (const file of ['access.log', 'error.log', 'stream.log', 'bootstrap.log']) await grow(file, i === 3 ? 8 : 1);
      await tidy();
      expect(await total()).toBeLessThanOrEqual(ROOM);
    }
    await grow('access.log', 1);
    await grow('error.log', 1);
    await tidy();
    await tidy();
    const names = (await sizes()).map(([name]) => name);
    expect(names.filter((name) => name.startsWith('access.log-'))).toHaveLength(1);
    expect(await total()).toBeLessThanOrEqual(ROOM);
  });

  test('deletes logs after two weeks, and rotates quiet ones daily', async () => {
    await nginx.host.sh('gateway', `rm -f ${LOGS}/*-*; touch -d '15 days ago' ${LOGS}/access.log-1.gz`);
    await nginx.host.sh(
      'gateway',
      `echo x >>${LOGS}/access.log; touch -d '25 hours ago' /var/lib/portway/logs-rotated`,
    );
    await tidy();
    const names = (await sizes()).map(([name]) => name);
    expect(names.filter((name) => name.startsWith('access.log-'))).toEqual([
      expect.stringMatching(/^access\.log-\d{20}$/),
    ]);
    await tidy();
    expect((await sizes()).filter(([name]) => /^access\.log-\d+/.test(name))).toHaveLength(1);
  });

  test.each([
    ['not at the first run', 'rm /var/lib/portway/logs-rotated', 0],
    ['not within a day', "touch -d '23 hours ago' /var/lib/portway/logs-rotated", 0],
    [
      'after a rotation in the future, from when the clock was wrong',
      "touch -d '+2 days' /var/lib/portway/logs-rotated",
      1,
    ],
  ])('rotates quiet logs: %s', async (_, mark, count) => {
    await nginx.host.sh('gateway', `rm -f ${LOGS}/*-*; echo x >>${LOGS}/access.log; ${mark}`);
    await tidy();
    expect((await sizes()).filter(([name]) => name.startsWith('access.log-'))).toHaveLength(count);
  });

  describe('when it is full', () => {
    beforeAll(async () => {
      const fill = (folder: string) => `cat /dev/zero >${folder}/fill 2>/dev/null || :`;
      await nginx.host.sh('gateway', `${fill(LOGS)}; ${fill('/var/lib/nginx/body')}`);
    });
    afterAll(() => nginx.host.sh('gateway', `rm -f ${LOGS}/fill /var/lib/nginx/body/fill`));

    const post = (bytes: number, ...words: string[]) =>
      nginx.host.run(
        'client',
        ['curl', '-s', '-w', '\n%{http_code}', '--data-binary', '@-', ...words, `http://${GATEWAY}/`],
        'x'.repeat(bytes),
      );

    test('passes requests that fit into the buffer, and all answers', async () => {
      for (let i = 0; i < 5; i++) expect((await post(32 * 1024)).stdout).toMatch(/\n200$/);
      expect(await nginx.status('client', `http://${GATEWAY}/`)).toBe('200');
    });

    test("answers a larger body with the gateway's error page", async () => {
      const { stdout } = await post(100 * 1024, '-H', 'Accept: application/json');
      expect(stdout).toMatch(/^\{"status":503,"title":"Not available".*\n503$/);
    });

    test('still keeps the logs small', async () => {
      await tidy();
      expect(await nginx.status('client', `http://${GATEWAY}/`)).toBe('200');
    });
  });
});

describeHost('a change while the disk of the logs is full', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start();
    const fill = `cat /dev/zero >${LOGS}/fill 2>/dev/null || :`;
    await gateway.host.sh('gateway', `mkdir -p ${LOGS}; mount -t tmpfs -o size=1m none ${LOGS}; ${fill}`);
  });
  afterAll(() => gateway?.stop());

  test('is signalled with its true outcome', async () => {
    const web = Forward.http({ listen: 80, to: 8080 });
    await gateway.succeed({ forwards: { web }, content: 'first' });
    expect((await gateway.signals()).map((s) => s.Status)).toEqual(['SUCCESS']);
    await gateway.host.app('gateway', 'tcp', 81);
    const taken = Forward.http({ listen: 81, to: 8080 });
    const { code } = await gateway.boot({ forwards: { web, taken }, content: 'second', signalUrl: `${SIGNAL_URL}&2` });
    expect(code).not.toBe(0);
    expect((await gateway.signals()).at(-1)).toMatchObject({
      Status: 'FAILURE',
      Reason: expect.stringContaining('nginx needs port tcp/81'),
    });
  });
});
