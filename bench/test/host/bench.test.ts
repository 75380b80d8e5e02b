import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import type { Result } from '../../src/result';
import { http, local, remote } from '../../src/scenarios/requests';
import { udp } from '../../src/scenarios/udp';
import { describeBench, SHORT, sample } from './support';

jest.setTimeout(120_000);

const ROOT = join(__dirname, '../../..');

/** Commands that show on the gateway that this contender carried the load: tracked or open connections. */
const EVIDENCE = {
  kernel: "conntrack -L --dst-nat 2>/dev/null | grep -c 'dport=80 '",
  /** Nothing is translated, and nothing listens for clients. */
  none: "! conntrack -L --dst-nat 2>/dev/null | grep . && ! ss -Htln 'sport = :80' | grep . && echo 1",
  process: (name: string) => `ss -Htlnp 'sport = :80' | grep -c '"${name}"'`,
};

describeBench('the benchmark', ({ subject, countsCpu }) => {
  test.each([
    ['local', 'direct', EVIDENCE.none],
    ['local', 'tracked', EVIDENCE.none],
    ['local', 'portway-iptables', EVIDENCE.kernel],
    ['local', 'iptables', EVIDENCE.kernel],
    ['local', 'nftables', EVIDENCE.kernel],
    ['remote', 'direct', EVIDENCE.none],
    ['remote', 'portway-iptables', EVIDENCE.kernel],
    ['remote', 'iptables', EVIDENCE.kernel],
    ['remote', 'nftables', EVIDENCE.kernel],
    ['remote', 'socat', EVIDENCE.process('socat')],
    ['http', 'portway-nginx', EVIDENCE.process('nginx')],
    ['http', 'nginx', EVIDENCE.process('nginx')],
    ['http', 'haproxy', EVIDENCE.process('haproxy')],
    ['http', 'caddy', EVIDENCE.process('caddy')],
  ] as const)(
    '%s: sends the load through %s, and the application answers all of it',
    async (scenario, name, evidence) => {
      const { lane, loads } = await subject({ local, remote, http }[scenario], name);
      for (const [load, measure] of Object.entries(loads)) {
        const before = await lane.served();
        let cores = 0;
        const values = await measure({
          ...SHORT,
          async during(measured, work) {
            const { result, cpu } = await measured.during(work);
            cores = (cpu?.client ?? Number.NaN) + (cpu?.gateway ?? 0) + (cpu?.backend ?? 0);
            return result;
          },
        });
        // The load generator compares wrk's count with the application's; this checks that they are not zero.
        expect((await lane.served()) - before).toBeGreaterThan(50);
        expect(Object.keys(values)).toEqual([load === 'new' ? 'connections' : 'requests', 'p50', 'p99']);
        for (const value of Object.values(values)) expect(value).toBeGreaterThan(0);
        if (countsCpu()) expect(cores).toBeGreaterThan(0);
      }
      expect(Number(await lane.sh('gateway', evidence))).toBeGreaterThan(0);
    },
  );

  test("counts the load in Portway's own rules", async () => {
    const own = await subject(local, 'portway-iptables');
    await sample(own, 'new');
    const rules = await own.lane.sh('gateway', "iptables-nft-save -c -t nat | grep 'portway:forward-1.* REDIRECT'");
    expect(Number(/^\[(\d+):/.exec(rules)?.[1])).toBeGreaterThan(50);
  });

  test('counts every datagram and notices lost ones', async () => {
    const own = await subject(udp, 'portway-iptables');
    expect(await sample(own, 'flood')).toMatchObject({ lost: 0, rate: expect.any(Number) });
    // Drops every tenth datagram from clients.
    await own.lane.sh(
      'gateway',
      'iptables-nft -t raw -A PREROUTING -i ens5 -p udp -m statistic --mode nth --every 10 --packet 9 -j DROP',
    );
    expect((await sample(own, 'flood')).lost).toBeGreaterThan(0);
  });

  test('writes every sample, a report and charts from the command line', async () => {
    const args = ['--import', 'tsx', 'bench/src/main.ts', '--only', 'local', '--quick', '--rounds', '1'];
    const { stdout } = await spawn('node', [...args, '--seconds', '0.2'], { cwd: ROOT });
    const folder = join(ROOT, /^results, tables and charts: (.*)$/m.exec(stdout)?.[1] ?? 'none');
    const result: Result = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'));
    const loads = result.scenarios.flatMap((scenario) => scenario.loads);
    expect(loads.map(({ name }) => name)).toEqual(['kept', 'new']);
    for (const { samples, figures } of loads) {
      expect(Object.keys(samples)).toEqual(['direct', 'tracked', 'portway-iptables', 'iptables']);
      for (const [sample, ...others] of Object.values(samples)) {
        for (const { name } of figures) expect(sample?.values[name]).toBeGreaterThan(0);
        expect(others).toEqual([]);
      }
    }
    expect(result.versions.wrk).toMatch(/^4\./);
    const files = ['local-dark.svg', 'local-light.svg', 'report.md', 'result.json'];
    expect((await readdir(folder)).sort()).toEqual(files);
    expect(await readFile(join(folder, 'local-dark.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(await readFile(join(folder, 'report.md'), 'utf8')).toContain('Port on the gateway, kept-alive requests/s');
    await rm(folder, { recursive: true });
  });
});
