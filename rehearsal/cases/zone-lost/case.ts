import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseStep, RehearsalCase } from '../../src/case';
import { BOOT_LIMIT } from '../../src/stage';
import { FLEET, NOTICED, WEB, zonesServe } from '../fleet-contents';

/** Requests a second in each zone, half of all. */
const RATE = 5;
/** How long a client may keep an address of the balancer's name, in seconds. */
const TTL = 60;

const lose: CaseStep = {
  title: 'a zone is lost, with its hosts and its address',
  run: async (stage, note) => {
    const { checks, phase, fleet, vm } = stage;
    const { balancer } = fleet;
    const hosts = await fleet.hosts();
    const [first] = hosts;
    const other = hosts.find(({ subnetId }) => subnetId !== first?.subnetId);
    if (first === undefined || other === undefined)
      throw new Error(`hosts in two zones are needed, got ${hosts.length}`);
    const dying = hosts.filter(({ subnetId }) => subnetId === first.subnetId);
    const [its, the] = [balancer.addressOf(first), balancer.addressOf(other)];
    const there = stage.watch(`http://${its}:${WEB}/`, RATE);
    const elsewhere = stage.watch(`http://${the}:${WEB}/`, RATE);
    const held = stage.hold(WEB, the);
    await sleep(5000);
    const begin = Date.now();
    balancer.setZone(first, false);
    await Promise.all(dying.map(({ instanceId }) => vm(instanceId).hardOff()));
    await balancer.until("the zone leaves the balancer's name", () => !balancer.named.includes(its), 60);
    const noticed = Math.round((Date.now() - begin) / 100) / 10;
    const soon = noticed <= NOTICED;
    checks.expect(
      phase,
      `the name leaves out the zone within ${NOTICED} s, the time of the health check`,
      soon,
      `${noticed} s`,
    );
    // Clients that have asked DNS just before.
    await sleep(TTL * 1000);
    const gone = await there.stop();
    // All clients are in the other zone now.
    const moved = stage.watch(`http://${the}:${WEB}/`, RATE);
    await sleep(20_000);
    const [kept, came] = [await elsewhere.stop(), await moved.stop()];
    const { exchanges, broken } = await held.stop();
    const all = gone.requests + kept.requests;
    note(`${noticed} s, then ${TTL} s of DNS: ${gone.lost} of ${all} requests lost, all of them in that zone`);
    checks.expect(
      phase,
      'the lost zone lost requests, so its clients were asking',
      gone.lost > 0,
      JSON.stringify(gone),
    );
    const none = kept.lost === 0 && came.lost === 0;
    const text = `${kept.lost} of ${kept.requests}, and ${came.lost} of ${came.requests} of those who came`;
    checks.expect(phase, 'the other zone loses no request, also with the clients of both', none, text);
    checks.expect(phase, 'a connection in the other zone stays open', broken === null, `${broken} (${exchanges})`);
    note(`the other zone lost ${text}`);
  },
};

const back: CaseStep = {
  title: 'the zone is back',
  run: async (stage, note) => {
    const { checks, phase, fleet, vm } = stage;
    const { balancer } = fleet;
    const hosts = await fleet.hosts();
    const off = hosts.filter(({ instanceId }) => !vm(instanceId).alive);
    const others = stage.watch(`http://${balancer.named[0]}:${WEB}/`, RATE);
    const begin = Date.now();
    for (const host of off) {
      balancer.setZone(host, true);
      await vm(host.instanceId).start();
    }
    const well = () => off.every(({ instanceId }) => balancer.health.get(instanceId) === 'healthy');
    await balancer.until('its hosts are healthy', well, BOOT_LIMIT);
    note(`${Math.round((Date.now() - begin) / 1000)} s`);
    await zonesServe(stage, hosts, 'afterwards');
    const { lost, requests } = await others.stop();
    checks.expect(phase, 'the other zone loses no request meanwhile', lost === 0, `${lost} of ${requests}`);
    const all = balancer.named.length === balancer.addresses.length;
    checks.expect(phase, "the balancer's name has all zones again", all, balancer.named.join(', '));
  },
};

const zoneLost: RehearsalCase = {
  about:
    "a fleet loses a zone, with its hosts and its balancer's address: the other one loses nothing and takes all clients; the zone comes back",
  fleet: FLEET,
  steps: [lose, back],
};

export default zoneLost;
