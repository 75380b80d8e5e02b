#!/usr/bin/env node
// The command `portway`. In the repository it runs the source, so that no build can be older than it; the package
// has the build only.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const source = join(__dirname, 'portway.ts');
if (existsSync(source)) {
  require('./typescript.js');
  require(source);
} else require('../dist/bin/portway.js');
