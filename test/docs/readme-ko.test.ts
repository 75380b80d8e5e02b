import { FIGURES } from '../../lib/plan/change/traffic';
import { linksOf } from '../run/links';
import { codeBlocks, readPage } from './pages';

const ENGLISH = readPage('README.md');
const KOREAN = readPage('README.ko.md');

/** The page's skeleton: what must be the same in every language. */
const levels = (text: string) => [...text.matchAll(/^(#+) /gm)].map((match) => match[1]);
const code = (text: string) => [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map((match) => match[1]);
const targets = (text: string) => linksOf(text).map(({ link }) => link);
const pictures = (text: string) => [...text.matchAll(/(?:srcset|src)="([^"]+)"/g)].map((match) => match[1]);
const rows = (text: string) => text.split('\n').filter((line) => line.startsWith('|')).length;
const withoutBlocks = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');

test('README.ko.md has the code blocks of README.md, as they are', () => {
  const texts = (page: string) => codeBlocks(page).map(({ language, text }) => ({ language, text }));
  expect(texts('README.ko.md')).toEqual(texts('README.md'));
});

test('it has the same headings, pictures and table rows', () => {
  expect(levels(KOREAN)).toEqual(levels(ENGLISH));
  expect(pictures(KOREAN)).toEqual(pictures(ENGLISH));
  expect(rows(KOREAN)).toBe(rows(ENGLISH));
});

test('it names the same props and commands, and leads to the same pages', () => {
  // Within a sentence their order is the language's.
  expect(code(KOREAN).toSorted()).toEqual(code(ENGLISH).toSorted());
  const other = { 'README.md': 'README.ko.md' } as Readonly<Record<string, string>>;
  expect(
    targets(KOREAN)
      .map((link) => other[link] ?? link)
      .toSorted(),
  ).toEqual(targets(ENGLISH).toSorted());
});

test('each says where the other is, and the figures are the same', () => {
  expect(ENGLISH).toContain('[한국어](README.ko.md)');
  expect(KOREAN).toContain('[English](README.md)');
  for (const figure of [FIGURES.live.lost, '10.50', '22', '24', '20.19']) {
    expect(ENGLISH).toContain(figure);
    expect(KOREAN).toContain(figure);
  }
  expect(ENGLISH).toContain(FIGURES.live.after);
  expect(KOREAN).toContain(FIGURES.live.after.replace(' to ', '~').replace(' s', '초'));
});

test('it uses the words of Korean server developers', () => {
  for (const word of ['포트 포워딩', '보안 그룹', '리버스 프록시', '가용 영역', '로드 밸런서'])
    expect(KOREAN).toContain(word);
});
