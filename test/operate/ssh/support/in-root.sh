#!/bin/bash
# Runs a command in a Debian root, whose own files stay as they are.
# Arguments: the root, a folder to mount on, a folder whose files are put over those of the root, the command.
set -Eeuo pipefail

main() {
  local root=$1 folder=$2 files=$3
  shift 3
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs "$folder"
  mkdir "$folder"/{upper,work,root}
  mount -t overlay -o "lowerdir=$root,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
  cp -r --no-preserve=ownership "$files/." "$folder/root"
  mount -t proc proc "$folder/root/proc"
  mount --bind /dev "$folder/root/dev"
  cd "$folder/root"
  exec chroot . "$@"
}

main "$@"
