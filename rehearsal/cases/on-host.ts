import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../src/case';

/** Where cloud-init keeps the host's script, and runs it from at every boot. */
export const SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';
/** What the script says to people, over all boots. */
export const LOG = '/var/log/portway/bootstrap.log';

/** What a command prints on the gateway, without white space around it. @throws Error when it fails or nobody can log in */
export async function output(stage: Stage, command: string, seconds = 60): Promise<string> {
  const { ok, stdout, error } = await stage.ssh(command, seconds);
  if (!ok) throw new Error(`on the gateway: ${command}: ${error ?? ''} ${stdout}`);
  return stdout.trim();
}

/** Puts a file of the case's onto the gateway. */
export async function put(stage: Stage, file: string, path: string): Promise<void> {
  const text = await readFile(file, 'base64');
  await output(stage, `base64 -d <<<${text} | sudo tee ${path} >/dev/null`);
}

/** Whether the gateway has a file; cases are for any stack, and not every host has every tool. */
export async function has(stage: Stage, path: string): Promise<boolean> {
  return (await output(stage, `sudo test -e ${path} && echo yes || echo no`)) === 'yes';
}

/** What `portway status` says, and whether it finds all as it was deployed. */
export async function status(stage: Stage): Promise<{ well: boolean; text: string }> {
  // The exit code is told in words: an SSH connection that fails must not look like a host that is not well.
  const text = await output(stage, 'sudo portway status 2>&1; echo "exit code $?"', 120);
  if (!/exit code [01]$/.test(text)) throw new Error(`portway status did not run: ${text}`);
  return { well: text.endsWith('exit code 0'), text };
}

/**
 * Waits until the host's script of this boot has ended. The log outlives boots, so only one that was written since this one began
 * counts; whoever has just asked for a reboot must have seen the gateway answer again.
 * @returns the script's last word: `forwards are up` or `FAILED: ...`
 */
export async function scriptEnd(stage: Stage, limit = 300): Promise<string> {
  const look = `sudo find ${LOG} -newer /proc/1 | xargs -r sudo tail -n 1 | grep -E "forwards are up|FAILED"`;
  const end = Date.now() + limit * 1000;
  for (;;) {
    // One login for many looks: a handshake costs an emulated processor seconds.
    const { stdout } = await stage.ssh(`for i in $(seq 30); do ${look} && break; sleep 1; done`, 60);
    if (stdout.trim()) return stdout.trim().replace(/^portway \S+ /, '');
    if (Date.now() > end) throw new Error(`the host's script of this boot has not ended within ${limit} s`);
    await sleep(1000);
  }
}
