import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { HEALTHY_LIMIT } from '../../src/fleet/first-boot';
import type { FleetHost } from '../../src/fleet/hosts';
import { answerOf, FLEET, ONE, OTHER, SHOP, WEB } from '../fleet-contents';
import { holdThrough, seeLeave, settled } from '../fleet-drain';
import { underLoad } from '../fleet-load';

/** A host too many begins to leave at once; the stand-in looks every second. */
const LEAVES = 30;
/** Most connections until the balancer has chosen a certain host out of two. */
const ATTEMPTS = 20;

/** Who has a forward's answer asked for, by way of a host. */
async function through(stage: Stage, host: FleetHost, port: number): Promise<string> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const { by, client } = await answerOf(stage, stage.fleet.balancer.addressOf(host), port);
    if (client === host.privateIp) return by;
  }
  return `none of ${ATTEMPTS} answers came through it`;
}

/** Notes when somebody new answers at an address, until the given work is done. */
async function newcomer(stage: Stage, known: readonly FleetHost[], work: () => Promise<unknown>): Promise<Date[]> {
  const seen: Date[] = [];
  let done = false;
  const looking = (async () => {
    while (!done) {
      for (const address of stage.fleet.balancer.addresses) {
        const { client } = await answerOf(stage, address, WEB);
        if (client !== '' && !known.some(({ privateIp }) => privateIp === client)) seen.push(new Date());
      }
      await sleep(250);
    }
  })();
  await work();
  done = true;
  await looking;
  return seen;
}

const join: CaseStep = {
  title: '2 to 3 hosts, with another target',
  run: async (stage, note) => {
    const { checks, phase, fleet } = stage;
    const { balancer } = fleet;
    const before = await fleet.hosts();
    let answers: Date[] = [];
    const { figures } = await underLoad(stage, async () => {
      answers = await newcomer(stage, before, async () => {
        const { ok, seconds, lines } = await stage.deploy('three hosts');
        checks.expect(phase, 'three hosts: the deploy went well', ok, lines.join('\n'));
        note(`deploy ${seconds} s`);
        const healthy = () => [...balancer.health.values()].filter((state) => state === 'healthy').length;
        await balancer.until('three healthy hosts', () => healthy() === 3, HEALTHY_LIMIT);
        await sleep(5000);
      });
    });
    note(figures);
    const fresh = (await fleet.hosts()).filter(
      (one) => !before.some(({ instanceId }) => instanceId === one.instanceId),
    );
    checks.expect(phase, 'one host has joined', fresh.length === 1, JSON.stringify(fresh));
    const [third] = fresh;
    if (third === undefined) return;
    const well = balancer.events.find(
      ({ instanceId, state }) => instanceId === third.instanceId && state === 'healthy',
    );
    const [first] = answers;
    const when = `healthy ${well?.time.toISOString()}, first answer ${first?.toISOString()}`;
    const onlyThen = well !== undefined && first !== undefined && first >= well.time;
    checks.expect(phase, 'it got traffic once it was healthy, and not before', onlyThen, when);
    const by = await through(stage, third, SHOP);
    checks.expect(phase, 'it has the content of this deploy', by === OTHER, by);
  },
};

const leave: CaseStep = {
  title: '3 to 2 hosts, back to the first target',
  run: async (stage, note) => {
    const { checks, phase, fleet, lab } = stage;
    const hosts = await fleet.hosts();
    // The oldest one of the zone with two.
    const going = hosts.find((one) => hosts.some((two) => two !== one && two.subnetId === one.subnetId));
    const other = hosts.find(({ subnetId }) => subnetId !== going?.subnetId);
    if (going === undefined || other === undefined) throw new Error(`three hosts in two zones, got ${hosts.length}`);
    const held = await holdThrough(stage, going);
    const { figures } = await underLoad(
      stage,
      async () => {
        const { ok, seconds, lines } = await stage.deploy('first');
        checks.expect(phase, 'two hosts: the deploy went well', ok, lines.join('\n'));
        const all = (await fleet.hosts()).length;
        checks.expect(phase, 'a smaller `min` alone ends no host', all === 3, `${all}`);
        await fleet.setDesired(2);
        note(`deploy ${seconds} s; ${await seeLeave(stage, going, held, LEAVES)}`);
        await settled(stage);
        await sleep(3000);
      },
      fleet.balancer.addressOf(other),
    );
    note(figures);
    const gone = await lab.openConnections(going.privateIp);
    checks.expect(phase, 'the host has ended, and no connection leads to it', gone === 0, `${gone}`);
    const left = await fleet.hosts();
    const others = left.length === 2 && left.every(({ instanceId }) => instanceId !== going.instanceId);
    checks.expect(phase, 'the two others are left', others, JSON.stringify(left));
    for (const host of left) {
      const by = await through(stage, host, SHOP);
      checks.expect(phase, `${host.privateIp} leads to the first target`, by === ONE, by);
    }
  },
};

const scale: RehearsalCase = {
  about:
    'a fleet of two hosts gets a third one and loses one again: the new one serves once it is healthy, the leaving one drains; no request is lost',
  fleet: FLEET,
  steps: [join, leave],
};

export default scale;
