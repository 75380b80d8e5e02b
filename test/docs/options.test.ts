import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionsPage } from '../../scripts/options-page/options-page';

const ROOT = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const OPTIONS = read('docs/options.md');

/** The text below a heading, up to the next one of the same or a higher level. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const [, after = ''] = OPTIONS.split(`\n${heading}\n`);
  return after.split(new RegExp(`^#{1,${level}} `, 'm'))[0] ?? '';
}

test('the tables are those that the docstrings of the props give (npm run docs writes them)', () => {
  expect(OPTIONS).toBe(optionsPage());
});

test('every value that the command line may give is named, and no other', () => {
  const source = read('lib/context-names.ts') + read('lib/context.ts');
  const list = (name: string) => /\[([\s\S]*?)\]/.exec(source.split(`const ${name} = `)[1] ?? '')?.[1] ?? '';
  const lists = [...`${list('TEXTS')} ${list('NUMBERS')} ${list('SWITCHES')}`.matchAll(/'(\w+)'/g)].map(
    (match) => match[1],
  );
  const alone = [...source.matchAll(/tryGetContext\('(\w+)'\)/g)].map((match) => match[1]);
  const table = section('## Values on the command line');
  const named = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+)/gm)].flatMap((row) => row[1]?.match(/\w+/g) ?? []);
  expect(lists.length).toBeGreaterThan(10);
  expect(named.sort()).toEqual([...lists, ...alone].sort());
});

test.each(['plan', 'verify', 'logs', 'rehearse'])(
  'every option of portway %s stands in its section',
  (command) => {
    const help = execFileSync(process.execPath, [join(ROOT, 'bin', 'portway.js'), 'help', command], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const options = [...help.matchAll(/^ {2}(?:-\w, )?(--\w+)/gm)].map((match) => match[1]);
    const described = [...section(`## portway ${command}`).matchAll(/^\| `(?:-\w, )?(--\w+)/gm)].map(
      (match) => match[1],
    );
    expect(options.length).toBeGreaterThan(2);
    expect(described.sort()).toEqual(options.filter((option) => option !== '--help').sort());
  },
  30_000,
);
