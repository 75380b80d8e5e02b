import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Files } from '../../src/report/page';
import type { RehearsalReport } from '../../src/report/record';

/** A run of both engines. Checks, rules and the ends of logs come from real runs; times of steps were added. */
export interface Fixture {
  readonly report: RehearsalReport;
  readonly files: Files;
}

export function fixture(): Fixture {
  return JSON.parse(readFileSync(path.join(__dirname, 'fixture.json'), 'utf8')) as Fixture;
}

/** Writes the files as the run had them. */
export function layFiles(folder: string, files: Files): void {
  for (const [run, texts] of Object.entries(files)) {
    for (const [name, text] of Object.entries(texts)) {
      const file = path.join(folder, run, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}
