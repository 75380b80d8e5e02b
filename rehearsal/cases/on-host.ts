import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../src/case';

/** Where cloud-init keeps the host's script, which it runs at every boot. */
export const SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';
/** The script's log for people, over all boots. */
export const LOG = '/var/log/portway/bootstrap.log';

/** What a command prints on the gateway, trimmed. @throws Error if it fails or nobody can log in */
export async function output(stage: Stage, command: string, seconds = 60): Promise<string> {
  const { ok, stdout, error } = await stage.ssh(command, seconds);
  if (!ok) throw new Error(`on the gateway: ${command}: ${error ?? ''} ${stdout}`);
  return stdout.trim();
}

/** Copies a file of the case to the gateway. */
export async function put(stage: Stage, file: string, path: string): Promise<void> {
  const text = await readFile(file, 'base64');
  await output(stage, `base64 -d <<<${text} | sudo tee ${path} >/dev/null`);
}

/** Whether the gateway has a file. Cases are for any stack, and not every host has every tool. */
export async function has(stage: Stage, path: string): Promise<boolean> {
  return (await output(stage, `sudo test -e ${path} && echo yes || echo no`)) === 'yes';
}

/** The output of `portway status`, and whether it finds everything as deployed. */
export async function status(stage: Stage): Promise<{ well: boolean; text: string }> {
  // The exit code is printed as text: a failed SSH connection must not look like an unhealthy host.
  const text = await output(stage, 'sudo portway status 2>&1; echo "exit code $?"', 120);
  if (!/exit code [01]$/.test(text)) throw new Error(`portway status did not run: ${text}`);
  return { well: text.endsWith('exit code 0'), text };
}

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
