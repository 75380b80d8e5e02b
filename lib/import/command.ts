import { readFileSync } from 'node:fs';
import { NO_ANSWER } from '../plan/no-answer';
import { ImportError, type Imported, type Source } from './imported';
import { printImported } from './print';
import { readImported } from './read';
import { recognize } from './recognize';

export interface ImportOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  /** What the file is. Default: recognized by its text. */
  readonly from?: Source;
  readonly json?: boolean;
}

/**
 * `portway import`: prints the forwards that say what a file says.
 * @returns the exit code: 1 if something in the file has no counterpart
 */
export function importCommand({ file, from, json = false }: ImportOptions): number {
  try {
    const text = read(file);
    const imported = readImported(
      file === '-' ? 'standard input' : file,
      text,
      from ?? recognize(text, file === '-' ? undefined : file),
    );
    if (Object.keys(imported.forwards).length === 0) {
      process.stderr.write(`${file}: nothing in it is a forward that Portway can make\n`);
      for (const { fate, line, file: at, text: said, why } of imported.remarks)
        if (fate !== 'own') process.stderr.write(`${at}:${line} ${said}: ${why}\n`);
      return NO_ANSWER;
    }
    process.stdout.write(json ? `${JSON.stringify(imported, null, 2)}\n` : printImported(imported, file));
    return isWhole(imported) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return NO_ANSWER;
  }
}

/** Whether everything in the file has a counterpart. */
function isWhole({ remarks }: Imported): boolean {
  return remarks.every(({ fate }) => fate === 'differs' || fate === 'own');
}

/** @throws ImportError if the file cannot be read */
function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = { ENOENT: 'there is no such file', EACCES: 'must not be read by you', EISDIR: 'is a folder' }[
      code ?? ''
    ];
    throw new ImportError({ file }, why ?? `cannot be read (${code})`);
  }
}
