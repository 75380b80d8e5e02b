import fc from 'fast-check';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { made } from '../../lib/import/check';
import { ImportError, type Source } from '../../lib/import/imported';
import { printImported } from '../../lib/import/print';
import { readImported } from '../../lib/import/read';
import { recognize } from '../../lib/import/recognize';
import { samples } from './corpus';

/** Reads a file as the command does. Whatever is in it, the answer is an error that names the file, or forwards that pass. */
function tryOne(path: string, text: string): void {
  for (const from of new Set([recognize(text), recognizeAs(path)])) {
    try {
      const imported = readImported(path, text, from);
      printImported(imported, path);
      const entries = Object.entries(imported.forwards);
      if (entries.length === 0) continue;
      const forwards = Object.fromEntries(entries.map(([name, one]) => [name, made(one)]));
      resolveForwardsOrThrow({ forwards, engine: imported.gateway.engine } as ForwardSet);
    } catch (error) {
      if (!(error instanceof ImportError)) throw new Error(`crashed on:\n${text}`, { cause: error });
      expect(error.message.startsWith(path)).toBe(true);
    }
  }
}

function recognizeAs(path: string): Source {
  return path.includes('/nft/') ? 'nft' : path.includes('/iptables/') ? 'iptables' : 'nginx';
}

const FILES = samples();

test('files that end anywhere are read, or refused in words', () => {
  for (const { path, text } of FILES)
    for (let end = 0; end < text.length; end += Math.max(7, Math.floor(text.length / 60)))
      tryOne(path, text.slice(0, end));
}, 60_000);

/** Words that mean something, in places where they do not. */
const WORDS = [
  '{',
  '}',
  ';',
  '"',
  "'",
  '\\',
  '$',
  '${',
  '!',
  '-j',
  '-A',
  '--dport',
  '0',
  '99999',
  '::',
  '[',
  '/',
  '~',
  '^(',
  '\u0000',
  '\n',
  'location',
  'server',
  'proxy_pass',
  'unix:',
  '{}',
  'null',
  '-1',
  '443',
  '22',
  'listen',
];

test('files with something exchanged are read, or refused in words', () => {
  const change = fc.record({
    file: fc.constantFrom(...FILES),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 12 }),
    put: fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 })),
  });
  fc.assert(
    fc.property(change, ({ file: { path, text }, at, length, put }) => {
      const from = Math.floor(at * text.length);
      tryOne(path, `${text.slice(0, from)}${put}${text.slice(from + length)}`);
    }),
    { numRuns: 600 },
  );
}, 120_000);

test('anything at all is read, or refused in words', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 })), { maxLength: 40 }),
      (words) => tryOne('/tmp/nginx/x', words.join(' ')),
    ),
    { numRuns: 600 },
  );
}, 60_000);
