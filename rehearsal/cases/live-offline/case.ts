import type { RehearsalCase } from '../../src/case';
import { LOG, scriptEnd } from '../../src/script-end';
import { withoutAws } from '../changes';
import { LIVE, ONE, OTHER, SHOP, whoAnswers } from '../live-contents';
import { output, status } from '../on-host';

const liveOffline: RehearsalCase = {
  about:
    'a reboot while AWS does not answer, with onChange live: the last good content runs; afterwards changes arrive again',
  versions: LIVE,
  steps: [
    {
      title: 'reboot while AWS does not answer',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const waited = await withoutAws(stage, async () => {
          await stage.vm().reboot();
          const seconds = await stage.answered();
          // It tries for more than a minute, and the forwards are up meanwhile.
          const end = await scriptEnd(stage);
          checks.expect(phase, 'the last good content was set up', end === 'forwards are up', end);
          return seconds;
        });
        note(`${waited} s`);
        const said = await output(stage, `sudo grep -c 'could not be read: ' ${LOG}`);
        checks.expect(phase, 'its log says what could not be read', Number(said) > 0, said);
        const who = await whoAnswers(stage, SHOP);
        checks.expect(phase, 'the gateway forwards as before', who === ONE, who);
      },
    },
    {
      title: 'deploy a change with AWS back',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const { ok, seconds, lines } = await stage.deploy('another target');
        note(`${seconds} s`);
        checks.expect(phase, 'it went well', ok, lines.join('\n'));
        const who = await whoAnswers(stage, SHOP);
        checks.expect(phase, 'and is in force', who === OTHER, who);
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
  ],
  leavesChanged: true,
};

export default liveOffline;
