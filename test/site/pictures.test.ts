import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { picturesByTheme, withoutBadges } from '../../site/pictures';
import { pages, readPage } from '../docs/pages';

test('both pictures of a pair are laid into the page', () => {
  const pair = `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="a/dark.svg">
  <img alt="What it shows" src="a/light.svg">
</picture>`;
  expect(picturesByTheme(pair)).toBe(
    '<p><img class="when-light" alt="What it shows" src="./a/light.svg"><img class="when-dark" alt="What it shows" src="./a/dark.svg"></p>',
  );
});

test('every pair of the documents is written in the form that is read', () => {
  const texts = pages().map(readPage);
  expect(texts.filter((text) => text.includes('<picture>')).length).toBeGreaterThan(2);
  for (const text of texts) expect(picturesByTheme(text)).not.toContain('<picture>');
});

test('badges of workflows are for GitHub alone, and each is of a workflow that is there', () => {
  for (const file of ['README.md', 'README.ko.md']) {
    const text = readPage(file);
    const named = [...text.matchAll(/"\.\.\/\.\.\/actions\/workflows\/([\w-]+\.yml)(?:\/badge\.svg)?"/g)].map(
      ([, name]) => name ?? '',
    );
    expect(named).toHaveLength(4);
    for (const name of named) expect(existsSync(join(__dirname, '..', '..', '.github', 'workflows', name))).toBe(true);
    expect(withoutBadges(text)).not.toContain('actions/workflows');
    expect(withoutBadges(text).length).toBeGreaterThan(text.length - 400);
  }
});
