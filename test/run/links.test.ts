import { brokenLinks, headingIds, linksOf } from './links';

const check = (text: string, others: Record<string, string> = {}) =>
  brokenLinks({
    files: new Set(['docs/page.md', 'docs/deep/other.md', 'lib/code.ts', ...Object.keys(others)]),
    markdown: new Map(Object.entries({ 'docs/page.md': text, ...others })),
  }).map(({ line, link, why }) => `${line} ${link}: ${why}`);

test('files, folders, headings and other sites are fine', () => {
  const text = [
    '# Page',
    '[a](deep/other.md) [b](../lib/code.ts) [c](../lib/) [d](#page)',
    '[e](https://example.com/x)',
  ];
  expect(check(text.join('\n'))).toEqual([]);
  expect(check('[x](deep/other.md#in-there)', { 'docs/deep/other.md': '## In *there*' })).toEqual([]);
});

test('what leads nowhere is named with its line', () => {
  expect(check('\n[a](gone.md)')).toEqual(['2 gone.md: there is no docs/gone.md']);
  expect(check('[a](#nope)')).toEqual(['1 #nope: docs/page.md has no heading #nope']);
  expect(check('[a](../../x)')).toEqual(['1 ../../x: it leads out of the project']);
  expect(check('[r]: gone.md')).toEqual(['1 gone.md: there is no docs/gone.md']);
  expect(check('![picture](gone.png "title")')).toEqual(['1 gone.png: there is no docs/gone.png']);
});

test('code is no link', () => {
  expect(linksOf('`[a](b)` ``[c](d)``\n```\n[e](f)\n```\n~~~md\n[g](h)\n~~~\n[i](j)')).toEqual([
    { line: 8, link: 'j' },
  ]);
});

test('heading ids as GitHub makes them', () => {
  const ids = headingIds('# What `npm start` does, in 3 steps\n## Same\n## Same\n```\n# no\n```\n### A [link](x.md)!');
  expect([...ids]).toEqual(['what-npm-start-does-in-3-steps', 'same', 'same-1', 'a-link']);
});
