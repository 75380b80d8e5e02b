import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { LOG, scriptEnd } from '../../src/script-end';
import { asks, CONTENTS, failedWith } from '../changes';
import { output, SCRIPT, status } from '../on-host';

async function isWell(stage: Stage, when: string): Promise<void> {
  const { checks, phase } = stage;
  const end = await scriptEnd(stage);
  checks.expect(phase, `${when}, the host's script finds all in order`, end === 'forwards are up', end);
  const answer = await asks(stage, 80);
  checks.expect(phase, `${when}, the stranger gets the application`, answer === 'application', answer);
  const { well, text } = await status(stage);
  checks.expect(phase, `${when}, \`portway status\` finds all as it was deployed`, well, text);
}

/** A step for endpoints whose URLs can be made to expire. */
const expiring = (title: string, run: CaseStep['run']): CaseStep => ({
  title,
  run: async (stage, note) => {
    if (stage.endpoint.nextDay !== undefined) await run(stage, note);
    else stage.checks.skipped(stage.phase, title, 'the endpoint given takes the signals itself');
  },
});

const expiredSignal: RehearsalCase = {
  about: 'the URL that the host reported to has expired: a reboot, a report that is refused, and a rollback do no harm',
  versions: CONTENTS,
  steps: [
    expiring('let the URL expire, and reboot', async (stage) => {
      const { checks, phase, endpoint } = stage;
      const { userData } = await stage.gateway();
      const url = /^PORTWAY_SIGNAL_URL='([^']+)'$/m.exec(userData.toString())?.[1] ?? '';
      endpoint.nextDay?.();
      const put = `curl -s -m 10 -o /dev/null -w '%{http_code}' -X PUT -H Content-Type: -d '{}' '${url}'`;
      const refused = await output(stage, put);
      checks.expect(phase, 'the URL is refused', refused === '403', refused);
      await stage.vm().reboot();
      await stage.answered();
      await isWell(stage, 'after a reboot');
    }),
    expiring('the host reports once more, as one whose report was lost, and is refused', async (stage) => {
      const { checks, phase } = stage;
      await output(stage, 'sudo sh -c "rm /var/lib/portway/signalled-*"');
      // What runs at each boot.
      await output(stage, `sudo ${SCRIPT}`, 120);
      await isWell(stage, 'after a refused report');
      const refusals = await output(stage, `sudo grep -c '^403 ' ${LOG} || :`);
      checks.expect(phase, "the refusal is in the host's log", Number(refusals) > 0, `${refusals} lines with 403`);
    }),
    expiring('a bad change, and the rollback to the content whose URL has expired', async (stage, note) => {
      const { checks, phase } = stage;
      const before = await stage.gateway();
      const result = await stage.deploy('another taken port');
      note(`${result.seconds} s`);
      failedWith(stage, result, /nginx needs port tcp\/8443/);
      await stage.answered();
      const { userData } = await stage.gateway();
      checks.expect(phase, 'the user-data is that of before', userData.equals(before.userData), 'it is another');
      await isWell(stage, 'after the rollback');
    }),
  ],
};

export default expiredSignal;
