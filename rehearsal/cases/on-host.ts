import { readFile } from 'node:fs/promises';
import type { Stage } from '../src/case';

/** Where cloud-init keeps the host's script, which it runs at every boot. */
export const SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';
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
