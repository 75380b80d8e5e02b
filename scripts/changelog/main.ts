// `release` (run by npm version): gives CHANGELOG.md's unreleased changes the version of package.json.
// `notes TAG` (run by release.yml): prints the notes of a release, or fails if tag, version and changelog differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesOf, released } from './changelog';

const ROOT = join(__dirname, '..', '..');
const FILE = join(ROOT, 'CHANGELOG.md');

function main([command, tag = '']: readonly string[]): void {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const changelog = readFileSync(FILE, 'utf8');
  if (command === 'release') writeFileSync(FILE, released(changelog, version, new Date().toISOString().slice(0, 10)));
  else if (command === 'notes') process.stdout.write(notesOf(changelog, tag, version));
  else throw new Error(`the command must be release or notes, got: ${command}`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
