import { judge, type MachineFacts } from '../src/doctor';

const good: MachineFacts = { platform: 'linux', architecture: 'x64', root: true, disk: 2e10, memory: 8e9, tun: true };

test('a good machine has no findings', () => {
  expect(judge(good)).toEqual([]);
});

test.each<[Partial<MachineFacts>, RegExp]>([
  [{ platform: 'darwin' }, /needs Linux .* this is darwin: run it in a Linux VM/],
  [{ architecture: 'arm64' }, /VM is x86_64, this machine is arm64/],
  [{ root: false }, /needs root: sudo npm start/],
  [{ disk: 2 ** 30 }, /3\.0 GiB must be free for .*portway, there are 1\.0 GiB: make room, or set XDG_CACHE_HOME/],
  [{ memory: 2 ** 30 }, /2\.0 GiB of memory must be free, there are 1\.0 GiB: end other programs/],
  [{ tun: false }, /\/dev\/net\/tun is missing: modprobe tun/],
])('%j: says what is missing and what to do', (change, message) => {
  expect(judge({ ...good, ...change })).toEqual([expect.stringMatching(message)]);
});

test('all findings come at once', () => {
  expect(judge({ ...good, root: false, disk: 0, memory: 0, tun: false })).toHaveLength(4);
});
