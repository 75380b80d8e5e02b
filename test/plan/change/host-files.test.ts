import { checkStack } from '../../../lib/check-stack';
import { hostContent } from '../../../lib/host/host-content';
import { memoryMiB } from '../../../lib/host/memory';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import { readHostFiles, UNREADABLE } from '../../../lib/plan/change/host-files';
import { CANONICAL } from '../../snapshots/canonical';
import { baseOf, templateOf, withProperty } from './stacks';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

const MODES = ['restart', 'live'] as const;

test.each(MODES.flatMap((mode) => Object.keys(CANONICAL).map((name) => [mode, name] as const)))(
  'with onChange %s reads back each file of the canonical stack %s',
  (onChange, name) => {
    const props = { ...CANONICAL[name], onChange } as (typeof CANONICAL)[string];
    const { forwards, settings, machine, firstBootScript } = checkStack(props);
    const { files } = hostContent({
      ...{ forwards, settings, os: OPERATING_SYSTEMS[machine.os], memoryMiB: memoryMiB(machine.instanceType) },
      ...(firstBootScript === undefined ? {} : { firstBootScript }),
      live: onChange === 'live',
    });
    const found = readHostFiles(templateOf(props).Resources);
    const code = (text: string | undefined) => text?.replace(/^\s*# (?![\w-]+$).*\n/gm, '');
    for (const { path, text } of files) expect([path, code(found?.files.get(path))]).toEqual([path, code(text)]);
    expect(found?.files.get('/etc/portway/portway.env')).toMatch(/^PORTWAY_PACKAGES='/m);
    expect(found?.files.has(UNREADABLE)).toBe(false);
  },
);

test('packed files that it cannot read count as a file that changes as a whole', () => {
  const live = baseOf('live');
  const programs = Object.entries(live.Resources).find(([, { Properties }]) =>
    `${Properties?.Name}`.endsWith('/programs.1'),
  );
  const other = withProperty(live, programs?.[0] ?? '', 'Value', 'another way of packing');
  expect(readHostFiles(other.Resources)?.files.get(UNREADABLE)).toMatch(/^another way of packing/);
  const others = Object.entries(live.Resources).filter(([, { Type }]) => Type !== 'AWS::SSM::Parameter');
  expect(readHostFiles(Object.fromEntries(others))).toBeUndefined();
});
