import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { ADDRESS } from '../../../test/host/support/host';
import { TO_ATTACK } from '../lab/attacker';
import { inOrder, Recording } from './recording';
import { LOADS, type LoadName, type Section, type Subject } from './section';

/** Batches of each load in one boot. */
const BATCHES = 3;

/** Writes what guest/run.sh does for these sections, as an archive, and removes it after `work`. */
export async function withJob<T>(sections: readonly Section[], work: (archive: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'portway-count-'));
  try {
    const job = join(folder, 'job');
    let number = 0;
    for (const section of sections) {
      for (const subject of section.subjects) {
        const own = join(job, 'subjects', `${inOrder(++number)}-${key(section.name, subject.name)}`);
        await writeSubject(own, section, subject);
      }
    }
    await cp(join(__dirname, 'guest'), job, { recursive: true });
    const archive = join(folder, 'job.tar');
    await spawn('tar', ['-C', job, '-cf', archive, '.']);
    return await work(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The name of a subject in the job and in its output. */
export function key(section: string, subject: string): string {
  return `${section}/${subject}`.replace('/', '.');
}

async function writeSubject(
  folder: string,
  { applicationAt, loads, answers = 'new' }: Section,
  subject: Subject,
): Promise<void> {
  const recording = new Recording(applicationAt);
  await subject.carrier(recording, subject.jobs);
  const web = address(recording.target, subject, 'tcp');
  const asked = `/run/job/load answers ${answers} ${web} 2>/dev/null`;
  await recording.ready('client', `the application answers at ${web}`, asked);
  await recording.write(folder);
  const lines = loads.map((load) => `${load} ${words(load, recording.target, subject)}`);
  await writeFile(join(folder, 'loads'), `${lines.join('\n')}\n`);
}

/** The load generator's words. */
function words(load: LoadName, target: string, subject: Subject): string {
  const at =
    load === 'dropped'
      ? `${TO_ATTACK.gateway} ${subject.jobs.at(-1)?.listen}`
      : address(target, subject, load === 'datagram' ? 'udp' : 'tcp');
  return `${load} ${at} ${LOADS[load].count} ${BATCHES}`;
}

/** Where clients ask for the last job of a protocol. */
function address(target: string, { direct, jobs }: Subject, protocol: 'tcp' | 'udp'): string {
  const job = jobs.findLast((one) => one.protocol === protocol);
  if (job === undefined) throw new Error(`there is no job for ${protocol}`);
  return direct ? `${target} ${job.port}` : `${ADDRESS.gateway.v4} ${job.listen}`;
}
