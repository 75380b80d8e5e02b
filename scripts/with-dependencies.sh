#!/usr/bin/env bash
# Runs one of the project's TypeScript programs, and first installs the npm packages if they differ from package-lock.json.
# So `npm start` and `npm test` each work right after `git clone`.
#
# Usage: bash scripts/with-dependencies.sh SCRIPT [ARG...]     SCRIPT: a path inside the project
set -Eeuo pipefail

die() {
  printf 'portway: %s\n' "$1" >&2
  exit 1
}

# The same minimum as "engines" in package.json. An older Node would fail later, with a syntax error or a missing module.
check_node() {
  local found major minor
  command -v node >/dev/null || die "node is not on the PATH: install Node.js 20.19 or later (https://nodejs.org)"
  found=$(node --version)
  IFS=. read -r major minor _ <<<"${found#v}"
  if ((major < 20 || (major == 20 && minor < 19))); then
    die "Node.js must be 20.19 or later, got: $found; install a later one (https://nodejs.org)"
  fi
}

install() {
  local log status=0
  log=$(mktemp)
  echo 'portway: installing the npm packages (npm ci); this takes a minute the first time' >&2
  # Include development packages even with NODE_ENV=production: tsx, which runs TypeScript, is one of them.
  npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    # npm prints the error first, then a long usage text.
    head -n 20 "$log" >&2
    rm -f "$log"
    die "npm ci failed with status $status (see above); once the network is up, run the same command again"
  fi
  rm -f "$log"
}

# Two commands started at once in a fresh clone must not install over each other. The lock is on an existing file, so nothing
# is left behind. Without flock (macOS) both install, which is only slow.
install_when_needed() {
  node scripts/dependencies-installed.js && return
  (
    if command -v flock >/dev/null; then flock 9; fi
    node scripts/dependencies-installed.js || install
  ) 9<package-lock.json
}

main() {
  (($# > 0)) || die 'usage: bash scripts/with-dependencies.sh SCRIPT [ARG...]'
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  check_node
  install_when_needed
  exec node --import tsx "$@"
}

main "$@"
