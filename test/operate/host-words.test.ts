import { hostWords } from '../../lib/operate/host-words';

test("finds Portway's lines among a console's, with what a failing command printed", () => {
  const console = [
    '[   12.345678] cloud-init[512]: portway 2026-11-30T01:00:00Z packages',
    'other noise',
    'portway 2026-11-30T01:00:05Z try',
    'nginx: [emerg] unknown directive "foo"',
    'portway 2026-11-30T01:00:06Z FAILED: try: nginx -t: nginx: [emerg] unknown directive "foo"',
    'portway 2026-11-30T01:00:07Z the last good content goes on',
  ].join('\n');
  expect(hostWords(console)).toEqual({
    failure: 'FAILED: try: nginx -t: nginx: [emerg] unknown directive "foo"',
    lines: [
      '[   12.345678] cloud-init[512]: portway 2026-11-30T01:00:00Z packages',
      'portway 2026-11-30T01:00:05Z try',
      'nginx: [emerg] unknown directive "foo"',
      'portway 2026-11-30T01:00:06Z FAILED: try: nginx -t: nginx: [emerg] unknown directive "foo"',
      'portway 2026-11-30T01:00:07Z the last good content goes on',
    ],
  });
});

test('has no failure where the host reported none, and the last of several', () => {
  expect(hostWords('portway 2026-11-30T01:00:00Z prove\n')).toEqual({
    failure: undefined,
    lines: ['portway 2026-11-30T01:00:00Z prove'],
  });
  const twice = 'portway 2026-11-30T01:00:00Z FAILED: a\nportway 2026-11-30T01:00:01Z FAILED: b\n';
  expect(hostWords(twice).failure).toBe('FAILED: b');
});
