import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../lib/forward/forward';
import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { output, SCRIPT, status } from '../on-host';
import { earlyState, keepEarlyState, random, SEED, type State, state } from '../power-cuts';
import { Console } from './console';

/** How often the power is cut: once in each of this many equal parts of the script's time, at a random moment. */
const CUTS = 5;
/** The script of the other version. */
const OTHER = '/root/before.sh';
const STARTED = /portway \S+ content /;
const ENDED = /portway \S+ forwards are up/;

const known: { before?: State; after?: State; duration?: number } = {};

function name(found: string, part: keyof State): string {
  if (found === known.before?.[part]) return 'the old';
  if (found === known.after?.[part]) return 'the new';
  return 'neither';
}

/** Runs one of the host's scripts in the background, with its steps on the console. */
async function run(stage: Stage, script: string): Promise<Console> {
  const console = await Console.from(stage.vm());
  await output(stage, `sudo systemd-run -q --collect sh -c '${script} >/dev/console 2>&1'`);
  return console;
}

const next = random(SEED);

function cut(number: number): CaseStep {
  return {
    title: `cut the power in the ${number + 1}. part of the script`,
    run: async (stage, note) => {
      const { checks, phase, lab, address } = stage;
      const after = ((number + next()) / CUTS) * ((known.duration ?? 0) + 1000);
      const console = await run(stage, OTHER);
      await console.says(STARTED, 60);
      await sleep(after);
      await stage.vm().hardOff();
      const lines = (await console.text()).match(/portway \S+ .*/g) ?? [];
      const last =
        lines
          .at(-1)
          ?.replace(/^portway \S+ /, '')
          .trim() ?? '';
      const moment = `after ${(after / 1000).toFixed(2)} s, at "${last}" (seed ${SEED})`;
      await stage.vm().start();
      const seconds = await stage.answered();
      note(`${moment}: ${seconds} s`);
      checks.passed(phase, `power cut ${moment}`, `the gateway forwards ${seconds} s after power-on`);
      const early = await earlyState(stage);
      const [rules, nginx] = [name(early.rules, 'rules'), name(early.nginx, 'nginx')];
      checks.expect(phase, `the boot restores the old rules or the new (${rules})`, rules !== 'neither', early.rules);
      checks.expect(phase, `nginx.conf is the old or the new (${nginx})`, nginx !== 'neither', early.nginx);
      const end = await scriptEnd(stage);
      checks.expect(phase, "the boot's script brings the deployed content", end === 'forwards are up', end);
      const then = await state(stage);
      const whole = then.rules === known.after?.rules && then.nginx === known.after.nginx;
      checks.expect(phase, 'and nothing else is left', whole, `${then.rules}\n${then.nginx}`);
      const { well, text } = await status(stage);
      checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      const raw = await lab.probe.http('stranger', `http://${address}:83/`);
      checks.expect(phase, 'strangers get an answer by both engines', raw.status === 200, raw.error ?? raw.body);
    },
  };
}

const local = (listen: number, to: number) => Forward.tcp({ listen, to, engine: 'iptables' });

const powerCut: RehearsalCase = {
  about: `the power is cut ${CUTS} times in the middle of a boot with a change (onChange restart): each boot has the old rules or the new, never half of them`,
  versions: {
    before: {
      onChange: 'restart',
      forwards: { web: Forward.http({ listen: 80, to: 8080 }), one: local(81, 8080), two: local(82, 8080) },
    },
    after: {
      onChange: 'restart',
      forwards: {
        web: Forward.http({ listen: 80, to: 8080, limits: { requestsPerSecond: 50, burst: 100 } }),
        two: local(82, 8443),
        three: local(83, 8080),
      },
    },
  },
  steps: [
    {
      title: 'deploy two versions, and learn how each looks',
      run: async (stage, note) => {
        note(`seed ${SEED}`);
        await keepEarlyState(stage);
        await output(stage, `sudo cp -p ${SCRIPT} ${OTHER}`);
        known.before = await state(stage);
        const { ok, lines } = await stage.deploy('after');
        if (!ok) throw new Error(`the second version was not deployed: ${lines.join('\n')}`);
        await scriptEnd(stage);
        known.after = await state(stage);
        stage.checks.expect(
          stage.phase,
          'the versions differ in rules and in nginx.conf',
          known.before.rules !== known.after.rules && known.before.nginx !== known.after.nginx,
          known.after.rules,
        );
      },
    },
    {
      title: 'change to the first one and back, without harm',
      run: async (stage, note) => {
        const there = await run(stage, OTHER);
        const begin = await there.says(STARTED, 60);
        known.duration = (await there.says(ENDED, 120)) - begin;
        note(`${known.duration / 1000} s`);
        const { rules, nginx } = await state(stage);
        const seen = [name(rules, 'rules'), name(nginx, 'nginx')].join(', ');
        stage.checks.expect(stage.phase, 'the script alone changes to it', seen === 'the old, the old', seen);
        const back = await run(stage, SCRIPT);
        await back.says(ENDED, 120);
      },
    },
    ...Array.from({ length: CUTS }, (_, number) => cut(number)),
  ],
  leavesChanged: true,
};

export default powerCut;
