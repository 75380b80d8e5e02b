#!/usr/bin/env bash
# Shows a reviewer what a change does to the deployed stack and to the host's rules, in two plain text files.
# Needs no AWS account: synthesizes both sides and compares the templates.
#
# Usage: bash scripts/pull-request-diff.sh BASE HEAD OUT
#   BASE, HEAD  two checkouts of the project, with their npm packages installed
#   OUT         a folder; gets cdk-diff.txt and rules.diff
# Settings:
#   PORTWAY_DIFF_CONTEXT  arguments for the CDK CLI (default: -c adminCidr=203.0.113.7/32)
#   PORTWAY_DIFF_ENGINES  values of -c engine to compare (default: nginx iptables)
set -Eeuo pipefail

read -ra engines <<<"${PORTWAY_DIFF_ENGINES:-nginx iptables}"
read -ra context <<<"${PORTWAY_DIFF_CONTEXT:--c adminCidr=203.0.113.7/32}"

die() {
  printf 'pull-request-diff: %s\n' "$1" >&2
  exit 1
}

# Each side uses its own CLI and libraries: upgrading them is part of the change.
synth() {
  local folder=$1 engine=$2 out=$3
  (cd "$folder" && node_modules/.bin/cdk synth --quiet --no-notices --no-lookups --output "$out" -c "engine=$engine" "${context[@]}")
}

stack_diffs() {
  local base=$1 head=$2 work=$3 engine template stack old
  for engine in "${engines[@]}"; do
    echo "engine $engine" >&2
    synth "$head" "$engine" "$work/head-$engine" >&2 || die "cdk synth of the change failed for engine $engine"
    # If the base cannot be synthesized, the change that repairs it must still be shown.
    if ! synth "$base" "$engine" "$work/base-$engine" >&2; then
      echo "engine $engine: the base branch cannot be synthesized"
      continue
    fi
    for template in "$work/head-$engine"/*.template.json; do
      stack=$(basename "$template" .template.json)
      old=$work/base-$engine/$stack.template.json
      if [[ ! -e $old ]]; then
        echo "engine $engine: stack $stack is new"
        continue
      fi
      echo "engine $engine, stack $stack"
      (cd "$head" && node_modules/.bin/cdk diff "$stack" --app "$work/head-$engine" --method=template --template "$old" \
        --no-color --no-notices 2>&1) || die "cdk diff failed for engine $engine, stack $stack"
      echo
    done
  done
}

# The reviewed files: templates, user-data, rules and nginx.conf of the canonical stacks, as plain text.
rules_diff() {
  local base=$1 head=$2 status=0 expected=test/snapshots/expected
  mkdir -p "$3/a" "$3/b"
  if [[ -d $base/$expected ]]; then cp -r "$base/$expected/." "$3/a"; fi
  if [[ -d $head/$expected ]]; then cp -r "$head/$expected/." "$3/b"; fi
  # git diff outside of a repository; status 1 means that there are differences. Templates are in the other file.
  (cd "$3" && rm -f a/*/template.json b/*/template.json && git diff --no-index --no-color --no-prefix -- a b) || status=$?
  ((status <= 1)) || die "git diff ended with $status"
}

main() {
  (($# == 3)) || die 'usage: bash scripts/pull-request-diff.sh BASE HEAD OUT'
  local base head out
  base=$(realpath "$1")
  head=$(realpath "$2")
  mkdir -p "$3"
  out=$(realpath "$3")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  stack_diffs "$base" "$head" "$work" >"$out/cdk-diff.txt"
  rules_diff "$base" "$head" "$work/rules" >"$out/rules.diff"
}

main "$@"
