import { release } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { ON_THE_CONSOLE } from './drift/console';
import { OF_THE_CONTENT } from './drift/content';
import { DriftLab } from './drift/lab';
import { OF_THE_MACHINE } from './drift/machine';
import { OF_THE_NETWORK } from './drift/network';

/*
 * Kinds of drift, each made by hand at the local endpoint, found by what `portway verify` reads there, and undone.
 */
jest.setTimeout(180_000);

/** Looks at an unchanged gateway. */
const LOOKS = 100;
const DRIFTS = { ...OF_THE_NETWORK, ...OF_THE_MACHINE, ...OF_THE_CONTENT, ...ON_THE_CONSOLE };

let lab: DriftLab | undefined;

beforeAll(async () => {
  lab = await DriftLab.start();
});

afterAll(() => lab?.stop());

function started(): DriftLab {
  if (lab === undefined) throw new Error('there is no gateway to look at');
  return lab;
}

test('an unchanged gateway raises no alarm, however often it is looked at', async () => {
  for (let round = 0; round < LOOKS; round++) expect((await started().look()).differences).toEqual([]);
});

test.each(Object.entries(DRIFTS))('finds %s', async (_, { by, found }) => {
  const undo = await by(started());
  const { differences } = await started().look();
  await undo();
  expect(differences).toEqual(expect.arrayContaining([expect.stringMatching(found)]));
  expect((await started().look()).differences).toEqual([]);
});

test('tells how old what runs is, as the program on a host words it, and that is no drift', async () => {
  // Here, where no nginx runs. It would keep what it has told in /run.
  const host = join(__dirname, '../../assets/usr/local/lib/portway');
  const words = `import sys; sys.path.insert(0, ${JSON.stringify(host)}); from portway import running; print(running.words(running.running()))`;
  const { stdout } = await spawn('python3', ['-B', '-c', words]);
  const undo = await started().say([`${stdout}, nginx 1.26.3 of 2026-10-15; a reboot is due for libc6`]);
  const { ages, notes, differences } = await started().look();
  await undo();
  expect(ages?.programs).toMatchObject({
    Linux: { version: release() },
    nginx: { version: '1.26.3', built: '2026-10-15' },
  });
  expect(ages?.rebootFor).toEqual(['libc6']);
  expect(notes.join('\n')).toMatch(
    /^the host runs Linux \S+.*, nginx 1\.26\.3 of 2026-10-15 \(\d+ days old\): it said so at 20\S+Z\na reboot of the host is due for libc6$/,
  );
  expect(differences).toEqual([]);
  expect((await started().look()).ages).toBeUndefined();
});

test('there are twenty kinds or more', () => expect(Object.keys(DRIFTS).length).toBeGreaterThanOrEqual(20));
