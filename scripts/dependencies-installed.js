// Exits with 0 if node_modules matches package-lock.json, with 1 if it does not.
//
// Compares contents, not dates: a checkout touches the lock file without changing it, and npm writes its own record
// (node_modules/.package-lock.json) just before it. Plain JavaScript without imports: it runs before `npm ci`.

const fs = require('node:fs');
const path = require('node:path');

function packagesOf(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
}

/** @returns {string | undefined} the first package that differs from the lock file */
function firstDifference(folder) {
  const wanted = packagesOf(path.join(folder, 'package-lock.json'));
  let installed;
  try {
    installed = packagesOf(path.join(folder, 'node_modules', '.package-lock.json'));
  } catch {
    return 'node_modules';
  }
  for (const [name, entry] of Object.entries(wanted)) {
    // '' is the project itself. npm leaves out optional packages for other systems.
    if (name === '' || (entry.optional && !installed[name])) continue;
    if (installed[name]?.version !== entry.version || installed[name]?.integrity !== entry.integrity) return name;
    if (!fs.existsSync(path.join(folder, name, 'package.json'))) return name;
  }
  return undefined;
}

if (require.main === module) {
  process.exitCode = firstDifference(path.join(__dirname, '..')) === undefined ? 0 : 1;
}
module.exports = { firstDifference };
