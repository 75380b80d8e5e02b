// Says by its exit code whether node_modules holds what package-lock.json asks for (0: yes, 1: no).
//
// Contents are compared, not dates: a checkout touches the lock file without changing it, and npm writes its own record
// (node_modules/.package-lock.json) a moment before it. Plain JavaScript with nothing to import: it runs before `npm ci`.

const fs = require('node:fs');
const path = require('node:path');

function packagesOf(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
}

/** @returns {string | undefined} the first package that is not as the lock file has it */
function firstDifference(folder) {
  const wanted = packagesOf(path.join(folder, 'package-lock.json'));
  let installed;
  try {
    installed = packagesOf(path.join(folder, 'node_modules', '.package-lock.json'));
  } catch {
    return 'node_modules';
  }
  for (const [name, entry] of Object.entries(wanted)) {
    // '' is the project itself. Optional packages of other systems are left out by npm, so they may be missing.
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
