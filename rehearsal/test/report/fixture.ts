import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Files } from '../../src/report/page';
import type { RehearsalReport } from '../../src/report/record';

/** A run of both engines: checks, rules and the ends of logs are those of real runs, put together with times of steps. */
export interface Fixture {
  readonly report: RehearsalReport;
  readonly files: Files;
}

export function fixture(): Fixture {
  return JSON.parse(readFileSync(path.join(__dirname, 'fixture.json'), 'utf8')) as Fixture;
}

/** Lays the files out as the run had them. */
export function layFiles(folder: string, files: Files): void {
  for (const [run, texts] of Object.entries(files)) {
    for (const [name, text] of Object.entries(texts)) {
      const file = path.join(folder, run, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}
