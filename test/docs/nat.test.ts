import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('the rules on the NAT page are those of the canonical stack', () => {
  const shown = [...read('docs/nat.md').matchAll(/^```iptables\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line !== '');
  expect(shown.length).toBeGreaterThan(2);
  const rendered = read('test/snapshots/expected/egress/iptables.rules').split('\n');
  expect(rendered).toEqual(expect.arrayContaining(shown));
});
