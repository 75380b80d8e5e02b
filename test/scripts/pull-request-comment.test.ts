import { comment, MARKER } from '../../scripts/pull-request-comment';

test("puts both diffs into code blocks, below the comment's marker", () => {
  const text = comment({ 'cdk-diff.txt': '[~] AWS::EC2::Instance', 'rules.diff': '-a\n+b' });
  expect(text.startsWith(MARKER)).toBe(true);
  expect(text).toContain('```text\n[~] AWS::EC2::Instance\n```');
  expect(text).toContain('```diff\n-a\n+b\n```');
});

test('says so if there is no difference', () => {
  const text = comment({ 'cdk-diff.txt': ' \n' });
  expect(text).toContain('(cdk diff)**: no difference.');
  expect(text).toContain('user-data)**: no difference.');
});

test('keeps untrusted text in its block: longer runs of backticks get a longer fence', () => {
  const text = comment({ 'rules.diff': '+x\n````\n@everyone ![](https://example.com/x.png)\n````' });
  const fence = /^(`+)diff$/m.exec(text)?.[1] ?? '';
  expect(fence).toBe('`````');
  const inside = text.slice(text.indexOf(`${fence}diff`) + fence.length, text.lastIndexOf(fence));
  expect(inside).toContain('@everyone');
  expect(inside).not.toContain(fence);
});

test('removes invisible characters', () => {
  const text = comment({ 'rules.diff': '+a\u001b[31m\u202eb\u200b\r\n\t+c\u0000' });
  expect(text).toContain('```diff\n+a[31mb\n\t+c\n```');
});

test('fits two very long diffs into one comment, cut at a line break, and says how much is missing', () => {
  const long = '+0123456789012345678\n'.repeat(5000);
  const text = comment({ 'cdk-diff.txt': long, 'rules.diff': long });
  expect(text.length).toBeLessThan(65_536);
  const missing = [...text.matchAll(/^(\d+) more characters/gm)].map((match) => Number(match[1]));
  expect(missing).toHaveLength(2);
  expect(long.trimEnd().length - (missing[0] ?? 0)).toBeLessThanOrEqual(30_000);
  expect(text).toContain('+0123456789012345678\n```');
});
