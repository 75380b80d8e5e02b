import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { HostContent } from '../../lib/host/host-content';
import { during } from './support/clients';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const [TARGET, SOCKETS, NUMBERS] = [9001, 9002, 9003].map((port) => `${ADDRESS.backend.v4}:${port}`) as [
  string,
  string,
  string,
];
const CLIENTS = 16;
/** Size of a download that lasts through all changes. */
const DOWNLOAD = 60_000_000;

const forwards = (more: Deploy['forwards'] = {}): Deploy['forwards'] => ({
  web: Forward.http({ listen: 80, to: TARGET, maintenance: true }),
  secure: Forward.https({ listen: 443, to: TARGET, tls: Tls.selfSigned() }),
  socket: Forward.http({ listen: 81, to: SOCKETS }),
  raw: Forward.tcp({ listen: 82, to: NUMBERS }),
  ...more,
});

describeHost('changes while nginx runs', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    const serve = (script: string, ...words: (string | number)[]) =>
      host.serve('backend', ['python3', host.support('backend', script), ...words.map(String)]);
    await serve('target.py', 9001, '9001', '/dev/null');
    await serve('web.py', 9002, 'sockets');
    await serve('stream.py', 'serve', 9003);
    await gateway.succeed({ forwards: forwards() });
  });
  afterAll(() => gateway?.stop());

  /** Total outcomes of requests over HTTP and HTTPS while `happens` runs. */
  const visit = async (happens: () => Promise<void>) => {
    const said = await during(
      host,
      happens,
      ['visitors.py', `http://${GATEWAY}/`, CLIENTS],
      ['visitors.py', `https://${GATEWAY}/`, CLIENTS],
    );
    const counts: Record<string, number> = {};
    for (const text of said)
      for (const [key, value] of Object.entries<number>(JSON.parse(text))) counts[key] = (counts[key] ?? 0) + value;
    return counts;
  };

  /** Every request is answered, and each kept connection is closed at most once per reload. */
  const expectNoneLost = (counts: Record<string, number>, reloads: number, statuses = ['200']) => {
    const { 'kept closed': closed = 0, ...others } = counts;
    const expected = statuses.flatMap((status) => [`kept ${status}`, `new ${status}`]);
    expect(Object.keys(others).filter((kind) => !expected.includes(kind))).toEqual([]);
    expect(others['kept 200']).toBeGreaterThan(100);
    expect(others['new 200']).toBeGreaterThan(100);
    expect(closed).toBeLessThanOrEqual(CLIENTS * reloads);
  };

  const answers = (port: number) => host.ask('client', 'tcp', GATEWAY, port).then(({ name }) => name);
  const masters = () => host.read('/run/nginx.pid');
  const fingerprint = async () => {
    const shown = `openssl s_client -connect ${GATEWAY}:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint`;
    return (await host.sh('client', shown)).trim();
  };

  /** Replaces the certificate and reloads nginx, as a renewal does. */
  const renew = async () => {
    const before = await fingerprint();
    await host.sh(
      'gateway',
      `certificate=$(sed -n 's/.*ssl_certificate \\(.*\\);/\\1/p' /etc/nginx/nginx.conf | head -n 1)
      key=$(sed -n 's/.*ssl_certificate_key \\(.*\\);/\\1/p' /etc/nginx/nginx.conf | head -n 1)
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=new -keyout /tmp/key -out /tmp/certificate 2>&1
      cat /tmp/key /tmp/certificate >"$key"
      cat /tmp/key /tmp/certificate >"$certificate"
      systemctl reload-or-restart nginx`,
    );
    await until('the new certificate is shown', async () => (await fingerprint()) !== before);
  };

  test('of a certificate lose no request', async () => {
    const main = await masters();
    const counts = await visit(async () => {
      for (let i = 0; i < 3; i++) await renew();
    });
    expectNoneLost(counts, 3);
    expect(await masters()).toBe(main);
  });

  test('of maintenance, on and off, answer every request: by the target or with 503', async () => {
    const counts = await visit(async () => {
      for (const state of ['on', 'off', 'on', 'off']) {
        await host.sh('gateway', `portway maintenance ${state}`);
        await sleep(300);
      }
    });
    expectNoneLost(counts, 4, ['200', '503']);
    expect(counts['new 503']).toBeGreaterThan(0);
    expect(counts['kept 503']).toBeGreaterThan(0);
  });

  test('of forwards, by a deploy, lose no request', async () => {
    const main = await masters();
    const counts = await visit(async () => {
      const added = { added: Forward.http({ listen: 90, to: TARGET }) };
      await gateway.succeed({ forwards: forwards(added), content: 'added' });
      expect(await answers(90)).toBe('9001');
      await gateway.succeed({ forwards: forwards(), content: 'removed' });
      expect(await answers(90)).toMatch(/^none/);
    });
    expectNoneLost(counts, 2);
    expect(await masters()).toBe(main);
  });

  test('interrupt no download, WebSocket or TCP connection', async () => {
    const download = host.run('client', [
      ...['curl', '-sf', '--limit-rate', '10M', '-H', `X-Test-Size: ${DOWNLOAD}`],
      ...['-o', '/dev/null', '-w', '%{size_download} %{num_connects}', `http://${GATEWAY}/`],
    ]);
    const [socket, raw] = await during(
      host,
      async () => {
        await renew();
        await host.sh('gateway', 'portway maintenance on; portway maintenance off');
        await gateway.succeed({
          forwards: forwards({ more: Forward.tcp({ listen: 91, to: NUMBERS }) }),
          content: 'more',
        });
      },
      ['websocket.py', GATEWAY, 81],
      ['stream.py', 'tcp', GATEWAY, 82],
    );
    expect(socket).toMatch(/^\d{2,} open$/);
    expect(JSON.parse(raw ?? '')).toEqual({ received: expect.any(Number), inOrder: true });
    expect(JSON.parse(raw ?? '').received).toBeGreaterThan(50_000);
    expect((await download).stdout).toBe(`${DOWNLOAD} 1`);
  });

  test('and reboots leave nginx the folders for what it cannot hold in memory', async () => {
    expect((await gateway.reboot()).code).toBe(0);
    const download = ['-H', 'X-Test-Size: 20000000', '--limit-rate', '5M', '-w', '%{size_download}'];
    const { stdout } = await host.run('client', ['curl', '-sko', '/dev/null', ...download, `https://${GATEWAY}/`]);
    expect(stdout).toBe('20000000');
  });

  test('end an old worker after its time limit, with its connections', async () => {
    const sooner = (content: HostContent): HostContent => ({
      ...content,
      files: content.files.map((f) => ({
        ...f,
        text: f.text.replace('worker_shutdown_timeout 1d', 'worker_shutdown_timeout 2s'),
      })),
    });
    await gateway.succeed({ forwards: forwards(), content: 'sooner', alter: sooner });
    const [socket] = await during(host, async () => {
      const old = () => host.sh('gateway', 'pgrep -f "^nginx: worker process is shutting down" || :');
      // Looked for from the beginning: it waits for 2 s only, and a deploy on a busy machine may end later.
      await Promise.all([
        gateway.succeed({
          forwards: forwards({ other: Forward.http({ listen: 92, to: TARGET }) }),
          content: 'later',
        }),
        until('an old worker waits for its connections', async () => (await old()) !== '', 30),
      ]);
      await until('no old worker is left', async () => (await old()) === '');
    }, ['websocket.py', GATEWAY, 81]);
    expect(socket).toMatch(/^\d{2,} cut$/);
  });
});
