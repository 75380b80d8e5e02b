import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CANONICAL, synthesize } from '../snapshots/canonical';

/** Sends a stack with live changes without a bucket, as the YAML of the CDK CLI. */
function sent(name: string) {
  const { assembly } = synthesize({ ...CANONICAL[name], onChange: 'live' } as never, { legacy: true });
  const template = JSON.parse(readFileSync(join(assembly.directory, 'Portway.template.json'), 'utf8'));
  const text = stringify(template, { schema: 'yaml-1.1', lineWidth: 0 });
  return { spare: 51_200 - Buffer.byteLength(text), text };
}

/** Too large without a bucket: many rules of the security group, many options of nginx, or much besides the forwards. */
const REFUSED = [
  ...['nginx-tls', 'letsencrypt-udp', 'nginx-tls-passthrough', 'nginx-shared', 'nginx-protected'],
  ...['other-hosts', 'dual-stack', 'egress'],
];

test.each(Object.keys(CANONICAL).filter((name) => !REFUSED.includes(name)))(
  'live changes need no bucket: %s',
  (name) => {
    expect(sent(name).spare).toBeGreaterThanOrEqual(0);
  },
);

test.each(REFUSED)('synth says at once where live changes need a bucket: %s', (name) => {
  expect(() => sent(name)).toThrow(
    /content must be at most \d+ bytes in a template that is sent without a bucket: bootstrap/,
  );
});

test('the shipped stacks have room left, and iptables shows its rules', () => {
  expect(sent('nginx').spare).toBeGreaterThan(500);
  const { spare, text } = sent('iptables');
  expect(spare).toBeGreaterThan(1000);
  expect(text).toContain('- -A PORTWAY-DNAT -p tcp --dport 80 ');
});
