import { readFile } from 'node:fs/promises';

/** A process's pid with its start time, since pids are reused; the pid alone if there is no such process. */
export async function processMark(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22 of proc(5); counted after the command name, which may hold spaces and brackets.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return started ? `${pid} ${started}` : `${pid}`;
}
