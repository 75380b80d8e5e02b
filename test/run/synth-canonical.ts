// Writes the templates of the canonical stacks as they are deployed (the snapshots have their hashes removed):
// synth-canonical.ts FOLDER writes FOLDER/<stack>.template.json, and the report of the CDK's own validation beside it,
// unless that is turned off. It is a program of its own, since loading the CDK takes time.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { CANONICAL } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';
import { CANONICAL_FLEETS, synthesizeFleet } from '../support/fleet';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: synth-canonical.ts FOLDER');
mkdirSync(folder, { recursive: true });
const stacks = Object.entries(CANONICAL).map(([name, props]) => ({ name, ...synthesize(props) }));
const fleets = Object.entries(CANONICAL_FLEETS).map(([name, props]) => ({ name, ...synthesizeFleet(props) }));
for (const { name, assembly, stack } of [...stacks, ...fleets]) {
  copyFileSync(path.join(assembly.directory, stack.templateFile), path.join(folder, `${name}.template.json`));
  const report = path.join(assembly.directory, 'validation-report.json');
  if (existsSync(report)) copyFileSync(report, path.join(folder, `${name}.validation.json`));
}
