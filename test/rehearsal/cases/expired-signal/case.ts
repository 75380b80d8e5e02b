import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../../lib/forward/forward';
import type { RehearsalCase, Stage } from '../../../../lib/rehearsal/case';
import { asks, failedWith } from '../changes';
import { LOG, output, SCRIPT, scriptEnd, status } from '../on-host';

/** Seconds that a signal URL lives here: longer than a slow machine boots. On AWS it is a day. */
const EXPIRES = 400;
const web = Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' });

async function isWell(stage: Stage, when: string): Promise<void> {
  const { checks, phase } = stage;
  const end = await scriptEnd(stage);
  checks.expect(phase, `${when}, the host's script finds all in order`, end === 'forwards are up', end);
  const answer = await asks(stage, 80);
  checks.expect(phase, `${when}, the stranger gets the application`, answer === 'application', answer);
  const { well, text } = await status(stage);
  checks.expect(phase, `${when}, \`portway status\` finds all as it was deployed`, well, text);
}

const expiredSignal: RehearsalCase = {
  about: 'the URL that the host reported to has expired: a reboot, a report that is refused, and a rollback do no harm',
  versions: {
    good: { forwards: { web } },
    bad: { forwards: { web, site: Forward.http({ listen: 8080, to: 8443 }) } },
  },
  signalExpires: EXPIRES,
  steps: [
    {
      title: 'wait until the URL has expired, and reboot',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const { userData } = await stage.gateway();
        const url = /^PORTWAY_SIGNAL_URL='([^']+)'$/m.exec(userData.toString())?.[1] ?? '';
        const made = /X-Amz-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(url)?.slice(1).map(Number) ?? [];
        const [year = 0, month = 0, day, hour, minute, second] = made;
        const left = Date.UTC(year, month - 1, day, hour, minute, second) + EXPIRES * 1000 - Date.now();
        note(`${Math.max(0, Math.round(left / 1000))} s to wait`);
        await sleep(Math.max(0, left) + 2000);
        const put = `curl -s -m 10 -o /dev/null -w '%{http_code}' -X PUT -H Content-Type: -d '{}' '${url}'`;
        const refused = await output(stage, put);
        checks.expect(phase, 'the URL is refused', refused === '403', refused);
        await stage.vm().reboot();
        await stage.answered();
        await isWell(stage, 'after a reboot');
      },
    },
    {
      title: 'the host reports once more, as one whose report was lost, and is refused',
      run: async (stage) => {
        const { checks, phase } = stage;
        await output(stage, 'sudo sh -c "rm /var/lib/portway/signalled-*"');
        // What each boot runs.
        await output(stage, `sudo ${SCRIPT}`, 120);
        await isWell(stage, 'after a refused report');
        const refusals = await output(stage, `sudo grep -c '^403 ' ${LOG} || :`);
        checks.expect(phase, "the refusal is in the host's log", Number(refusals) > 0, `${refusals} lines with 403`);
      },
    },
    {
      title: 'a bad change, and the rollback to the content whose URL has expired',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const before = await stage.gateway();
        const result = await stage.deploy('bad');
        note(`${result.seconds} s`);
        failedWith(stage, result, /nginx needs port tcp\/8080/);
        await stage.answered();
        const { userData } = await stage.gateway();
        checks.expect(phase, 'the user-data is that of before', userData.equals(before.userData), 'it is another');
        await isWell(stage, 'after the rollback');
      },
    },
  ],
};

export default expiredSignal;
