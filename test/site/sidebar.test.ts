import { NO_PAGES } from '../../site/pages';
import { pagesOf, SUBJECTS, sidebar } from '../../site/sidebar';
import { pages, ROOT } from '../docs/pages';

/** What the site makes a page of, besides the API reference. */
const documents = pages().filter(
  (page) =>
    !page.startsWith('.') && !page.startsWith('site/') && !NO_PAGES.some((folder) => page.startsWith(`${folder}/`)),
);

test('each document is in the sidebar once, but for the Korean README, which the menu of languages leads to', () => {
  const shown = SUBJECTS.flatMap(({ files }) => files.flatMap((entry) => pagesOf(entry, documents)));
  expect(shown.toSorted()).toEqual(documents.filter((page) => page !== 'README.ko.md').toSorted());
});

test('a page is named by its heading, and a folder begins with its README', () => {
  const decisions = sidebar(ROOT, documents).find(({ text }) => text === 'Decisions');
  expect(decisions?.items[0]).toEqual({ text: 'Decisions', link: '/decisions/' });
  expect(decisions?.items).toContainEqual({ text: 'Live changes', link: '/decisions/live-changes.md' });
});
