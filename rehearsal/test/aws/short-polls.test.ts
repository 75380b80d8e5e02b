import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SHORT_POLLS = join(__dirname, '../../src/aws/short-polls.cjs');

test('the wait of the CLI is shorter, with its words, and no other; promisified as before', () => {
  const program = `
    const from = Date.now();
    const after = (name) => console.log(name, Date.now() - from < 2500 ? 'early' : 'late');
    setTimeout(after, 5000, 'poll');
    setTimeout(after, 3000, 'other');
    require('node:util').promisify(setTimeout)(1, 'value').then((value) => console.log(value));`;
  const said = execFileSync(process.execPath, ['--require', SHORT_POLLS, '-e', program], { encoding: 'utf8' });
  expect(said).toBe('value\npoll early\nother late\n');
}, 60_000);

test('the CLI waits that long between two questions, and nowhere else', () => {
  const cli = readFileSync(join(dirname(require.resolve('aws-cdk/bin/cdk')), '../lib/index.js'), 'utf8');
  expect(cli).toContain('async function waitFor(valueProvider, timeout = 5e3) {');
  expect(cli.match(/(?:setTimeout|wait|sleep)\w*\([^;{}\n]*\b(?:5e3|5000)\)/gi)).toEqual([
    'waitFor(valueProvider, timeout = 5e3)',
  ]);
});
