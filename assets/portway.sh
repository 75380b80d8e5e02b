#!/bin/bash
# Portway's part of user-data. cloud-init runs it at every boot.
#
# What the host is to become is carried behind the last line: `#portway-file MODE PATH` and the file's lines, or
# `#portway-gzip MODE PATH` and its bytes as gzip in base64. They are unpacked to a tree of their own, and host.sh out of that
# tree does the rest; nothing outside of it is touched before that.
set -Eeuo pipefail
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

state=/var/lib/portway
stage=$state/stage
parts=$state/parts

# Kept open by host.sh: a run by hand must not meet the one of the boot.
exec 9>/run/portway.lock
flock -n 9 || {
  echo 'portway: another run is at work' >&2
  exit 1
}

mkdir -p "$state"
chmod 700 "$state"
rm -rf "$stage" "$parts"
mkdir "$stage" "$parts"
awk -v dir="$parts" '
  /^#portway-(file|gzip) / { part = dir "/" ++n; print $0, part >(dir "/index"); printf "" >part; next }
  part { print >part }' "$0"
while read -r kind mode path part; do
  if [[ $kind == *gzip ]]; then
    base64 -d "$part" | gzip -d >"$part.raw"
    part+=.raw
  fi
  install -D -m "$mode" "$part" "$stage$path"
done <"$parts/index"

exec "$stage/usr/local/lib/portway/host.sh"
