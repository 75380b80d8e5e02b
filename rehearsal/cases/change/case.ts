import type { RehearsalCase, Stage } from '../../src/case';
import { MORE_PORT, ONE_MORE } from '../../src/one-more';
import { changeLive, whoAnswers } from '../live-contents';
import { has, status } from '../on-host';

const WHAT = 'a forward is added while traffic flows';

/** The program of hosts that take changes over while they run. */
const SERVICE = '/usr/local/lib/portway/live.py';

/** Why a stack cannot show it; undefined if it can. */
async function whyNot(stage: Stage): Promise<string | undefined> {
  if (!stage.versions.includes(ONE_MORE))
    return 'bin/app.ts is not as shipped any more, so the rehearsal does not edit it';
  if (stage.noLogin !== undefined) return stage.noLogin;
  return (await has(stage, SERVICE)) ? undefined : 'this host is not changed while it runs: see onChange';
}

const change: RehearsalCase = {
  about: `${WHAT}: it answers within seconds, nobody else loses a request or a connection, nothing restarts`,
  leavesChanged: true,
  steps: [
    {
      title: 'add a forward, deploy',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const reason = await whyNot(stage);
        if (reason !== undefined) return checks.skipped(phase, WHAT, reason);
        const { ok, lines, seconds, toTraffic, figures } = await changeLive(
          stage,
          () => stage.deploy(ONE_MORE),
          async () => (await whoAnswers(stage, MORE_PORT)) !== 'nobody',
          [80],
        );
        checks.expect(phase, `${WHAT}: the deploy went well`, ok, lines.join('\n'));
        note(`${toTraffic} s from the tag to the first answer, deploy ${seconds} s, ${figures}`);
        checks.expect(phase, `port ${MORE_PORT} answers strangers`, toTraffic !== undefined, 'it never did');
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
  ],
};

export default change;
