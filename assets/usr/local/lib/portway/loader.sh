#!/bin/bash
# User-data of a host. cloud-init runs it at every boot. For a host with live changes it is the same for all contents of
# a stack; otherwise it names its content.
#
# The host's content is in Parameter Store. The program after the last line (fetch.py, packed) reads it.
set -Eeuo pipefail
# nginx's workers open their logs anew by themselves.
mkdir -p /run/portway /var/log/portway
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Synth fills these in. Behind the pointer's name stands the only content that may run, if user-data names it.
PORTWAY_POINTER=''
PORTWAY_SIGNAL_URL=''

# Later runs read these too. Only root may, since anyone with the URL can signal in the host's name.
printf '%s\n' "$PORTWAY_POINTER" "$PORTWAY_SIGNAL_URL" >/run/portway/boot
# Held until the content is set up. Only root can open the file, so nobody else can hold the lock.
exec 9>/run/portway.lock
mode=boot
flock -w 300 9 || mode=busy
# cloud-init itself runs on python3.
exec python3 -IBSu -c 'import base64, sys, zlib
exec(zlib.decompress(base64.b85decode(open(sys.argv[1]).read().split("\n#portway-fetch\n")[1].replace("\n", ""))))' "$0" $mode
exit
