import type { Machine } from '../src/apt';
import { ensurePackages, findTool, installCommand, missingTools, systemPath } from '../src/apt';

/** A machine that installs into a set and records what it was told. */
function fakeMachine(o: {
  has?: string[];
  root?: boolean;
  sudo?: boolean;
  apt?: boolean;
  unknown?: string[];
  locks?: number;
}) {
  const present = new Set([...(o.has ?? []), ...(o.apt === false ? [] : ['apt-get'])]);
  const commands: string[] = [];
  let locks = o.locks ?? 0;
  const machine: Machine = {
    async run(command, args) {
      const line = [command, ...args].join(' ');
      commands.push(line);
      if (command === 'probe') {
        if (!present.has(args[0] ?? '')) throw new Error('not there');
        return;
      }
      if (line === 'sudo -n true') {
        if (!o.sudo) throw new Error('a password is required');
        return;
      }
      if (locks-- > 0) throw new Error('E: Could not get lock /var/lib/apt/lists/lock');
      if (!line.includes(' install ')) return;
      const names = line.slice(line.indexOf('Timeout=300') + 12).split(' ');
      const bad = names.find((name) => o.unknown?.includes(name));
      if (bad) throw new Error(`E: Unable to locate package ${bad}`);
      for (const name of names) present.add(name.replace(/-package$/, ''));
    },
    has: async (tool) => present.has(tool),
    isRoot: () => o.root ?? false,
    wait: async () => {
      commands.push('wait');
    },
  };
  return { machine, commands };
}

test('nothing missing: nothing is run', async () => {
  const { machine, commands } = fakeMachine({ has: ['nft'], root: true });
  expect(await ensurePackages({ nft: 'nftables' }, { machine })).toEqual([]);
  expect(commands).toEqual([]);
});

test('as root: one update, one install of the missing packages only', async () => {
  const { machine, commands } = fakeMachine({ has: ['curl'], root: true });
  const tools = { curl: 'curl-package', one: 'one-package', two: 'two-package' };
  expect(await ensurePackages(tools, { machine })).toEqual([]);
  expect(commands).toHaveLength(2);
  expect(commands[0]).toMatch(/^env DEBIAN_FRONTEND=noninteractive .* apt-get -q update$/);
  expect(commands[1]).toMatch(/install -y --no-install-recommends .* one-package two-package$/);
});

test('with a sudo that asks for nothing, apt-get runs under sudo', async () => {
  const { machine, commands } = fakeMachine({ sudo: true });
  expect(await ensurePackages({ one: 'one-package' }, { machine })).toEqual([]);
  expect(commands.filter((line) => line.includes('apt-get')).every((line) => line.startsWith('sudo -n env '))).toBe(
    true,
  );
});

test('without rights: each missing tool is named, with the one command to run', async () => {
  const { machine, commands } = fakeMachine({});
  const missing = await ensurePackages({ one: 'one-package', two: 'two-package' }, { machine });
  expect(missing.map((m) => m.tool)).toEqual(['one', 'two']);
  expect(missing[0]?.reason).toContain('not root, and sudo asks for a password');
  expect(missing[0]?.reason).toContain('install -y --no-install-recommends one-package two-package');
  expect(commands).toEqual(['sudo -n true']);
});

test('without apt-get, and when installing is switched off, it says so', async () => {
  const other = fakeMachine({ apt: false, root: true });
  expect((await ensurePackages({ one: 'p' }, { machine: other.machine }))[0]?.reason).toContain('no apt-get');
  const off = fakeMachine({ root: true });
  const missing = await ensurePackages({ one: 'p' }, { machine: off.machine, install: false });
  expect(missing[0]?.reason).toContain('switched off');
  expect(off.commands).toEqual([]);
});

test('an unknown package does not keep the others out, and is named with apt-get’s own words', async () => {
  const { machine } = fakeMachine({ root: true, unknown: ['bad-package'] });
  const missing = await ensurePackages({ bad: 'bad-package', good: 'good-package' }, { machine });
  expect(missing).toEqual([
    {
      tool: 'bad',
      package: 'bad-package',
      reason: 'apt-get install bad-package: E: Unable to locate package bad-package',
    },
  ]);
});

test('a lock held by somebody else is waited for', async () => {
  const { machine, commands } = fakeMachine({ root: true, locks: 2 });
  expect(await ensurePackages({ one: 'one-package' }, { machine })).toEqual([]);
  expect(commands.filter((line) => line === 'wait')).toHaveLength(2);
});

test('a probe decides where a program’s name cannot', async () => {
  const { machine } = fakeMachine({ has: ['python3'] });
  const tools = { 'python3 venv': { package: 'python3-venv', probe: ['probe', 'venv'] as const } };
  expect(await missingTools(tools, machine)).toEqual(['python3 venv']);
});

test('a package that does not bring the tool is no success', async () => {
  const { machine } = fakeMachine({ root: true });
  const missing = await ensurePackages({ tool: 'other-package' }, { machine });
  expect(missing[0]?.reason).toBe('other-package is installed but lacks it');
});

test('this machine: a program is found by name and by path, system folders are searched', async () => {
  expect(await findTool('sh')).toMatch(/\/sh$/);
  expect(await findTool('/bin/sh')).toBe('/bin/sh');
  expect(await findTool('no-such-program-here')).toBeUndefined();
  expect(systemPath('/usr/bin:/usr/sbin')).toBe('/usr/bin:/usr/sbin:/usr/local/sbin:/sbin');
  expect(installCommand(['a', 'b', 'a'])).toMatch(/install -y --no-install-recommends a b$/);
});
