import { addressOf, pageOf } from '../../site/pages';

test.each([
  ['README.md', 'index.md'],
  ['README.ko.md', 'ko/index.md'],
  ['docs/README.md', 'documents.md'],
  ['docs/nat.md', 'nat.md'],
  ['docs/operations/deploy.md', 'operations/deploy.md'],
  ['docs/decisions/README.md', 'decisions/index.md'],
  ['examples/README.md', 'examples/index.md'],
  ['CONTRIBUTING.md', 'contribute.md'],
  ['docs/contributing/README.md', 'contributing/index.md'],
  ['site/reference/Class.Tls.md', 'reference/Class.Tls.md'],
])('%s stands at %s', (file, page) => expect(pageOf(file)).toBe(page));

const REPOSITORY = 'https://example.com/team/portway';

test.each([
  ['README.md', 'docs/operations/deploy.md#cost', '/operations/deploy.md#cost'],
  ['docs/tls.md', '../README.md', '/'],
  ['docs/README.md', 'decisions/README.md', '/decisions/'],
  ['docs/decisions/tls.md', '../options.md', '/options.md'],
  ['docs/decisions/tls.md', '../../examples/README.md#own', '/examples/#own'],
  ['docs/tls.md', '../examples/passthrough/app.ts', `${REPOSITORY}/blob/HEAD/examples/passthrough/app.ts`],
  ['docs/how-it-works.md', '../test/snapshots/expected/', `${REPOSITORY}/blob/HEAD/test/snapshots/expected`],
  ['docs/tls.md', '#names', '#names'],
  ['docs/tls.md', 'https://example.com/x.md', 'https://example.com/x.md'],
  ['docs/tls.md', 'mailto:a@example.com', 'mailto:a@example.com'],
])('in %s, %s leads to %s', (page, link, address) => expect(addressOf(page, link, REPOSITORY)).toBe(address));

test('a file that is no page has no address where the repository has none', () => {
  expect(addressOf('README.md', 'LICENSE', undefined)).toBeUndefined();
  expect(addressOf('README.md', 'docs/nat.md', undefined)).toBe('/nat.md');
});
