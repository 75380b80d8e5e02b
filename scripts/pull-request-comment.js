// Makes the comment's text from the files of pull-request-diff.sh: node scripts/pull-request-comment.js FOLDER
//
// The files were written by the pull request's code, so they are untrusted text. They go into code blocks that they cannot
// close: no mentions, links or pictures. They are cut to fit into a comment.

const fs = require('node:fs');
const path = require('node:path');

/** Finds the comment again, to replace it. */
const MARKER = '<!-- portway: what this change does -->';
/** GitHub's limit for a comment is 65,536 characters; two blocks and the text around them stay below it. */
const BLOCK_LIMIT = 30_000;

const BLOCKS = [
  { file: 'cdk-diff.txt', title: 'What CloudFormation would change (cdk diff)', language: 'text' },
  { file: 'rules.diff', title: 'What the host would run (rules, nginx.conf, user-data)', language: 'diff' },
];

function fenced(text, language) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** @param {string} text */
function shown(text) {
  // Invisible characters could hide or reorder visible ones.
  const plain = text.replace(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, '').trimEnd();
  if (plain.length <= BLOCK_LIMIT) return { plain, cut: 0 };
  const kept = plain.slice(0, BLOCK_LIMIT).replace(/\n[^\n]*$/, '');
  return { plain: kept, cut: plain.length - kept.length };
}

/** @param {Record<string, string | undefined>} files text by file name */
function comment(files) {
  const parts = BLOCKS.map(({ file, title, language }) => {
    const { plain, cut } = shown(files[file] ?? '');
    if (plain === '') return `**${title}**: no difference.`;
    const more = cut > 0 ? `\n\n${cut} more characters are in the workflow's artifact.` : '';
    return `<details><summary>${title}</summary>\n\n${fenced(plain, language)}${more}\n\n</details>`;
  });
  const about =
    "Made from the pull request's own code. Templates are compared with those of the base branch, without an AWS account.";
  return `${[MARKER, '### What this change does', about, ...parts].join('\n\n')}\n`;
}

if (require.main === module) {
  const folder = process.argv[2];
  const read = (file) => {
    const full = path.join(folder, file);
    return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : undefined;
  };
  process.stdout.write(comment(Object.fromEntries(BLOCKS.map(({ file }) => [file, read(file)]))));
}
module.exports = { MARKER, comment };
