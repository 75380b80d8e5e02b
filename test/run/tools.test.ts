import { installCommand } from '../../rehearsal/src/apt';
import { HOST_TOOLS, needsLinuxRoot } from '../host/support/needs';
import type { Part } from './part';
import { needsVm, PASSED } from './part';
import { lacking, SHELL_TOOLS, toolsOf } from './tools';

const shell: Part = { name: 'shell', about: '', tools: SHELL_TOOLS, limitMinutes: 1, run: async () => PASSED };
const plain: Part = { name: 'plain', about: '', limitMinutes: 1, run: async () => PASSED };

test('only the parts that need a missing tool are skipped, and the reason says what to run', () => {
  const reason = `not root; to install it: ${installCommand(['shfmt'])}`;
  const missing = [{ tool: 'shfmt', package: 'shfmt', reason }];
  expect(lacking(shell, missing)).toBe(`shfmt missing: ${reason}`);
  expect(lacking(plain, missing)).toBeUndefined();
  expect(lacking(shell, [])).toBeUndefined();
  expect(toolsOf([shell, plain])).toEqual(SHELL_TOOLS);
});

test('parts with namespaces and VMs need Linux and root, and say so', () => {
  expect(needsLinuxRoot('darwin', 501)).toMatch(/needs Linux .*got: darwin/);
  expect(needsLinuxRoot('linux', 1000)).toMatch(/needs root .*sudo npm test/);
  expect(needsLinuxRoot('linux', 0)).toBeUndefined();
  expect(needsVm('arm64')).toMatch(/x86_64 machine .*got: arm64/);
});

test('what the host tests need is still among what the lab names', () => {
  expect(Object.keys(HOST_TOOLS).sort()).toEqual([
    ...['ip', 'mmdebstrap', 'nft', 'nsenter', 'python3', 'the keys of Debian', 'unshare'],
  ]);
});
