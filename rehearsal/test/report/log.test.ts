import { tail } from '../../src/report/log';

test('the last lines, and how many stand before them', () => {
  expect(tail('a\nb\nc\n', 3)).toBe('a\nb\nc');
  expect(tail('a\nb\nc\n\n', 2)).toBe('(1 earlier lines are left out)\nb\nc');
  expect(tail('', 2)).toBe('');
});

test('of a line that was written over only the last state; no colours, no control characters', () => {
  expect(tail('Reading ... 5%\rReading ... 100%\r\nnext\r\n', 9)).toBe('Reading ... 100%\nnext');
  expect(tail('\u001b[0;32mOK\u001b[0m \u0001\tdone\u0000', 9)).toBe('OK ·\tdone·');
});

test('one endless line does not make an endless page', () => {
  expect(tail('x'.repeat(1_000_000), 9).length).toBeLessThan(100_000);
});
