import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { bootSubject } from '../src/count/boot/boots';
import { HOSTS } from '../src/count/boot/hosts';
import { BOOT } from '../src/count/boot/section';
import { countVerdicts } from '../src/count/bounds';
import { Samples } from '../src/count/count';
import { versionsIn } from '../src/count/image';
import { withJob } from '../src/count/job';
import { comparable, countLosses } from '../src/count/losses';
import { countMarkdown, countText, lossText } from '../src/count/report';
import type { Counted } from '../src/count/result';
import type { Section } from '../src/count/section';
import { SECTIONS } from '../src/count/subjects';

/** A result in which a connection to another host takes these instructions. */
function counted(ours: number, byHand = 1000): Counted {
  const subject = (name: string, title: string, count: number) => ({
    name,
    title,
    instructions: { new: [count - 1, count, count + 1] },
  });
  const subjects = [
    subject('direct', 'direct', 800),
    subject('iptables', 'by hand', byHand),
    { ...subject('portway-iptables', 'Portway', ours), ours: true },
  ];
  return {
    format: 1,
    date: '2026-01-02T03:04:05Z',
    kernel: '6.12',
    boots: 2,
    versions: { nginx: '1.26' },
    sections: [{ name: 'remote', title: 'To another host', peer: 'iptables', subjects }],
  };
}

describe('what the machine prints', () => {
  function read(...lines: string[]): Samples {
    const samples = new Samples();
    for (const line of lines) samples.read(line, () => undefined);
    return samples;
  }

  test('idle time is not counted', () => {
    const samples = read(
      'subject remote.direct',
      'sample new 1000.5 0.5',
      'sample new 990.0 0.0',
      'sample kept 9.0 0.0',
    );
    expect(samples.of('remote.direct', 'new')).toEqual([1000, 990]);
    expect(samples.of('remote.direct', 'kept')).toEqual([9]);
  });

  test.each([
    ['a sample that mostly waited', 'sample new 1000.0 51.0', 'one request: 5 % of the time was idle'],
    ['a sample without a number', 'sample new x 0', 'not a sample'],
    ['a failure', 'failed 3.gateway: nginx is missing', 'remote.direct could not be counted: failed 3.gateway: nginx'],
    ['anything else', 'Segmentation fault', 'remote.direct could not be counted: Segmentation fault'],
  ])('%s is an error', (_, line, error) => {
    expect(() => read('subject remote.direct', line)).toThrow(error);
  });

  test('those of several boots are put together', () => {
    const samples = read('subject remote.direct', 'sample new 1000.0 0.0');
    samples.add(read('subject remote.direct', 'sample new 990.0 0.0'));
    expect(samples.of('remote.direct', 'new')).toEqual([1000, 990]);
  });

  test('a load that is missing is an error', () => {
    expect(() => read('subject remote.direct').of('remote.direct', 'new')).toThrow('was not counted');
  });
});

describe('what must hold', () => {
  const verdict = (now: Counted, before?: Counted) => countVerdicts(now, before)[0];

  test('a bound that the committed run kept must be kept, with 1 % for noise', () => {
    expect(verdict(counted(1040), counted(1030))).toMatchObject({ measured: 1.04, holds: true, fails: false });
    expect(verdict(counted(1050), counted(1030))).toMatchObject({ holds: false, fails: false });
    expect(verdict(counted(1052), counted(1030))).toMatchObject({ holds: false, fails: true });
  });

  test('a bound that the committed run missed must not be missed by more', () => {
    expect(verdict(counted(1110), counted(1100))).toMatchObject({ holds: false, committed: 1.1, fails: false });
    expect(verdict(counted(1113), counted(1100))).toMatchObject({ holds: false, fails: true });
  });

  test('what the other one varies by is not ours', () => {
    const varied = counted(1052);
    const [, byHand] = varied.sections[0]?.subjects ?? [];
    (byHand?.instructions.new as number[])[2] = 1010;
    expect(verdict(varied, counted(1030))).toMatchObject({ measured: 1.052, holds: false, fails: false });
    // Nor is it if it took less this time.
    const cheaper = counted(1040, 980);
    expect(verdict(cheaper, counted(1040))).toMatchObject({ committed: 1.04, holds: false, fails: false });
    // Other packages are another program.
    expect(verdict({ ...cheaper, versions: { nginx: '1.28' } }, counted(1040))).toMatchObject({ fails: true });
  });

  test('without a committed run the bound itself counts', () => {
    expect(verdict(counted(1100))).toMatchObject({ holds: false, fails: true });
  });

  test('names subjects that are counted', () => {
    const all = SECTIONS.map(({ name, loads, subjects }) => ({
      name,
      title: name,
      peer: name,
      subjects: subjects.map((s) => ({ ...s, instructions: Object.fromEntries(loads.map((load) => [load, [1]])) })),
    }));
    const { name, title, peer } = BOOT;
    const boot = {
      name,
      title,
      peer,
      subjects: HOSTS.map((host) => bootSubject(host, [[{ name: host.at, instructions: 1, seconds: 1 }]])),
    };
    const judged = countVerdicts({ ...counted(1), sections: [...all, boot] });
    expect(judged).toHaveLength(28);
  });
});

