import { agesNotes, hostAges } from '../../lib/operate/host-ages';

const line = (time: string, text: string) => `[  1.0] cloud-init[7]: portway 2026-11-${time}Z ${text}\r\n`;
const OLD = line('01T10:00:00', 'runs Linux 6.12.48 of 2026-09-20');
const NEW = line(
  '29T10:00:00',
  'runs Linux 6.12.57+deb13-cloud-amd64 of 2026-11-05, nginx 1.26.3-3+deb13u1 of 2026-10-15; a reboot is due for linux-image-6.12.60, libc6',
);
const now = new Date('2026-11-30T12:00:00Z');

test('a console without a word of it tells nothing', () => {
  expect(hostAges('noise\r\n')).toBeUndefined();
  expect(hostAges(line('29T10:00:00', `content ${'a'.repeat(64)} runs`))).toBeUndefined();
  expect(agesNotes(undefined)).toEqual([]);
});

test('the last word counts', () => {
  const ages = hostAges(OLD + NEW + line('29T10:00:01', 'forwards are up'));
  expect(ages).toEqual({
    told: '2026-11-29T10:00:00.000Z',
    programs: {
      Linux: { version: '6.12.57+deb13-cloud-amd64', built: '2026-11-05' },
      nginx: { version: '1.26.3-3+deb13u1', built: '2026-10-15' },
    },
    rebootFor: ['linux-image-6.12.60', 'libc6'],
  });
  expect(agesNotes(ages, now)).toEqual([
    'the host runs Linux 6.12.57+deb13-cloud-amd64 of 2026-11-05 (25 days old), nginx 1.26.3-3+deb13u1 of 2026-10-15 (46 days old): it said so at 2026-11-29T10:00:00Z',
    'a reboot of the host is due for linux-image-6.12.60, libc6',
  ]);
});

test('a program whose file does not say its age has its version alone', () => {
  const ages = hostAges(line('29T10:00:00', 'runs Linux 6.18.44, nginx 1.26.3 of 2026-10-15'));
  expect(ages?.rebootFor).toEqual([]);
  expect(agesNotes(ages, now)).toEqual([
    'the host runs Linux 6.18.44, nginx 1.26.3 of 2026-10-15 (46 days old): it said so at 2026-11-29T10:00:00Z',
  ]);
});
