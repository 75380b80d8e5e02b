import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:8080`;
const MIB = 2 ** 20;

describeHost('many slow clients on a host of 1 GiB', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.run({
      web: Forward.http({ listen: 80, to: TARGET }),
      large: Forward.http({ listen: 81, to: TARGET }),
      limited: Forward.http({ listen: 82, to: TARGET, limits: { requestsPerSecond: 10, burst: 30 } }),
    });
  });
  afterAll(() => nginx?.stop());

  /** nginx's memory in bytes, counting shared pages once. */
  const memory = async () => {
    const each = "for pid in $(pgrep -x nginx); do awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup; done";
    return Number(await nginx.host.sh('gateway', `{ ${each}; } | awk '{ kib += $1 } END { print kib * 1024 }'`));
  };

  /** Bytes in the files that buffer answers. nginx deletes them right after opening, and may close some during the count. */
  const waiting = async () => {
    const files = 'find $(pgrep -x nginx | sed "s|.*|/proc/&/fd|") -lname "/var/lib/nginx/proxy/*" 2>/dev/null || :';
    const sizes = 'while read -r file; do stat -Lc %s "$file" 2>/dev/null || :; done';
    return Number(await nginx.host.sh('gateway', `{ ${files}; } | ${sizes} | awk '{ n += $1 } END { print n + 0 }'`));
  };

  const others = (port: number, count = 20) =>
    Promise.all(Array.from({ length: count }, () => nginx.status('client', `http://${GATEWAY}:${port}/`, STRANGER.v4)));

  const served = (count = 20) => Array.from({ length: count }, () => '200');

  const crowd = (...words: (string | number)[]) =>
    nginx.host.serve('client', ['python3', `${__dirname}/support/crowd.py`, ...words.map(String)]);

  test('300 that hardly read 1 MB each take at most a quarter of its memory, and others are served', async () => {
    const before = await memory();
    await crowd('readers', GATEWAY, 80, 300, MIB);
    const taken = (await memory()) - before;
    expect(taken).toBeGreaterThan(50 * MIB);
    expect(taken).toBeLessThan(270 * MIB);
    expect(await others(80)).toEqual(served());
  });

  test('20 that hardly read 40 MB each take a bounded part of its disk', async () => {
    const before = await waiting();
    await crowd('readers', GATEWAY, 81, 20, 40 * MIB);
    const taken = (await waiting()) - before;
    expect(taken).toBeGreaterThan(20 * MIB);
    expect(taken).toBeLessThan(20 * 9 * MIB);
    expect(await others(81)).toEqual(served());
  });

  test('2,000 that send the heads of requests byte by byte: others are served', async () => {
    await crowd('heads', GATEWAY, 80, 2000);
    // Whose head takes too long is cut off, and comes again.
    await until('they are there', async () => {
      const open = await nginx.host.sh('gateway', "ss -Htn state established 'sport = :80' | wc -l");
      return Number(open) > 1900;
    });
    expect(await others(80, 50)).toEqual(served(50));
  });

  test.each([
    ['with a limit', 82],
    ['without one', 80],
  ])('one address that sends as many requests as it can, %s: others are served', async (_, port) => {
    await crowd('flood', GATEWAY, port, 32);
    expect(await others(port)).toEqual(served());
    const asked = (await nginx.log(port, 500)).filter((e) => e.agent === 'flood');
    const answered = asked.filter((e) => e.status === 200).length;
    if (port === 82) expect(answered).toBeLessThan(asked.length / 2);
    else expect(answered).toBe(asked.length);
  });
});
