import { until } from '../../../test/host/support/host';
import { type Carrying, CONTENDERS } from '../../src/carriers/contenders';
import type { Scenario } from '../../src/model';
import { attack } from '../../src/scenarios/attack';
import { bodies } from '../../src/scenarios/bodies';
import { cache } from '../../src/scenarios/cache';
import { idleScenario } from '../../src/scenarios/idle';
import { tls } from '../../src/scenarios/tls';
import { describeBench, sample } from './support';

jest.setTimeout(60_000);

/** In seconds, since 64 handshakes come first. */
const LONGER = 0.5;

/** Whether a server of this name has the listener. */
const holds = (name: string, port: number) => `ss -Htlnp 'sport = :${port}' | grep -c '"${name}"'`;

const ECHO = `import http.server
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Powered-By", "echo")
        self.end_headers()
        self.wfile.write(str(self.headers).encode())
    log_message = lambda *_: None
http.server.HTTPServer(("", 8082), Echo).serve_forever()`;

/** A contender in front of a server that returns the headers it received. */
function echoing(contender: Carrying): Scenario {
  return {
    ...tls,
    contenders: [contender],
    async setUp(_, start) {
      const lane = await start('backend');
      await lane.put('backend', '/echo.py', ECHO);
      await lane.sh('backend', 'setsid python3 /echo.py </dev/null >/dev/null 2>&1 &');
      await contender.carrier(lane, [{ protocol: 'tcp', listen: 8081, port: 8082 }]);
      const answers = async () => (await lane.run('client', ['curl', '-sf', 'http://198.51.100.1:8081/'])).code === 0;
      await until('the echo answers', answers);
      return { lane, loads: {} };
    },
  };
}

describeBench("the benchmark's rows for reverse proxies", ({ subject, countsCpu }) => {
  test.each(['haproxy', 'portway-nginx', 'caddy'])(
    'measures full and resumed TLS handshakes through %s',
    async (name) => {
      const own = await subject(tls, name);
      const server = name === 'portway-nginx' ? 'nginx' : name;
      expect(Number(await own.lane.sh('gateway', holds(server, 443)))).toBeGreaterThan(0);
      const shown = await own.lane.sh('client', 'openssl s_client -connect 198.51.100.1:443 </dev/null 2>&1');
      expect(shown).toContain(await own.lane.sh('gateway', 'cat /etc/bench.crt'));
      expect((await sample(own, 'kept', LONGER)).requests).toBeGreaterThan(50);
      expect((await sample(own, 'new', LONGER)).connections).toBeGreaterThan(10);
      for (const version of ['1.3', '1.2']) {
        // The load generator itself checks that sessions are resumed exactly when they should be.
        const { full, resumed, share } = await sample(own, `handshakes-${version}`, LONGER);
        if (countsCpu()) for (const counted of [full, resumed, share]) expect(counted).toBeGreaterThan(0);
      }
    },
  );

  test('configures haproxy to do the same work per request as Portway', async () => {
    const heads = await Promise.all(
      [CONTENDERS.portwayNginx, CONTENDERS.haproxy].map(async (contender) => {
        const { lane } = await subject(echoing(contender), contender.name);
        const answer = await lane.sh('client', "curl -si -H 'X-Forwarded-For: 192.0.2.1' http://198.51.100.1:8081/");
        return answer
          .toLowerCase()
          .replaceAll('\r', '')
          .replace(/(proto=http);(host="[^"]*");(for=[\d.]+)/, '$3;$2;$1')
          .replaceAll(/[0-9a-f]{8}[0-9a-f-]{24,}/g, 'number')
          .split('\n');
      }),
    );
    const [portway, haproxy] = heads.map((lines) => new Set(lines.filter((line) => /^(x-|forwarded)/.test(line))));
    expect(haproxy).toEqual(portway);
    expect(portway?.size).toBe(8);
  });

  test.each(['direct', 'portway-nginx'])('passes whole bodies through %s', async (name) => {
    const own = await subject(bodies, name);
    expect((await sample(own, 'small')).requests).toBeGreaterThan(50);
    expect((await sample(own, 'large')).throughput).toBeGreaterThan(0.01);
    const { host, port } =
      name === 'direct' ? { host: own.lane.target, port: 8080 } : { host: '198.51.100.1', port: 80 };
    const got = await own.lane.sh('client', `curl -s http://${host}:${port}/bodies/1m | sha256sum`);
    expect(got).toBe(await own.lane.sh('backend', 'sha256sum </srv/bodies/1m'));
  });

  test.each(['nginx-file', 'nginx-file-tuned', 'portway-nginx'])(
    '%s serves files without asking the application',
    async (name) => {
      const own = await subject(cache, name);
      const served = await own.lane.served();
      expect((await sample(own, 'small')).requests).toBeGreaterThan(50);
      expect((await sample(own, 'large')).throughput).toBeGreaterThan(0.01);
      // Only the test's own requests for the count reached the application.
      expect((await own.lane.served()) - served).toBeLessThan(10);
      const heads = await own.lane.sh('client', 'curl -sI http://198.51.100.1/bodies/1k');
      if (name === 'portway-nginx') expect(heads).toMatch(/^X-Cache: HIT/m);
      else expect(heads).not.toContain('X-Cache');
    },
  );

  test.each(['portway-nginx', 'portway-tls'])(
    'counts idle connections of %s, and closes them afterwards',
    async (name) => {
      const own = await subject(idleScenario(500), name);
      const { memory, p99, quiet, times } = await sample(own, 'idle', LONGER);
      expect(memory).toBeGreaterThan(1);
      expect(times).toBeCloseTo((p99 ?? 0) / (quiet ?? 1));
      const open = await own.lane.sh('client', 'ss -Htn state established | wc -l');
      expect(Number(open)).toBe(0);
    },
  );

  test("limits the attacker's address and no other client", async () => {
    const own = await subject(attack, 'portway-nginx');
    const { unserved, attack: asked } = await sample(own, 'flood');
    expect(unserved).toBe(0);
    expect(asked).toBeGreaterThan(0);
    expect((await sample(own, 'heads')).unserved).toBe(0);
    // The log's buffer is at most a second behind.
    await own.lane.sh('gateway', '/usr/bin/sleep 1.2');
    const clients = (lines: string) =>
      own.lane.sh('gateway', `grep '${lines}' /var/log/portway/access.log | grep -o '"client":"[^"]*"' | sort -u || :`);
    expect(await clients('"status":200')).toBe('"client":"198.51.100.10"\n"client":"198.51.100.66"\n');
    // How many requests the attacker gets through depends on the CPU time that others leave.
    expect(['', '"client":"198.51.100.66"\n']).toContain(await clients('"status":429'));
  });
});
