import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { describeAsRoot } from '../../../test/support/as-root';
import { Samples } from '../../src/count/count';
import { key, withJob } from '../../src/count/job';
import { SECTIONS } from '../../src/count/subjects';
import { benchRoot } from '../../src/lab/root';

jest.setTimeout(120_000);

describeAsRoot('a job of the machine that counts', () => {
  let root: string;
  beforeAll(async () => {
    root = await benchRoot();
  }, 600_000);

  // In this machine's kernel, whose clock does not count: only that each load goes through, and the application answers all of it.
  test.each([
    ['local', ['direct', 'portway-iptables']],
    ['remote', ['iptables', 'portway-iptables', 'portway-uncounted', 'portway-iptables-1000']],
    ['http', ['portway-nginx', 'haproxy', 'nginx-kept']],
  ])('%s: sends all loads through each subject', async (name, subjects) => {
    const sections = SECTIONS.filter((section) => section.name === name).map((section) => ({
      ...section,
      subjects: section.subjects.filter((subject) => subjects.includes(subject.name)),
    }));
    const samples = new Samples();
    const own = await mkdtemp(join(tmpdir(), 'portway-job-'));
    try {
      await withJob(sections, async (archive) => {
        const apart = ['--mount', '--net', '--pid', '--fork', '--kill-child'];
        const { stdout } = await spawn('unshare', [...apart, join(__dirname, 'run-job.sh'), root, archive, own]);
        // What this machine's last processor idles says nothing about the load, and need not be a second in a second.
        const lines = stdout.split('\n').filter((line) => !line.startsWith('failed of a wait'));
        expect(lines.pop()).toBe('done');
        for (const line of lines) samples.read(line.replace(/^(sample \S+ \S+) .*/, '$1 0'), () => undefined);
      });
    } finally {
      await rm(own, { recursive: true });
    }
    for (const subject of subjects) {
      for (const load of sections[0]?.loads ?? []) {
        const counts = samples.of(key(name, subject), load);
        expect(counts).toHaveLength(3);
        for (const count of counts) expect(count).toBeGreaterThan(0);
      }
    }
  });
});
