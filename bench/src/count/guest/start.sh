#!/bin/bash
# The first program of the machine that counts. The disk without partitions is an archive of what to do, and its second serial port takes the
# result.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
mount -t tmpfs -o size=100% tmp /run
mkdir /run/job
for disk in /dev/nvme0n[12]; do [[ -e ${disk}p1 ]] || job=$disk; done
# The archive is smaller than the disk, which is a whole number of sectors.
tar -x -C /run/job -f "$job"
# arm64's name for it.
serial=/dev/ttyAMA
[[ -e ${serial}1 ]] || serial=/dev/ttyS
/bin/bash /run/job/run.sh >"${serial}1" 2>"${serial}0"
sync
echo o >/proc/sysrq-trigger
sleep 10
