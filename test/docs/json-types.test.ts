import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemaErrors } from '../support/json-schema';
import { compile } from './compile';
import { type CodeBlock, ROOT } from './pages';

const APP = 'examples/https/app.ts';

function portway(...args: readonly string[]): string {
  const command = ['bin/portway.js', ...args, '--json', '--app', `node --import tsx ${APP}`];
  return execFileSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
}

/** Prints although it ends with 1. */
function run(...args: readonly string[]): string {
  const command = ['bin/portway.js', ...args];
  return spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' }).stdout;
}

/** Printed JSON as a value of its documented type. For the compiler a missing, wrong or further property is an error. */
function typed(type: string, page: string, text: string): CodeBlock {
  const value = `import type { ${type} } from 'portway';\nexport const printed: Record<string, ${type}> = ${text};\n`;
  return { page, line: 0, language: 'ts', text: value };
}

let plan: string;
let comparison: string;
let imported: string;
let found: readonly string[];
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'portway-json-'));
  try {
    plan = portway('plan');
    const env = { ...process.env, CDK_OUTDIR: folder, CDK_VALIDATION: 'false' };
    execFileSync(process.execPath, ['--import', 'tsx', APP], { cwd: ROOT, env });
    comparison = portway('plan', '--against', folder);
    const file = join('test', 'import', 'corpus', 'nginx', 'hosts.conf');
    imported = run('import', '--json', file);
    found = compile([
      typed('Plan', 'plan', plan),
      typed('Comparison', 'comparison', comparison),
      typed('Imported', 'imported', `{ file: ${imported} }`),
      typed('Plan', 'wrong', plan.replace('"inbound"', '"incoming"')),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

test('what plan --json prints has the type that the package exports, and follows the schema', () => {
  expect(JSON.parse(plan)).toHaveProperty('Https.forwards');
  expect(schemaErrors('plan', plan)).toEqual([]);
  expect(found.filter((line) => line.startsWith('plan'))).toEqual([]);
});

test('so has what plan --against --json prints', () => {
  expect(JSON.parse(comparison)).toHaveProperty('Https.changes', []);
  expect(schemaErrors('against', comparison)).toEqual([]);
  expect(found.filter((line) => line.startsWith('comparison'))).toEqual([]);
});

test('so has what import --json prints', () => {
  expect(JSON.parse(imported)).toHaveProperty('forwards.secure.props.tls', 'Tls.selfSigned()');
  expect(schemaErrors('import', imported)).toEqual([]);
  expect(found.filter((line) => line.startsWith('imported'))).toEqual([]);
});

test('the check finds a property that the type does not have', () => {
  expect(found.filter((line) => line.startsWith('wrong')).join('\n')).toMatch(/'"incoming"' does not exist in type/);
});
