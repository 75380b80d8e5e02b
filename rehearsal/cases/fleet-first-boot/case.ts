import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalCase, Stage } from '../../src/case';
import { INTERNET } from '../../src/network/addresses';
import { answerOf, CLOSED, FLEET, ONE, SITE, WEB, zonesServe } from '../fleet-contents';

const HEALTH = 10256;

async function clients(stage: Stage): Promise<void> {
  const { checks, phase, fleet } = stage;
  for (const address of fleet.balancer.addresses) {
    const { told } = await answerOf(stage, address, SITE);
    const { address: stranger } = INTERNET.stranger;
    checks.expect(phase, `${address}: nginx tells the client's own address`, told === stranger, `told: ${told}`);
    const [admin, refused] = [
      await answerOf(stage, address, CLOSED, 'admin'),
      await answerOf(stage, address, CLOSED, 'stranger'),
    ];
    const what = `${address}: the kernel sees the client: who is denied gets nothing, the admin an answer`;
    checks.expect(phase, what, admin.by === ONE && refused.by === 'nobody', `${admin.by}, ${refused.by}`);
  }
}

/** Hosts have public addresses, by which they reach packages and AWS, and nobody them but the admin's SSH. */
async function onlyTheBalancer(stage: Stage): Promise<void> {
  const { checks, phase, fleet, lab } = stage;
  const ports = [22, WEB, SITE, CLOSED, HEALTH];
  for (const host of await fleet.hosts())
    for (const [party, open] of [
      ['stranger', ''],
      ['admin', '22'],
    ] as const) {
      const found = await lab.probe.tcpPorts(party, lab.publicIpOf(host.instanceId), ports);
      const is = ports.filter((port) => found.get(port) !== 'filtered').join(', ');
      checks.expect(phase, `the ${party} reaches ${open || 'nothing'} of ${host.instanceId} itself`, is === open, is);
    }
  for (const address of fleet.balancer.addresses) {
    const found = await lab.probe.tcpPorts('admin', address, [22, HEALTH]);
    const is = [...found].map(([port, state]) => `${port} ${state}`).join(', ');
    checks.expect(phase, `${address} hands on neither SSH nor the health port`, !/open|closed/.test(is), is);
  }
}

async function inside(stage: Stage): Promise<void> {
  const { checks, phase, fleet } = stage;
  for (const host of await fleet.hosts()) {
    const { stdout, error } = await fleet.ssh(host, 'sudo portway status 2>&1; echo "exit code $?"', 120);
    const well = stdout.trim().endsWith('exit code 0');
    checks.expect(phase, `\`portway status\` on ${host.instanceId} finds all as deployed`, well, error ?? stdout);
    const { stdout: log } = await fleet.ssh(
      host,
      'sudo grep -c "not found this host ready" /var/log/portway/bootstrap.log',
    );
    const trusted = log.trim() === '0';
    checks.expect(phase, `${host.instanceId} reported its boot after the balancer had found it ready`, trusted, log);
  }
}

const firstBoot: RehearsalCase = {
  about:
    "a fresh fleet of two hosts: both boot and report, each zone is served with the client's address, hosts are reached by the balancer alone",
  fleet: FLEET,
  steps: [
    {
      title: 'each zone is served by its own host',
      run: async (stage) => zonesServe(stage, await stage.fleet.hosts(), 'after the boot'),
    },
    { title: 'hosts see the client', run: clients },
    { title: 'nobody but the balancer reaches a host', run: onlyTheBalancer },
    { title: 'look at the hosts', run: inside },
    {
      title: 'the balancer goes on trusting them',
      run: async ({ checks, phase, fleet }, note) => {
        const begin = new Date();
        await sleep(30_000);
        const bad = fleet.balancer.events.filter(({ state, time }) => state === 'unhealthy' && time >= begin);
        note(`${fleet.balancer.events.length} changes of health`);
        const seen = bad.map(({ instanceId, said }) => `${instanceId}: ${said}`).join('; ');
        checks.expect(phase, 'no host was unhealthy for a moment', bad.length === 0, seen);
      },
    },
  ],
};

export default firstBoot;
