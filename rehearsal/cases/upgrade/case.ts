import { join } from 'node:path';
import type { CaseStep, RehearsalCase, Stage, Version } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { portTaken } from '../bad-changes';
import { events, failedWith, SLOWLY } from '../changes';
import { BOOT, changeLive, LIVE, ONE, OTHER, SHOP, whoAnswers } from '../live-contents';
import { has, output, status } from '../on-host';

/**
 * What Portway wrote for the first content with `onChange: 'restart'` before there were live changes (at 048190c): `new PortwayStack(app,
 * 'Portway', …)` with the CDK's default synthesizer, the context of cdk.json and the rehearsal's admin.
 */
const storedTemplate = join(__dirname, 'before-live.template.json');

const VERSIONS = {
  before: { ...LIVE.first, onChange: 'restart', storedTemplate },
  live: LIVE.first,
  restart: { ...LIVE.first, onChange: 'restart' },
  'taken port': LIVE['taken port'],
  'another target': LIVE['another target'],
} as const satisfies Record<string, Version>;

/**
 * A boot that failed has told so under the name of its machine, which AWS remembers: all later deploys of this machine need
 * another attempt.
 */
const AGAIN = { attempt: '1' };

const RESIDENT = '/usr/local/lib/portway/live.py';

interface Deploy {
  readonly version: keyof typeof VERSIONS;
  readonly context?: Readonly<Record<string, string>>;
  /** How often the host restarts. */
  readonly restarts: number;
}

/** Deploys a version, which must restart the host this many times and leave it at its address. */
async function deployWithRestarts(stage: Stage, deploy: Deploy): ReturnType<Stage['deploy']> {
  const { checks, phase } = stage;
  const { version, context, restarts } = deploy;
  const before = await stage.gateway();
  const boot = await output(stage, BOOT);
  const begin = new Date();
  const watch = stage.watch(undefined, SLOWLY);
  const result = await stage.deploy(version, context);
  await stage.answered();
  const { downtime } = await watch.stop();
  const end = await scriptEnd(stage);
  checks.expect(phase, "the host's script found all in order", end === 'forwards are up', end);
  const [stops, starts] = [events(stage, 'stopped', begin), events(stage, 'started', begin)];
  const counted = `stopped ${stops.length} times, started ${starts.length} times, ${downtime.toFixed(1)} s at most without an answer`;
  const right = stops.length === restarts && starts.length === restarts && (await output(stage, BOOT)) !== boot;
  if (right) checks.passed(phase, `it restarted ${restarts} times`, counted);
  else checks.failed(phase, `it restarts ${restarts} times`, counted);
  const after = await stage.gateway();
  const same = after.instanceId === before.instanceId && after.publicIp === before.publicIp && after.associated;
  checks.expect(phase, 'it is the same instance at the same address', same, `${after.instanceId} ${after.publicIp}`);
  const { well, text } = await status(stage);
  checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
  return result;
}

/** Checks that the first content runs, and whether the host changes live. */
async function runs(stage: Stage, isLive: boolean): Promise<void> {
  const { checks, phase } = stage;
  const who = await Promise.all([80, 81, SHOP].map((port) => whoAnswers(stage, port, 5)));
  checks.expect(
    phase,
    'all forwards answer',
    who.every((one) => one === ONE),
    who.join(', '),
  );
  const state = await output(stage, 'systemctl show -P ActiveState -P UnitFileState portway-live | tr "\\n" " "');
  const there = await has(stage, RESIDENT);
  const right = isLive ? state.startsWith('active') && there : !state.startsWith('active') && !there;
  const what = isLive ? 'the service for live changes runs' : 'nothing is left of live changes';
  checks.expect(phase, what, right, `${RESIDENT} ${there ? 'is there' : 'is not there'}, unit ${state}`);
  checks.expect(phase, 'and no boot starts it by itself', !state.includes('enabled'), state);
}

/** Deploys a version, which restarts the host once. */
function step(title: string, deploy: Omit<Deploy, 'restarts'>, isLive: boolean): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const { ok, seconds, lines } = await deployWithRestarts(stage, { ...deploy, restarts: 1 });
      note(`deploy ${seconds} s`);
      checks.expect(phase, 'the deploy went well', ok, lines.join('\n'));
      await runs(stage, isLive);
    },
  };
}

const upgrade: RehearsalCase = {
  about:
    'a stack of before there were live changes becomes live by one restart; a failed upgrade leaves the old rules, and the way back works',
  versions: VERSIONS,
  steps: [
    {
      title: 'the upgrade fails at its boot',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        await runs(stage, false);
        const { userData } = await stage.gateway();
        const result = await deployWithRestarts(stage, { version: 'taken port', restarts: 2 });
        note(`deploy ${result.seconds} s`);
        failedWith(stage, result, portTaken('taken port').why);
        const back = (await stage.gateway()).userData.equals(userData);
        checks.expect(phase, 'the user-data is that of before', back, 'it is another one');
        await runs(stage, false);
      },
    },
    step('the upgrade', { version: 'live', context: AGAIN }, true),
    step('back to the old template by hand', { version: 'before' }, false),
    step('the upgrade of a stack that goes on restarting for each change', { version: 'restart' }, false),
    {
      title: 'live changes, by one more restart, then a live change',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const again = await deployWithRestarts(stage, { version: 'live', context: AGAIN, restarts: 1 });
        checks.expect(phase, 'the deploy went well', again.ok, again.lines.join('\n'));
        await runs(stage, true);
        const change = await changeLive(
          stage,
          () => stage.deploy('another target', AGAIN),
          async () => (await whoAnswers(stage, SHOP)) === OTHER,
        );
        note(`deploy ${again.seconds} s; ${change.toTraffic} s from the tag to the new rule, ${change.figures}`);
        checks.expect(phase, 'a live change goes well', change.ok, change.lines.join('\n'));
        checks.expect(phase, 'and is in force', change.toTraffic !== undefined, 'it never answered');
      },
    },
  ],
  leavesChanged: true,
};

export default upgrade;
