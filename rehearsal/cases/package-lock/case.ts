import { join } from 'node:path';
import { Forward } from '../../../lib/forward/forward';
import type { RehearsalCase } from '../../src/case';
import { LOG } from '../../src/script-end';
import { output, put, status } from '../on-host';

const UNIT = '/etc/systemd/system/locks-held.service';
/** How long the locks are held once the host wants them, in seconds; set in locks-held.service. */
const HELD = 60;

const packageLock: RehearsalCase = {
  about: `other software holds the locks of apt and dpkg for ${HELD} s while a deploy needs a package: the host waits`,
  versions: {
    before: { onChange: 'restart', engine: 'iptables', forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) } },
    after: { onChange: 'restart', forwards: { web: Forward.http({ listen: 80, to: 8080 }) } },
  },
  steps: [
    {
      title: 'have the locks held from the next boot on',
      run: async (stage) => {
        await put(stage, join(__dirname, 'hold.py'), '/usr/local/lib/hold.py');
        await put(stage, join(__dirname, 'locks-held.service'), UNIT);
        await output(stage, 'sudo systemctl -q enable locks-held');
      },
    },
    {
      title: 'deploy a change that needs nginx',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const { ok, seconds, lines } = await stage.deploy('after');
        note(`${seconds} s`);
        checks.expect(phase, 'the deploy went well', ok, lines.join('\n'));
        // portway 2026-01-01T00:00:00Z install nginx
        const log = await output(stage, `sudo grep ^portway ${LOG}`);
        const from = log.split('\n').findLastIndex((line) => line.includes(' install '));
        const [begin, end] = log
          .split('\n')
          .slice(from, from + 2)
          .map((line) => Date.parse(line.split(' ')[1] ?? ''));
        const waited = ((end ?? 0) - (begin ?? 0)) / 1000;
        const what = `the host waited for the locks (held for ${HELD} s), then installed`;
        if (waited >= HELD) checks.passed(phase, what, `${waited} s together`);
        else checks.failed(phase, what, log.split('\n').slice(from).join('\n'));
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
        await stage.answered(30);
      },
    },
  ],
  leavesChanged: true,
};

export default packageLock;
