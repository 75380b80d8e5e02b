import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { describeAsRoot } from '../../../test/support/as-root';
import { Samples } from '../../src/count/count';
import { key, withJob } from '../../src/count/job';
import { SECTIONS } from '../../src/count/subjects';
import { benchRoot } from '../../src/lab/root';

jest.setTimeout(300_000);

/** Subjects by their section: one of each kind. */
const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  remote: ['iptables', 'portway-iptables', 'portway-uncounted', 'portway-iptables-1000'],
  local: ['direct', 'portway-iptables'],
  http: ['portway-nginx', 'haproxy', 'nginx-kept'],
  tls: ['portway-nginx', 'haproxy', 'nginx'],
  http2: ['portway-nginx'],
  http3: ['portway-nginx'],
  bodies: ['portway-nginx', 'caddy'],
  cache: ['nginx-file', 'portway-nginx'],
  flood: ['new'],
  refused: ['portway-protected'],
  dropped: ['portway-blocked'],
  'options-kernel': ['two-targets-with-healthcheck'],
  'options-tcp': ['proxyprotocol-send'],
  'options-http': ['no-request-id-there-is-no-such-option'],
};

describeAsRoot('a job of the machine that counts', () => {
  let root: string;
  beforeAll(async () => {
    root = await benchRoot();
  }, 600_000);

  // In this machine's kernel, whose clock does not count: only that each load goes through, and the application answers all of it.
  test('sends all loads through each subject', async () => {
    const sections = SECTIONS.filter(({ name }) => name in CHOSEN).map((section) => ({
      ...section,
      subjects: section.subjects.filter(({ name }) => CHOSEN[section.name]?.includes(name)),
    }));
    const samples = new Samples();
    const own = await mkdtemp(join(tmpdir(), 'portway-job-'));
    try {
      // All in one job, since it begins with ten seconds in which it looks whether this machine is ever idle.
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
    for (const { name, loads } of sections) {
      for (const subject of CHOSEN[name] ?? []) {
        for (const load of loads) {
          const counts = samples.of(key(name, subject), load);
          expect(counts).toHaveLength(3);
          for (const count of counts) expect(count).toBeGreaterThan(0);
        }
      }
    }
  });
});
