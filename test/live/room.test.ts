import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { OnChange } from '../../lib/constructs/on-change';
import { CANONICAL, isLarge } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';

/** Sends a stack without a bucket, as the YAML of the CDK CLI. */
function sent(name: string, onChange: OnChange) {
  const { assembly } = synthesize({ ...CANONICAL[name], onChange } as never, { legacy: true });
  const template = JSON.parse(readFileSync(join(assembly.directory, 'Portway.template.json'), 'utf8'));
  const text = stringify(template, { schema: 'yaml-1.1', lineWidth: 0 });
  return { spare: 51_200 - Buffer.byteLength(text), text };
}

/** Seven alarms and a dashboard leave too little room for the programs that send metrics. */
const FULL = ['monitored'];

describe.each(Object.keys(CANONICAL))('without a bucket, %s', (name) => {
  if (isLarge(name))
    test('is refused with live changes, with both ways out', () => {
      expect(() => sent(name, 'live')).toThrow(
        /^content must be at most \d+ bytes with onChange 'live', the default, in a template that is sent without a bucket: bootstrap the account and leave out -c bootstrapless=true, or set onChange 'restart'\. The template may have 51200 bytes: about \d+ for its other resources, programs \d+/,
      );
    });
  else
    test('fits with live changes', () => {
      expect(sent(name, 'live').spare).toBeGreaterThanOrEqual(0);
    });

  test.each(['restart', 'replace'] as const)(
    `${FULL.includes(name) ? 'is refused' : 'fits'} with onChange %s`,
    (onChange) => {
      if (FULL.includes(name))
        expect(() => sent(name, onChange)).toThrow(/^content must be at most \d+ bytes in a template/);
      else expect(sent(name, onChange).spare).toBeGreaterThanOrEqual(0);
    },
  );
});

test('the shipped stacks have room left, and iptables shows its rules', () => {
  expect(sent('nginx', 'live').spare).toBeGreaterThan(500);
  const { spare, text } = sent('iptables', 'live');
  expect(spare).toBeGreaterThan(1000);
  expect(text).toContain('- -A PORTWAY-DNAT -p tcp --dport 80 ');
});
