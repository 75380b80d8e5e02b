import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './case';

/** The log of the host's script for people, over all boots. */
export const LOG = '/var/log/portway/bootstrap.log';

/**
 * Waits until the host's script of this boot has ended. The log outlives boots, so only lines since the start of this
 * boot count. After asking for a reboot, wait until the gateway answers again before calling this.
 * @returns the script's last message: `forwards are up` or `FAILED: ...`
 */
export async function scriptEnd(stage: Stage, limit = 300): Promise<string> {
  // On a host with live changes, reports to CloudFormation follow the last message.
  const boot = '"$(date -u -d "@$(awk \'/^btime/ { print $2 }\' /proc/stat)" +%FT%TZ)"';
  const last = '$2 >= boot && /forwards are up|FAILED: / { end = $0 } END { print end; exit end == "" }';
  const look = `sudo awk -v boot=${boot} '${last}' ${LOG} 2>/dev/null`;
  const end = Date.now() + limit * 1000;
  for (;;) {
    // One login for many looks, since a handshake takes an emulated processor seconds.
    const { stdout } = await stage.ssh(`for i in $(seq 30); do ${look} && break; sleep 1; done`, 60);
    const said = stdout.trim();
    if (said) return said.replace(/^portway \S+ /, '');
    if (Date.now() > end) throw new Error(`the host's script of this boot has not ended within ${limit} s`);
    await sleep(1000);
  }
}
