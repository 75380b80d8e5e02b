import path from 'node:path';

const BIN = path.join(__dirname, '..', '..', '..', 'node_modules', '.bin');

/** A program of the pinned npm packages, by its path: npx would look elsewhere if it is missing. */
export function nodeBin(name: string, ...args: string[]): [program: string, args: string[]] {
  return [path.join(BIN, name), args];
}
