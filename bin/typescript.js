// Runs this repository's TypeScript: `node --require ./bin/typescript.js FILE.ts`. tsx can do the same, but looks into each
// file of the CDK too, which doubles the time of a plan.
//
// A file is compiled once, and what came out is kept under the hash of all that went in, so nothing kept can be older than
// its source.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');
const { version } = require('@swc/core/package.json');

const ROOT = dirname(__dirname);
const KEPT = join(ROOT, 'node_modules', '.cache', 'portway');
/** For Node 20. */
const OPTIONS = {
  jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2023' },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};

/** Our packages that are ES modules only need a Node whose `require` takes them: 20.19, 22.12 or newer. */
if (process.features.require_module) install();
else require('tsx/cjs');

function install() {
  // Traces name the lines of the source.
  process.setSourceMapsEnabled(true);
  // From Node 22.8 on: what V8 makes of a file is kept as well, by its content.
  Module.enableCompileCache?.();

  Module._extensions['.ts'] = (module, filename) => {
    module._compile(compiled(filename, readFileSync(filename, 'utf8')), filename);
  };

  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...rest) {
    // As `paths` of tsconfig.json say: examples and apps import the package by its name.
    if (request === 'portway') return join(ROOT, 'lib', 'index.ts');
    // TypeScript names a file by what it becomes.
    if (/^\.{1,2}\/.*\.js$/.test(request) && parent?.filename?.endsWith('.ts'))
      try {
        return resolve.call(this, request.replace(/js$/, 'ts'), parent, ...rest);
      } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
      }
    return resolve.call(this, request, parent, ...rest);
  };
}

function compiled(filename, source) {
  const hash = createHash('sha256')
    .update(JSON.stringify([version, OPTIONS, filename, source]))
    .digest('hex');
  const kept = join(KEPT, `${hash}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(source, { ...OPTIONS, filename });
    keep(kept, code);
    return code;
  }
}

/** Whole or not at all, since others may read at the same time. In a folder that cannot be written, nothing is kept. */
function keep(path, text) {
  try {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
  } catch {}
}
