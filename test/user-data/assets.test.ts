import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { assetFile, PROGRAMS, readAsset } from '../../lib/host/assets';

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
    expect.arrayContaining([
      '/usr/local/bin/portway',
      `${PROGRAMS}/host.sh`,
      `${PROGRAMS}/metadata.sh`,
      `${PROGRAMS}/loader.sh`,
    ]),
  );
  expect(assetFile(`${PROGRAMS}/portway/rules.py`).mode).toBe('0644');
});

/** Fails unless two Python texts are the same program, apart from docstrings and types, and the second one has all types that it uses. */
const SAME = `
import ast, json, sys
TYPES = ("typing", "collections.abc")
class Untyped(ast.NodeTransformer):
    def visit_ClassDef(self, node):
        # A class's own fields keep their types.
        node.body = [one if isinstance(one, ast.AnnAssign) else self.visit(one) for one in node.body]
        return node
    def visit_AnnAssign(self, node):
        return ast.Assign([node.target], node.value)
    def visit_ImportFrom(self, node):
        return None if node.module in TYPES else node
def types(tree):
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module in TYPES]
    return {name.asname or name.name for node in imports for name in node.names}
def names(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
def program(text):
    tree = Untyped().visit(ast.parse(text))
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
    missing = types(ast.parse(one)) & names(ast.parse(other)) - types(ast.parse(other))
    assert not missing, (path, missing)
    assert not types(ast.parse(other)) - names(ast.parse(other)), path + " is packed with unused types"
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

test('each module of the package can be imported as it is packed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portway-packed-'));
  const modules = PATHS.filter((path) => /\/portway\/portway\/\w+\.py$/.test(path));
  mkdirSync(join(folder, 'portway'));
  for (const path of modules) writeFileSync(join(folder, 'portway', basename(path)), readAsset(path));
  const names = modules.map((path) => `portway.${basename(path, '.py')}`);
  const script =
    'import importlib, sys\nsys.path.insert(0, sys.argv[1])\nfor name in sys.argv[2:]: importlib.import_module(name)';
  execFileSync('python3', ['-IBSc', script, folder, ...names]);
  rmSync(folder, { recursive: true });
  expect(names.length).toBeGreaterThan(15);
});
