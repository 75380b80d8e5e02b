import { Forward } from '../../../lib/forward/forward';
import { contentOf } from '../../src/aws/deployed';
import type { RehearsalCase, Stage, Version } from '../../src/case';
import { LOG, scriptEnd } from '../../src/script-end';
import { events, hostName } from '../changes';
import { BOOT, ONE, OTHER, SHOP, whoAnswers } from '../live-contents';
import { output, status } from '../on-host';
import { MAY_BREAK } from '../replaced';

const version = (target: string, more: Partial<Version> = {}): Version => ({
  forwards: {
    web: Forward.http({ listen: 80, to: 8080 }),
    shop: Forward.tcp({ listen: SHOP, to: `${target}:8080`, engine: 'iptables' }),
  },
  ...more,
});
const large = { instanceType: 't4g.small' };
const image = { ...large, ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' } };

const VERSIONS = {
  first: version(ONE),
  // Restarts the instance.
  'larger machine': version(OTHER, large),
  // Replaces the instance.
  'another image': version(ONE, image),
} as const satisfies Record<string, Version>;

/** Times at which the host's log says something, in milliseconds. They are whole seconds. */
async function logged(stage: Stage, words: string): Promise<readonly number[]> {
  const lines = await output(stage, `sudo grep '${words}' ${LOG} || :`);
  return lines.split('\n').flatMap((line) => {
    const [, time] = /^portway (\S+Z) /.exec(line) ?? [];
    return time === undefined ? [] : [Date.parse(time)];
  });
}

/** Checks that a host has reported a content only after this moment, and has reported it at all. */
async function provedAfter(stage: Stage, content: string, moment: Date | undefined): Promise<void> {
  const { checks, phase } = stage;
  const proofs = await logged(stage, `SUCCESS was signalled to .*${content.slice(0, 16)}`);
  const first = proofs[0];
  const told = `${first === undefined ? 'never' : new Date(first).toISOString()}, on ${moment?.toISOString()}`;
  const after = first !== undefined && moment !== undefined && first >= Math.floor(moment.getTime() / 1000) * 1000;
  checks.expect(phase, 'the content was proved by the new machine, not by the one before', after, told);
}

/** Checks that the boot's report is that of the boot that runs. */
async function ownReport(stage: Stage): Promise<void> {
  const { Report = '' } = (await stage.gateway()).outputs;
  const boot = await output(stage, BOOT);
  stage.checks.expect(
    stage.phase,
    'the report that the address waited for is of this boot',
    Report.includes(boot),
    Report,
  );
}

const machineAndContent: RehearsalCase = {
  about: 'machine and forwards change in one deploy with onChange live: the new machine proves the new forwards itself',
  versions: VERSIONS,
  steps: [
    {
      title: 'another target and a larger machine',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const before = await stage.gateway();
        const begin = new Date();
        const watch = stage.watch(undefined, 2);
        const { ok, seconds, lines } = await stage.deploy('larger machine');
        await stage.answered();
        const { downtime } = await watch.stop();
        note(`${downtime.toFixed(1)} s of downtime, deploy ${seconds} s`);
        checks.expect(phase, 'the deploy went well', ok, lines.join('\n'));
        const after = await stage.gateway();
        const starts = events(stage, 'started', begin);
        const same = after.instanceId === before.instanceId && after.publicIp === before.publicIp && after.associated;
        checks.expect(phase, 'it is the same instance at the same address', same, after.instanceId);
        checks.expect(phase, 'it was started once', starts.length === 1, `${starts.length} times`);
        const type = await output(stage, 'cat /sys/devices/virtual/dmi/id/product_name');
        checks.expect(phase, 'as a larger machine', type === large.instanceType, type);
        await provedAfter(stage, contentOf(after), starts[0]?.time);
        await ownReport(stage);
        const who = await whoAnswers(stage, SHOP);
        checks.expect(phase, 'traffic goes to the new target', who === OTHER, who);
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
    {
      title: 'back to the first target, on a machine of another image',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const before = await stage.gateway();
        const oldName = await hostName(stage);
        const begin = new Date();
        const watch = stage.watch(undefined, 10);
        const { ok, seconds, lines } = await stage.deploy('another image');
        await stage.answered();
        const { lost, requests, downtime, seen } = await watch.stop();
        const figures = `${lost} of ${requests} requests lost, ${downtime.toFixed(1)} s at most between two answers, deploy ${seconds} s`;
        note(figures);
        checks.expect(phase, 'the deploy went well', ok, lines.join('\n'));
        const few = lost <= MAY_BREAK;
        checks.expect(
          phase,
          'no more requests were lost than while the address moved',
          few,
          `${figures}: ${JSON.stringify(seen)}`,
        );
        const after = await stage.gateway();
        const name = await hostName(stage);
        const moved = after.publicIp === before.publicIp && after.associated && name !== oldName;
        checks.expect(phase, 'another instance answers at the same address', moved, `${oldName}, then ${name}`);
        const end = await scriptEnd(stage);
        checks.expect(phase, 'its boot set up the content', end === 'forwards are up', end);
        const [built] = events(stage, 'launched', begin);
        const [address] = events(stage, 'address', begin);
        await provedAfter(stage, contentOf(after), built?.time);
        await ownReport(stage);
        const [booted = Number.POSITIVE_INFINITY] = await logged(stage, 'signalled SUCCESS');
        const inOrder = address !== undefined && booted <= address.time.getTime();
        checks.expect(
          phase,
          'its boot was proved before it got the address',
          inOrder,
          `${new Date(booted)}, ${address?.time}`,
        );
        const who = await whoAnswers(stage, SHOP);
        checks.expect(phase, 'traffic goes to the first target again', who === ONE, who);
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
  ],
  leavesChanged: true,
};

export default machineAndContent;
