import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assetFile, BOOT_SCRIPT, PROGRAMS, readAsset } from '../../lib/host/assets';

const TREE = join(__dirname, '../../assets');

/** All files of assets/, by their paths on the host. */
const PATHS = readdirSync(TREE, { recursive: true, encoding: 'utf8' })
  .filter((path) => statSync(join(TREE, path)).isFile() && !path.includes('__pycache__'))
  .map((path) => `/${path}`);

const isPython = (path: string) => path.endsWith('.py') || readAsset(path).startsWith('#!/usr/bin/python3');

test('a file that begins with #! is a program, and no other', () => {
  expect(
    PATHS.map(assetFile)
      .filter(({ mode }) => mode === '0755')
      .map(({ path }) => path),
  ).toEqual(
    expect.arrayContaining(['/usr/local/bin/portway', `${PROGRAMS}/host.sh`, `${PROGRAMS}/metadata.sh`, BOOT_SCRIPT]),
  );
  expect(assetFile(`${PROGRAMS}/portway/rules.py`).mode).toBe('0644');
});

/** Fails unless two Python texts are the same program, apart from docstrings and the types of functions. */
const SAME = `
import ast, json, sys
def program(text):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            del body[0]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)
for path, (one, other) in json.load(sys.stdin).items():
    assert program(one) == program(other), path
    assert not any(isinstance(node, ast.FunctionDef) and node.returns for node in ast.walk(ast.parse(other))), path
    assert '"""' not in other, path + " is packed with a docstring"
`;

test('Python files are packed without comments and docstrings, as the same programs', () => {
  const files = PATHS.filter(isPython);
  expect(files.length).toBeGreaterThan(15);
  const texts = files.map((path) => [path, [readFileSync(join(TREE, path), 'utf8'), readAsset(path)]]);
  execFileSync('python3', ['-c', SAME], { input: JSON.stringify(Object.fromEntries(texts)) });
  for (const path of files) expect(readAsset(path)).not.toMatch(/\n *(#.*)?\n/);
});
