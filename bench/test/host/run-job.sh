#!/bin/bash
# Does a job of ../../src/count as the machine that counts does it, in this machine's own kernel.
# Arguments: the root, the archive, a folder that is free.
set -Eeuo pipefail

root=$1 archive=$2 own=$3
mount -t tmpfs tmp "$own"
mkdir "$own"/{upper,work,files}
files=$own/files
mount -t overlay -o "lowerdir=$root,upperdir=$own/upper,workdir=$own/work" overlay "$files"
mount --rbind /dev "$files/dev"
mount -t proc proc "$files/proc"
mount -t sysfs sys "$files/sys"
mount -t tmpfs tmp "$files/run"
mkdir "$files/run/job"
tar -x -C "$files/run/job" -f "$archive"
exec chroot "$files" /bin/bash /run/job/run.sh
