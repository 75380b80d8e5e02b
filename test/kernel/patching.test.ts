import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { problemsOf } from '../support/stack-problems';

const stack = (props: object) => ({
  adminCidr: '203.0.113.7/32',
  forwards: { web: Forward.http({ listen: 80, to: 8080 }) },
  ...props,
});

/** The host's files by path; each once. */
function files(props: object): ReadonlyMap<string, string> {
  const { forwards, settings, machine } = checkStack(stack(props));
  const { files } = hostContent({ forwards, settings, os: OPERATING_SYSTEMS[machine.os] });
  expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
  return new Map(files.map(({ path, text }) => [path, text]));
}

const OFF = '/etc/apt/apt.conf.d/99portway-off';
const own = (props: object) => [...files(props).keys()].filter((path) => /reboot|-off$/.test(path)).sort();

test('only hosts with a window have its files', () => {
  expect(own({})).toEqual([]);
  expect(own({ reboot: 'sun 04:00' })).toEqual([
    '/etc/systemd/system/portway-reboot.service',
    '/etc/systemd/system/portway-reboot.timer',
    '/usr/local/lib/portway/portway/reboot.py',
  ]);
});

test.each([
  ['sun 04:00', 'Sun *-*-* 04:00:00 UTC'],
  ['04:30', '*-*-* 04:30:00 UTC'],
])('the timer opens the window %s', (reboot, calendar) => {
  const timer = files({ reboot }).get('/etc/systemd/system/portway-reboot.timer') ?? '';
  expect(timer).toContain(`\nOnCalendar=${calendar}\n`);
  expect(timer).toContain(`Description=Portway: a reboot if one is due, ${reboot} UTC\n`);
  // A window that passed while the host was off is no reason to reboot at another time.
  expect(timer).not.toContain('Persistent');
});

test('what it needs is dropped for no lack of room', () => {
  const { forwards, settings, machine } = checkStack(
    stack({ reboot: '04:00', securityUpdates: { offBecause: 'no network' } }),
  );
  const all = hostContent({ forwards, settings, os: OPERATING_SYSTEMS[machine.os] }).files;
  const needed = all.filter(({ optional }) => !optional).map(({ path }) => path.split('/').at(-1));
  for (const name of ['portway-reboot.timer', 'portway-reboot.service', 'reboot.py', 'due.py', '99portway-off'])
    expect(needed).toContain(name);
});

test('security updates are switched off with the reason', () => {
  const why = 'an image of our own comes each week';
  expect(files({ securityUpdates: { offBecause: why } }).get(OFF)).toBe(
    `APT::Periodic::Unattended-Upgrade "0"; // ${why}\n`,
  );
  expect(own({})).not.toContain(OFF);
});

const WINDOW =
  "reboot must be a time in UTC such as '04:00', or with a day before it such as 'sun 04:00' (mon, tue, wed, thu, fri, sat, sun), got: ";
const REASON =
  'securityUpdates.offBecause must say on one line of 10-200 characters why the system is not to install security updates';

test.each<[object, string]>([
  [{ reboot: 'sunday 04:00' }, `${WINDOW}sunday 04:00`],
  [{ reboot: 'Sun 04:00' }, `${WINDOW}Sun 04:00`],
  [{ reboot: 'son 04:00' }, `${WINDOW}son 04:00`],
  [{ reboot: '24:00' }, `${WINDOW}24:00`],
  [{ reboot: '4:00' }, `${WINDOW}4:00`],
  [{ reboot: true }, `${WINDOW}true`],
  [{ securityUpdates: {} }, REASON],
  [{ securityUpdates: { offBecause: 'because' } }, `${REASON}, got: because`],
  [{ securityUpdates: { offBecause: 'two lines\nof reasons' } }, `${REASON}, got: "two lines\\nof reasons"`],
  [{ securityUpdates: { because: 'two lines of reasons' } }, 'securityUpdates.because must be one of offBecause'],
  [
    { securityUpdates: false },
    "securityUpdates must be an object such as { offBecause: 'an image of our own comes each week' }, got: false",
  ],
  [
    { os: 'amazon-linux-2023', reboot: 'sun 04:00' },
    "reboot must be left out on Amazon Linux 2023, which stays at the release of its image and installs no updates by itself, so no reboot gets due. For newer packages replace the host: onChange 'replace' and another attempt, got: sun 04:00 UTC",
  ],
  [
    { os: 'amazon-linux-2023', securityUpdates: { offBecause: 'no network' } },
    'securityUpdates must be left out on Amazon Linux 2023, which stays at the release of its image and installs no updates by itself, got: no network',
  ],
])('%j is refused', (props, message) => {
  const problems = problemsOf(stack(props));
  expect(problems[0]).toContain(message);
});
