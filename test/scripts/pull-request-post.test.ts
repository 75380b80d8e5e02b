import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MARKER } from '../../scripts/pull-request-comment';

const SCRIPT = path.join(__dirname, '..', '..', 'scripts', 'pull-request-post.sh');

// A stand-in for gh: answers from files as the API would after --jq, and records its arguments.
const GH = `#!/bin/bash
printf '%s\\n' "$*" >>"$FAKE/calls"
case "$*" in
  *--method\\ GET*pulls*) cat "$FAKE/pulls" ;;
  *--paginate*comments*) cat "$FAKE/comments" ;;
esac
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'portway-post-'));
  writeFileSync(path.join(folder, 'gh'), GH, { mode: 0o755 });
  writeFileSync(path.join(folder, 'body.md'), `${MARKER}\nhello\n`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function post(pulls: string, comments: string) {
  writeFileSync(path.join(folder, 'pulls'), pulls);
  writeFileSync(path.join(folder, 'comments'), comments);
  const output = execFileSync('bash', [SCRIPT, path.join(folder, 'body.md')], {
    encoding: 'utf8',
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      FAKE: folder,
      REPOSITORY: 'team/portway',
      HEAD_OWNER: 'stranger',
      // A name that a shell would execute if it were inserted into a script.
      HEAD_BRANCH: '$(touch pwned)',
      HEAD_SHA: 'abc',
    },
    cwd: folder,
  });
  const calls = readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n');
  return { output, calls };
}

test('comments on the first run', () => {
  const { calls, output } = post('7\told\n8\tabc\n', '');
  expect(calls[0]).toContain('-f head=stranger:$(touch pwned)');
  expect(calls.at(-1)).toContain(`--method POST repos/team/portway/issues/8/comments -F body=@${folder}/body.md`);
  expect(output).toContain('commented on pull request 8');
  expect(existsSync(path.join(folder, 'pwned'))).toBe(false);
});

test('replaces its own comment on a later run', () => {
  const { calls } = post('8\tabc\n', '101\n102\n');
  expect(calls[1]).toContain('github-actions[bot]');
  expect(calls[1]).toContain(MARKER);
  expect(calls.at(-1)).toContain('--method PATCH repos/team/portway/issues/comments/101');
});

test('leaves a pull request alone that has moved on', () => {
  const { calls, output } = post('8\tdef\n', '');
  expect(calls).toHaveLength(1);
  expect(output).toContain('no open pull request has commit abc');
});
