import { compile } from './compile';
import { codeBlocks, pages } from './pages';

const blocks = pages().flatMap(codeBlocks);
const typescript = blocks.filter(({ language }) => language === 'ts');

/** Blocks with a mistake, which the compiler must find: a whole file and parts. */
const wrong = typescript
  .filter(({ page, text }) => /^(README|docs\/tls)\.md$/.test(page) && text.includes('listen: 443'))
  .map((block) => ({
    ...block,
    page: `wrong ${block.page}`,
    text: block.text.replace('listen: 443', 'liste: 443'),
  }));

// One run of the compiler for all: each takes seconds.
let found: readonly string[];
beforeAll(() => {
  found = compile([...typescript, ...wrong]);
}, 120_000);

test('every block of TypeScript in the pages compiles', () => {
  expect(typescript.length).toBeGreaterThan(10);
  expect(found.filter((line) => !/^(wrong| )/.test(line))).toEqual([]);
});

test('a block with a misspelt prop does not, be it a whole file or a part', () => {
  const lines = found.join('\n');
  expect(lines).toMatch(/^wrong README\.md:\d+ \(.*'liste' does not exist/m);
  expect(lines).toMatch(/^wrong docs\/tls\.md:\d+ \(.*'liste' does not exist/m);
});

test('no block hides TypeScript behind another name', () => {
  const names = new Set(blocks.map(({ language }) => language));
  expect([...names].toSorted()).toEqual(['', 'bash', 'iptables', 'json', 'mermaid', 'ts']);
});
