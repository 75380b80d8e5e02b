import type { CaseStep, RehearsalCase } from '../../src/case';
import { FLEET, zonesServe } from '../fleet-contents';
import { holdThrough, seeLeave, settled } from '../fleet-drain';
import { boots, underLoad } from '../fleet-load';

/** Until the last of two hosts begins to leave, each after an emulated boot, in seconds. */
const LEAVES = 1500;

const roll: CaseStep = {
  title: 'another type of instance',
  run: async (stage, note) => {
    const { checks, phase, fleet } = stage;
    const before = await fleet.hosts();
    const held = await Promise.all(before.map((host) => holdThrough(stage, host)));
    const { figures } = await underLoad(
      stage,
      async () => {
        const leaving = before.map((host, i) => seeLeave(stage, host, held[i] as (typeof held)[number], LEAVES));
        // A failed deploy is told below; then none leaves.
        for (const one of leaving) one.catch(() => undefined);
        const { ok, seconds, lines } = await stage.deploy('another type');
        checks.expect(phase, 'another type: the deploy went well', ok, lines.join('\n'));
        note(`deploy ${seconds} s`);
        if (!ok) throw new Error('without the update, nothing else can be seen');
        for (const one of leaving) note(await one);
        await settled(stage);
      },
      null,
    );
    note(figures);
    const now = await fleet.hosts();
    const known = new Set(before.map(({ instanceId }) => instanceId));
    const fresh =
      now.length === 2 && now.every((one) => !known.has(one.instanceId) && one.instanceType === 't4g.small');
    checks.expect(phase, 'two new hosts of the other type', fresh, JSON.stringify(now));
    await zonesServe(stage, now, 'afterwards');
  },
};

const bad: CaseStep = {
  title: 'a type whose hosts fail to boot',
  run: async (stage, note) => {
    const { checks, phase, fleet } = stage;
    const [begin, before] = [new Date(), await boots(stage)];
    const ids = new Set((await fleet.hosts()).map(({ instanceId }) => instanceId));
    const { figures } = await underLoad(stage, async () => {
      const { ok, seconds, lines } = await stage.deploy('a boot that fails');
      checks.expect(phase, 'cdk deploy failed', !ok, 'it went well');
      const shown = lines.find((line) => /Received 1 FAILURE signal\(s\) out of 2/.test(line));
      checks.expect(phase, 'cdk deploy shows that the new host failed', shown !== undefined, lines.join('\n'));
      note(`deploy ${seconds} s; ${shown ?? ''}`);
      await settled(stage);
    });
    note(figures);
    checks.expect(phase, 'the same boots of the same hosts', (await boots(stage)) === before, before);
    const ill = fleet.balancer.events.filter(
      ({ state, time, instanceId }) => state === 'unhealthy' && time >= begin && ids.has(instanceId),
    );
    checks.expect(phase, 'none of them was unhealthy for a moment', ill.length === 0, JSON.stringify(ill));
  },
};

const rolling: RehearsalCase = {
  about:
    'another type of instance on a fleet: hosts are replaced one by one, each drains, no request is lost; a type whose hosts fail goes back',
  fleet: FLEET,
  leavesChanged: true,
  takesAny: true,
  steps: [roll, bad],
};

export default rolling;
