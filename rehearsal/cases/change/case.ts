import type { RehearsalCase, Stage } from '../../src/case';
import { MORE_PORT, ONE_MORE } from '../../src/one-more';
import { changeLive, whoAnswers } from '../live-contents';
import { status } from '../on-host';

const WHAT = 'a forward is added while traffic flows';

/** Why a stack cannot show it; undefined if it can. */
function whyNot({ versions, plan, noLogin }: Stage): string | undefined {
  if (!versions.includes(ONE_MORE)) return 'bin/app.ts is not as shipped any more, so the rehearsal does not edit it';
  return plan.userData.namesContent ? 'this host is not changed while it runs: see onChange' : noLogin;
}

const change: RehearsalCase = {
  about: `${WHAT}: it answers within seconds, nobody else loses a request, nothing restarts`,
  leavesChanged: true,
  steps: [
    {
      title: 'add a forward, deploy',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const reason = whyNot(stage);
        if (reason !== undefined) return checks.skipped(phase, WHAT, reason);
        const isKernels = stage.plan.forwards.some(
          ({ listen, engine }) => listen?.from === 80 && engine === 'iptables',
        );
        const { ok, lines, seconds, toTraffic, figures } = await changeLive(
          stage,
          () => stage.deploy(ONE_MORE),
          async () => (await whoAnswers(stage, MORE_PORT)) !== 'nobody',
          { ports: [80], held: isKernels ? 80 : undefined },
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
