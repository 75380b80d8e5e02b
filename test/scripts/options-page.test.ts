import { Project } from 'ts-morph';
import { writeTables } from '../../scripts/options-page/page';
import { readProps } from '../../scripts/options-page/read-props';

function props(source: string, ...roots: string[]) {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: { strict: true } });
  project.createSourceFile('source.ts', source);
  return readProps(
    project,
    roots.map((name) => ({ name })),
  );
}

/** A prop with all that the generator asks for. */
const prop = (name: string, type = 'string') => `
  /**
   * About ${name}.
   * @default none
   */
  readonly ${name}?: ${type};
`;

test('reads meaning, default, refusals and links of a prop', () => {
  const source = `
    /** @category Sizes */
    interface Props {
      /**
       * The size,
       * in MiB:
       * - small, or
       * - large.
       * @default 100; more on request
       * @refused less
       * than 1
       * @see docs/limits.md#sizes
       * @see https://www.example.com/sizes
       */
      readonly size?: number;
      /** The name. */
      readonly name: string;
    }`;
  expect(props(source, 'Props')).toEqual([
    {
      path: 'size',
      category: 'Sizes',
      required: false,
      text: 'The size, in MiB: small, or large.',
      standard: '100; more on request',
      refused: 'less than 1',
      see: ['docs/limits.md#sizes', 'https://www.example.com/sizes'],
    },
    { path: 'name', category: 'Sizes', required: true, text: 'The name.', see: [] },
  ]);
});

test('follows types: base interfaces, intersections, Pick, records, arrays, unions, factories', () => {
  const source = `
    interface Base { ${prop('base')} }
    interface Left { ${prop('left')} }
    interface Right { ${prop('right')} }
    type Both = Left & Right;
    interface Nested { ${prop('picked')} ${prop('other')} }
    /** @category All */
    interface Props extends Base, Both {
      ${prop('record', 'Readonly<Record<string, Base>>')}
      ${prop('list', 'string | readonly (string | Left)[]')}
      ${prop('part', "false | Pick<Nested, 'picked'>")}
    }
    class Factory { static one(props: Props): Factory { return new Factory(); } }`;
  expect(props(source, 'Factory').map(({ path }) => path)).toEqual([
    'record',
    'base',
    'list',
    'left',
    'part',
    'part.picked',
    'right',
  ]);
});

test("takes a prop's category from itself, else from the type that declares it, else from the type that led there", () => {
  const source = `
    interface Feature { ${prop('inherited')} }
    /** @category Own */
    interface Other { ${prop('declared')} }
    /** @category Above */
    interface Props extends Feature, Other {
      /**
       * Text.
       * @default none
       * @category Itself
       */
      readonly itself?: string;
    }`;
  expect(props(source, 'Props').map(({ path, category }) => [path, category])).toEqual([
    ['itself', 'Itself'],
    ['inherited', 'Above'],
    ['declared', 'Own'],
  ]);
});

test('a prop that a derived interface declares anew is documented there', () => {
  const source = `
    interface Base { ${prop('same')} }
    /** @category All */
    interface Props extends Base { ${prop('same').replace('About', 'Narrower:')} }`;
  expect(props(source, 'Props').map(({ text }) => text)).toEqual(['Narrower: same.']);
});

test('names every prop without a docstring, a default or a category', () => {
  const source = `
    /** @category All */
    interface Props {
      readonly silent?: string;
      /** Text. */
      readonly noDefault?: string;
    }
    interface Homeless { ${prop('homeless')} }`;
  expect(() => props(source, 'Props', 'Homeless')).toThrow(
    [
      'silent has no docstring',
      'noDefault is optional and has no @default',
      'homeless has no @category, on itself or on its interface',
    ].join('\n'),
  );
});

const ROW = { path: 'a', category: 'All', required: false, text: "'x' | 'y'.", standard: "'x'", see: [] };

test('writes tables between their markers and leaves the prose alone', () => {
  const page = 'Before.\n<!-- options: All -->\nold\n<!-- end of options -->\nAfter.';
  expect(
    writeTables(page, [{ ...ROW, see: ['docs/options.md#here', 'docs/tls.md', 'https://www.example.com/'] }]),
  ).toBe(
    [
      'Before.',
      '<!-- options: All -->',
      '',
      '| prop | meaning | default | refused |',
      '| --- | --- | --- | --- |',
      "| `a` | 'x' \\| 'y'. [More](#here) [More](tls.md) [example.com](https://www.example.com/) | `'x'` | |",
      '',
      '<!-- end of options -->',
      'After.',
    ].join('\n'),
  );
});

test.each([
  ['a category without a table', 'No table.', 'the page has no table for All'],
  ['a table without props', '<!-- options: None -->\n<!-- end of options -->', 'no prop has the category None'],
  ['a table without an end', '<!-- options: All -->', 'the last table has no end marker'],
])('refuses %s', (_, page, message) => {
  expect(() => writeTables(page, [ROW])).toThrow(message);
});
