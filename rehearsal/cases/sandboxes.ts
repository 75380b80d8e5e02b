import { SANDBOXED } from '../../lib/host/sandbox';
import type { Stage } from '../src/case';
import type { Note } from '../src/report/steps';
import { has, output } from './on-host';

/** The worst rating of `systemd-analyze security` that a unit may have; 10 is worst. */
const BOUND = 4;
/** What a limit that is too tight leaves in the journal: of the kernel, of systemd (exit codes of its own), of programs. */
const REFUSED = 'type=1326|status=2[0-4][0-9]/|status=31/SYS|Operation not permitted|Read-only file system';

/** Whether each unit of this host that Portway limits is limited, as systemd rates it, and did what it had to. */
export async function sandboxes(stage: Stage, note: Note): Promise<void> {
  if (stage.noLogin !== undefined) return;
  const { checks, phase } = stage;
  for (const unit of SANDBOXED) {
    if (!(await has(stage, `/etc/systemd/system/${unit}.service.d/sandbox.conf`))) continue;
    const rating = await output(stage, `sudo systemd-analyze security --no-pager ${unit}.service | tail -n 1`);
    note(rating);
    const exposure = Number(/: (\d+\.\d)/.exec(rating)?.[1]);
    checks.expect(phase, `systemd rates ${unit} ${BOUND.toFixed(1)} or better`, exposure <= BOUND, rating);
    const state = await output(stage, `systemctl show --value -p Result ${unit}.service`);
    checks.expect(phase, `${unit} has not failed`, state === 'success', state);
    const pid = await output(stage, `systemctl show --value -p MainPID ${unit}.service`);
    if (pid === '0') continue;
    const limits = await output(stage, `sudo grep -E '^(NoNewPrivs|Seccomp):' /proc/${pid}/status | xargs`);
    checks.expect(phase, `the ${unit} that runs is limited`, limits === 'NoNewPrivs: 1 Seccomp: 2', limits);
  }
  const units = SANDBOXED.map((unit) => `-u ${unit}`).join(' ');
  const refused = await output(
    stage,
    `(sudo journalctl -kb -o cat; sudo journalctl -b ${units} -o cat; sudo cat /var/log/portway/error.log 2>/dev/null) | grep -E '${REFUSED}' | tail -n 5 || :`,
  );
  checks.expect(phase, 'no limit refused a unit what it needs', refused === '', refused);
}
