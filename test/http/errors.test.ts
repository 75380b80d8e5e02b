import { Problems } from '../../lib/forward/problems';
import { readErrorPage } from '../../lib/http/errors';

function read(value: unknown) {
  const problems = new Problems();
  const page = readErrorPage('errors', value, 'web', problems);
  let told: readonly string[] = [];
  try {
    problems.throwIfAny();
  } catch (error) {
    told = (error as { problems: readonly string[] }).problems;
  }
  return { page, told };
}

test('applies defaults', () => {
  expect(read(undefined)).toEqual({ page: undefined, told: [] });
  expect(read({ title: 'Soon' })).toEqual({
    page: { id: 'web', title: 'Soon', message: 'Please try again in a moment.' },
    told: [],
  });
});

test('encodes a whole page as ASCII without a dollar sign', () => {
  expect(read({ html: '<p>caf\u00e9 $5 \u{1f600}\n' }).page?.html).toBe('<p>caf&#233; &#36;5 &#128512;\n');
});

test.each<[string, unknown, RegExp]>([
  ['a text alone', 'sorry', /^errors must be an object such as/],
  ['an unknown part', { text: 'x' }, /^errors\.text must be one of title, message, html$/],
  ['no title', { title: '' }, /^errors\.title must be a text of 1-60 characters on one line, got: ""$/],
  ['a long title', { title: 'x'.repeat(61) }, /^errors\.title must be a text of 1-60/],
  ['a title of two lines', { title: 'a\nb' }, /^errors\.title must be a text of 1-60 characters on one line/],
  ['half a character', { title: '\ud83d' }, /^errors\.title/],
  ['a long message', { message: 'x'.repeat(301) }, /^errors\.message must be a text of 1-300/],
  ['a message that is not a string', { message: 5 }, /^errors\.message/],
  ['a page with carriage returns', { html: '<p>\r\n' }, /^errors\.html must be a text with Unix line endings/],
  ['an empty page', { html: '' }, /^errors\.html must be a text/],
  ['a long page', { html: 'x'.repeat(3501) }, /^errors\.html must be at most 3500 bytes .*got: 3501$/],
  ['a page of quotes', { html: '"'.repeat(1751) }, /^errors\.html must be at most 3500 bytes .*got: 3502$/],
])('%s', (_, value, message) => {
  const { told } = read(value);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(message);
});
