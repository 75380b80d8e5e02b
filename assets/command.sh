#!/bin/bash
# portway TOOL [WORD]...
#
# Each word is a tool of its own, on hosts that have what it is for: status, cache, maintenance.
set -Eeuo pipefail

tool=/usr/local/lib/portway/${1:-}.py
if [[ ! -x $tool ]]; then
  echo 'usage: portway status [--json]' >&2
  for tool in cache maintenance; do
    [[ ! -x /usr/local/lib/portway/$tool.py ]] || echo "       portway $tool ..." >&2
  done
  exit 1
fi
[[ $1 == status ]] || shift
exec "$tool" "$@"
