import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHELLS, type Shell } from '../../bin/completion';

const ROOT = join(__dirname, '..', '..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portway-completion-'));
  for (const shell of SHELLS) {
    const args = [join(ROOT, 'bin', 'portway.js'), 'completion', shell];
    writeFileSync(join(folder, shell), execFileSync(process.execPath, args, { cwd: ROOT }));
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell offers for a line of which the last word is unfinished. */
function offered(shell: Shell, line: string): readonly string[] {
  const words = line.split(' ');
  const programs: Record<Shell, string> = {
    bash: `source ${folder}/bash
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      _portway; printf '%s\\n' "\${COMPREPLY[@]}"`,
    // Without a terminal, zsh's own functions cannot draw: these print what they are asked to offer, as zsh then filters it.
    zsh: `compdef() { }; _files() { echo FILES }
      compadd() { while [[ $1 == -* ]]; do [[ $1 == -S ]] && shift; shift; done; print -l -- $@ }
      _describe() { print -l -- \${\${(P)3}%%:*} }
      source ${folder}/zsh
      words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _portway`,
    fish: `source ${folder}/fish; complete -C '${line}' | string split -f1 \\t; or true`,
  };
  const flags: Record<Shell, readonly string[]> = {
    bash: ['--norc', '-c'],
    zsh: ['-f', '-c'],
    fish: ['--no-config', '-c'],
  };
  const { stdout, stderr, status } = spawnSync(shell, [...flags[shell], programs[shell]], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder, LC_ALL: 'C.UTF-8' },
  });
  if (status !== 0 || stderr !== '') throw new Error(`${shell} failed: ${stderr}`);
  const last = words.at(-1) ?? '';
  return stdout.split('\n').filter((word) => word !== '' && word.startsWith(last));
}

/** The line, and words that must be offered. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['portway ', ['plan', 'verify', 'logs', 'rehearse', 'completion', 'help']],
  ['portway pl', ['plan']],
  ['portway plan --a', ['--against', '--app']],
  ['portway verify --j', ['--json']],
  ['portway rehearse --engine ', ['iptables', 'nginx']],
  ['portway rehearse --os d', ['debian-13', 'debian-12']],
  ['portway plan -c adm', ['adminCidr=']],
  ['portway completion ', ['bash', 'zsh', 'fish']],
  ['portway hosts ', ['status', 'top']],
  ['portway help r', ['rehearse']],
];

describe.each(SHELLS)('%s', (shell) => {
  // npm test needs no other shells. Bash is always there.
  const there = spawnSync(shell, ['--version']).status === 0;
  (there ? test.each(LINES) : test.skip.each(LINES))('completes "%s"', (line, words) => {
    const found = offered(shell, line);
    expect(found).toEqual(expect.arrayContaining([...words]));
    // Nothing that belongs to another place.
    expect(found).not.toContain(line.endsWith('--engine ') ? '--json' : '--engine');
  });
});