describe('a loss against the committed run', () => {
  test('is a count of ours that grew by more than 1 % in every batch', () => {
    // The lowest of these batches took 1,010.
    expect(countLosses(counted(1011), counted(1000))).toEqual([]);
    // What others cost is not ours to answer for.
    expect(countLosses(counted(1000, 2000), counted(1000))).toEqual([]);
    const lost = countLosses(counted(1012), counted(1000));
    expect(lost).toEqual([{ section: 'remote', load: 'new', subject: 'Portway', committed: 1000, counted: 1012 }]);
    expect(lossText(lost, true)).toMatch(/remote, new +Portway +1,000 +1,012 +[+]1.2 %/);
  });

  test('is one with 64 at once only beyond 3 %', () => {
    const atOnce = (count: number): Counted => {
      const [section] = counted(count).sections;
      const subjects = section?.subjects.map((one) => ({ ...one, instructions: { 'new-64': one.instructions.new } }));
      return { ...counted(count), sections: [{ ...section, subjects }] as never };
    };
    expect(countLosses(atOnce(1029), atOnce(1000))).toEqual([]);
    expect(countLosses(atOnce(1033), atOnce(1000))).toHaveLength(1);
  });

  test('is looked for in prices too, whose subjects are all ours', () => {
    const priced = (count: number): Counted => {
      const [section] = counted(1000, count).sections;
      return { ...counted(1000), sections: [{ ...section, prices: true } as never] };
    };
    expect(countLosses(priced(1020), priced(1000)).map(({ subject }) => subject)).toEqual(['by hand']);
  });

  test('is not looked for across kernels or packages, and the run says so', () => {
    const other = { ...counted(1000), versions: { nginx: '1.28' } };
    expect(comparable(counted(2000), other)).toBe(false);
    expect(countLosses(counted(2000), other)).toEqual([]);
    expect(lossText([], false)).toContain('another kernel or other packages');
  });
});

test('the page and the terminal show counts, spread and ratios', () => {
  const result = counted(1100);
  const page = countMarkdown(result);
  expect(page).toContain('Counted on 2026-01-02: Linux 6.12, 2 boots. From Debian 13: nginx 1.26.');
  expect(page).toMatch(
    /\| New connection to another host, of one by hand +\| at most 1.04 +\| 1.100 +\| \*\*not yet\*\* \|/,
  );
  expect(page).toMatch(/\| \*\*Portway\*\* \| 1,100 +\| 0.18 % +\| 1.375 +\| 1.100 +\| 300 +\|/);
  const text = countText(result, countVerdicts(result, counted(1000)));
  expect(text).toMatch(/remote, new +Portway +1,100 +0.18 % +1.375/);
  expect(text).toMatch(/of one by hand +<= 1.04 +1.100 +1.000 +FAILS/);
});

test('prices are what an option costs more', () => {
  const [section] = counted(1000).sections;
  const [, , portway] = section?.subjects ?? [];
  const option = (title: string, count: number) => ({ name: title, title, instructions: { new: [count] } });
  const subjects = [portway, option('`limits`', 1012), option('no log', 900)] as const;
  const page = countMarkdown({ ...counted(1000), sections: [{ ...section, prices: true, subjects }] as never });
  expect(page).toMatch(/\| {2,}\| a new connection with one request \|/);
  expect(page).toMatch(/\| \*\*Portway\*\* +\| 1,000 +\|/);
  expect(page).toMatch(/\| `limits` +\| \+12 \(\+1.2 %\) +\|/);
  expect(page).toMatch(/\| no log +\| −100 \(−10.0 %\) +\|/);
});

test("a job holds the subjects' own rules, and what is asked for", async () => {
  const [remote] = SECTIONS as [Section];
  const subjects = remote.subjects.filter(({ name }) => ['direct', 'portway-iptables'].includes(name));
  const folder = await mkdtemp(join(tmpdir(), 'portway-job-'));
  try {
    await withJob([{ ...remote, subjects }], (archive) => spawn('tar', ['-C', folder, '-xf', archive]));
    const file = (path: string) => readFile(join(folder, 'subjects', path), 'utf8');
    expect(await file('0001-remote.direct/loads')).toMatch(/^kept kept 10.0.1.10 8080 \d+ \d+\nnew new /);
    expect(await file('0002-remote.portway-iptables/loads')).toMatch(/\ndatagram datagram 198.51.100.1 81 \d+ \d+\n$/);
    expect(await file('0002-remote.portway-iptables/at')).toBe('backend');
    const { stdout } = await spawn('grep', ['-rlF', '--', '-j DNAT --to-destination 10.0.1.10:8080', folder]);
    expect(stdout).toContain('0002-remote.portway-iptables/steps/');
    expect(stdout).not.toContain('0001-remote.direct');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("versions come from dpkg's list", () => {
  const status = 'Package: nginx\nStatus: install ok installed\nVersion: 1.26.3-3\n\nPackage: zlib\nVersion: 1\n';
  expect(versionsIn(status)).toEqual({ nginx: '1.26.3-3' });
});
