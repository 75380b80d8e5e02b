import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PLACES } from '../run/parts/dependencies';
import { type Cruise, picture } from '../support/arrows';

const ROOT = path.join(__dirname, '..', '..');
const CRUISER = path.join(ROOT, 'node_modules', '.bin', 'depcruise');
const CONFIG = path.join(ROOT, '.dependency-cruiser.cjs');
const PAGE = path.join(ROOT, 'docs', 'how-it-works.md');
const PICTURE =
  /(<!-- arrows: written by UPDATE_SNAPSHOTS=1 npx jest dependencies -->\n\n```mermaid\n)([\s\S]*?)(\n```\n)/;

function cruise(folder: string, ...args: string[]): { status: number | null; stdout: string } {
  return spawnSync(CRUISER, ['--config', CONFIG, ...args], { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 27 });
}

describe("the project's imports", () => {
  let found: Cruise;
  beforeAll(() => {
    found = JSON.parse(cruise(ROOT, ...PLACES, '--output-type', 'json').stdout) as Cruise;
  }, 60_000);

  test('follow the rules', () => {
    expect(found.modules.length).toBeGreaterThan(100);
    expect(found.summary.violations).toEqual([]);
  });

  test('are drawn in docs/how-it-works.md', () => {
    const drawn = picture(found.modules);
    const page = readFileSync(PAGE, 'utf8');
    if (process.env.UPDATE_SNAPSHOTS !== undefined) writeFileSync(PAGE, page.replace(PICTURE, `$1${drawn}$3`));
    expect(PICTURE.exec(readFileSync(PAGE, 'utf8'))?.[2]).toBe(drawn);
  });
});

test('the picture omits arrows that follow from others', () => {
  const module = (source: string, ...resolved: string[]) => ({
    source,
    dependencies: resolved.map((one) => ({ resolved: one })),
  });
  const modules = [
    module('bin/app.ts', 'lib/index.ts', 'lib/host/a.ts', 'node_modules/aws-cdk-lib/index.js'),
    module('lib/index.ts', 'lib/host/a.ts'),
    module('lib/host/a.ts', 'lib/host/b.ts'),
  ];
  expect(picture(modules)).toBe('flowchart TD\n  bin --> lib\n  lib --> lib/host');
});

/** Each file, what it wrongly imports, and the rule that refuses it. */
const WRONG = [
  ['lib/plan/a.ts', '../../rehearsal/src/b', 'product-alone'],
  ['lib/plan/c.ts', '../../test/support/b', 'product-alone'],
  ['lib/nginx/a.ts', '../host/b', 'lib/nginx-imports'],
  ['lib/forward/a.ts', '../nginx/b', 'lib/forward-imports'],
  ['lib/operate/a.ts', '../constructs/b', 'lib/operate-imports'],
  ['lib/host/a.ts', 'aws-cdk-lib', 'pure'],
  ['lib/forward/c.ts', '@aws-sdk/client-ec2', 'pure'],
  ['bin/app.ts', '../lib/forward/b', 'front-door'],
  ['docs/recipes/a.ts', '../../lib/forward/b', 'docs-imports'],
  ['examples/first/a.ts', '../../lib/b', 'examples-imports'],
  ['rehearsal/src/a.ts', '../../bench/src/b', 'rehearsal/src-imports'],
  ['rehearsal/src/d.ts', '../../test/host/support/b', 'rehearsal/src-imports'],
  ['bench/src/a.ts', '../../test/support/b', 'bench/src-imports'],
  ['rehearsal/src/c.ts', '../test/b.test', 'tests-stay-out'],
  ['lib/host/c.ts', './c2', 'no-circles'],
] as const;

test('names the rule that a wrong import breaks', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'portway-arrows-'));
  try {
    const write = (name: string, text: string) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    };
    for (const [file, specifier] of WRONG)
      if (specifier.startsWith('.')) write(`${path.join(path.dirname(file), specifier)}.ts`, 'export const b = 1;\n');
    write('lib/host/c2.ts', "import type { A } from './c';\nexport const b: A = 1;\n");
    for (const [file, specifier] of WRONG)
      write(file, `import type { b } from '${specifier}';\nexport type A = typeof b;\n`);
    const { status, stdout } = cruise(folder, ...PLACES, '--output-type', 'err');
    expect(status).toBeGreaterThan(0);
    const found = [...stdout.matchAll(/error (\S+): (\S+) →/g)].map(([, rule, file]) => `${file} ${rule}`);
    expect(found.sort()).toEqual(expect.arrayContaining(WRONG.map(([file, , rule]) => `${file} ${rule}`)));
    // Only wrong imports are refused.
    expect(new Set(found.map((line) => line.split(' ')[0]))).toEqual(new Set(WRONG.map(([file]) => file)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
