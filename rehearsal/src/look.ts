import type { Stage } from './case';
import type { Note } from './report/steps';
import { scansTable } from './report/text';
import { scriptEnd } from './script-end';
import { checkAdmin, checkPublic } from './traffic-checks';

/**
 * Every party tries the gateway. The stranger starts while the host's script, which runs at every boot, is still at work: it must
 * not interrupt anything. The checks come from the plan.
 * @param before id of the boot before this one. Default: this is the first
 */
export async function look(stage: Stage, note: Note, before = ''): Promise<void> {
  const { checks, phase } = stage;
  const [found] = await Promise.all([stage.noLogin === undefined ? scriptDone(stage) : undefined, checkPublic(stage)]);
  note(scansTable(checks.scans, phase));
  await checkAdmin(stage);
  note(scansTable(checks.scans, phase));
  // The login check reports that nobody could log in.
  if (found === undefined) return;
  const { done, bootId } = found;
  checks.expect(
    phase,
    "the host's script has run at this boot and found all in order",
    done,
    'its log has no "forwards are up" of this boot',
  );
  checks.expect(
    phase,
    'it is a boot of its own',
    bootId !== before && bootId !== '',
    `boot id ${before} before, ${bootId} after`,
  );
}

/**
 * Boots the gateway again, waits until it forwards, and checks it.
 * @param boot returns once the machine has been started; true if the system had shut down cleanly
 */
export async function lookAfterBoot(stage: Stage, boot: () => Promise<boolean>, note: Note): Promise<void> {
  const { checks, phase } = stage;
  const before = (await stage.ssh('cat /proc/sys/kernel/random/boot_id')).stdout.trim();
  checks.expect(phase, 'the system shut down in order', await boot(), 'the power had to be cut');
  const seconds = await stage.answered();
  note(`${seconds} s`);
  checks.passed(phase, 'the gateway forwards', `${seconds} s after the machine started again`);
  await look(stage, note, before);
}

/** Waits on the host for its script to end. */
async function scriptDone(stage: Stage): Promise<{ done: boolean; bootId: string }> {
  const end = await scriptEnd(stage).catch((error: Error) => error.message);
  const bootId = (await stage.ssh('cat /proc/sys/kernel/random/boot_id', 60)).stdout.trim();
  return { done: end === 'forwards are up', bootId };
}
