import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { encodePart } from '../../lib/host/content/part-text';
import { decodePart } from './decode';

/** What the host's own tests read too. */
const VECTORS: readonly { readonly encoded: string; readonly values: readonly string[]; readonly text: string }[] =
  JSON.parse(readFileSync(join(__dirname, '..', 'host-package', 'part-text.json'), 'utf8'));

const token = (n: number) => `\${Token[TOKEN.${n}]}`;

test.each(VECTORS)('$text is read from $encoded', ({ encoded, values, text }) => {
  expect(decodePart(encoded, values)).toBe(text);
});

test.each(VECTORS.filter(({ values }) => values.length === 0))('$text is stored as $encoded', ({ encoded, text }) => {
  expect(encodePart(text, [])).toBe(encoded);
});

test('each token is a number, the same wherever it stands', () => {
  const values = [token(7)];
  expect(encodePart(`a ${token(12)}, {${token(7)}{{ ${token(12)}`, values)).toBe('a @(1), {@(0){@(brace) @(1)');
  expect(values).toEqual([token(7), token(12)]);
});

test('whatever a text holds, it is read as it was, and Parameter Store takes it', () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      '{',
      '{{',
      '{{{',
      '}}',
      '@',
      '(',
      '@(',
      '@(brace)',
      '@(at)',
      '@(0)',
      ')',
      '$',
      '${',
      'Token[',
      '\n',
    ),
    fc.nat(20).map(token),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (all) => {
      const text = all.join('');
      const values: string[] = [];
      const encoded = encodePart(text, values);
      expect(encoded).not.toContain('{{');
      expect(encoded).not.toContain('Token[TOKEN.');
      expect(decodePart(encoded, values)).toBe(text);
    }),
    { numRuns: 5000 },
  );
});
