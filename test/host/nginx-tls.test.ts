import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost, STOP_NGINX, until } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const FORWARDS = { secure: Forward.https({ listen: 443, to: `${ADDRESS.backend.v4}:8080`, tls: Tls.selfSigned() }) };
/** Since nginx 1.23.2, ticket keys are in shared memory and rotate. Debian 12 has 1.22. */
const SHARES_KEYS = DEBIAN === 'debian-13';
/** Enables what OpenSSL disables by default. */
const ANYTHING = '-cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0';

describeHost('TLS that ends on the gateway', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.run(FORWARDS);
  });
  afterAll(() => nginx?.stop());

  /** openssl's output for a connection with one request: TLS 1.3 sends tickets only after it. */
  const connect = async (words: string): Promise<string> => {
    const request = `printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'; sleep 0.2`;
    const command = `(${request}) | timeout 5 openssl s_client -connect 127.0.0.1:443 -ign_eof ${words} 2>&1`;
    return (await nginx.host.run('gateway', ['bash', '-c', command])).stdout;
  };

  test.each([
    ['TLS 1.0', `-tls1 ${ANYTHING}`],
    ['TLS 1.1', `-tls1_1 ${ANYTHING}`],
    ['TLS 1.2 without forward secrecy', '-tls1_2 -cipher AES128-GCM-SHA256:AES256-GCM-SHA384'],
    ['TLS 1.2 with CBC', '-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384'],
    ['TLS 1.2 without encryption', '-tls1_2 -cipher NULL:@SECLEVEL=0'],
    ['TLS 1.2 without a certificate', '-tls1_2 -cipher aNULL:@SECLEVEL=0'],
  ])('%s is refused', async (_, words) => {
    expect(await connect(words)).toMatch(/alert (protocol version|handshake failure)/);
  });

  test.each([
    ['TLS 1.2', '-tls1_2', /^New, TLSv1.2, Cipher is ECDHE-ECDSA-/m],
    ['TLS 1.3', '-tls1_3', /^New, TLSv1.3, Cipher is TLS_/m],
    ['the weakest of TLS 1.2', '-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256', /^New, TLSv1.2/m],
  ])('%s is spoken', async (_, words, said) => {
    const text = await connect(words);
    expect(text).toMatch(said);
    expect(text).toMatch(/^Compression: NONE$/m);
    expect(text).toMatch(/HTTP\/1.1 200 OK/);
  });

  test('refuses renegotiation in TLS 1.2', async () => {
    // Its input stays open until it has ended: at the end of the input, it would not wait for the answer.
    const command = `timeout 5 openssl s_client -connect 127.0.0.1:443 -tls1_2 2>&1 < <(echo R; exec /usr/bin/sleep 6)`;
    const { stdout } = await nginx.host.run('gateway', ['bash', '-c', command]);
    expect(stdout).toMatch(/RENEGOTIATING[\s\S]*(no renegotiation|error)/);
  });

  test('accepts no early data (0-RTT)', async () => {
    await connect('-tls1_3 -sess_out /tmp/early');
    const said = await nginx.host.sh('gateway', 'openssl sess_id -in /tmp/early -noout -text');
    expect(said).toMatch(/Max Early Data: 0/);
  });

  describe('a returning client', () => {
    const WAYS = [
      ['TLS 1.3', '-tls1_3'],
      ['TLS 1.2 by a ticket', '-tls1_2'],
      ['TLS 1.2 by the id of its session', '-tls1_2 -no_ticket'],
    ] as const;

    /** Bytes read by each worker so far. */
    const read = async (): Promise<readonly number[]> => {
      const script =
        'for pid in $(pgrep -P "$(cat /run/nginx.pid)" -f "worker process$"); do grep rchar "/proc/$pid/io"; done';
      return (await nginx.host.sh('gateway', script))
        .trim()
        .split('\n')
        .map((line) => Number(line.split(' ')[1]));
    };

    test.each(WAYS)('resumes its session on any worker: %s', async (_, words) => {
      expect(await connect(`${words} -sess_out /tmp/session`)).toMatch(/^New, /m);
      const before = await read();
      // The kernel does not say which worker gets a connection: on a busy machine one of them may get all of a round.
      await until('each worker has resumed a session', async () => {
        const again = await Promise.all(Array.from({ length: 24 }, () => connect(`${words} -sess_in /tmp/session`)));
        expect(again.map((text) => /^(Reused|New), /m.exec(text)?.[1])).toEqual(Array(24).fill('Reused'));
        const grown = (await read()).map((bytes, i) => bytes - (before[i] ?? 0));
        return grown.every((bytes) => bytes > 1000);
      });
    });

    test.each(WAYS)('resumes its session after a reload: %s', async (_, words) => {
      expect(await connect(`${words} -sess_out /tmp/session`)).toMatch(/^New, /m);
      await nginx.renew();
      const kept = SHARES_KEYS || words.includes('-no_ticket');
      expect(await connect(`${words} -sess_in /tmp/session`)).toMatch(kept ? /^Reused, /m : /^New, /m);
    });

    test('gets one ticket of TLS 1.3 after a full handshake, and another one when it resumes', async () => {
      const tickets = (text: string) => text.match(/^Post-Handshake New Session Ticket arrived:/gm)?.length;
      expect(tickets(await connect('-tls1_3 -sess_out /tmp/session'))).toBe(1);
      const again = await connect('-tls1_3 -sess_in /tmp/session');
      expect(again).toMatch(/^Reused, /m);
      expect(tickets(again)).toBe(1);
    });

    test('gets a ticket with a new key after the session lifetime', async () => {
      const key = async () => /TLS session ticket:\s+0000 - ([0-9a-f -]{47})/.exec(await connect('-tls1_2'))?.[1];
      const conf = await nginx.host.read('/etc/nginx/nginx.conf');
      await nginx.host.write(
        '/etc/nginx/nginx.conf',
        conf.replace('ssl_session_timeout 1d;', 'ssl_session_timeout 2s;'),
      );
      await nginx.host.sh('gateway', `${STOP_NGINX}; nginx`);
      await until('nginx runs', async () => (await key()) !== undefined);
      const first = await key();
      expect(first).toMatch(/^[0-9a-f]{2} /);
      if (SHARES_KEYS) await until('another key', async () => (await key()) !== first);
      else expect(await key()).toBe(first);
    });
  });
});
