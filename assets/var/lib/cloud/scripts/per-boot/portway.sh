#!/bin/bash
# Portway's part of user-data. cloud-init runs it at every boot.
#
# After its last line it carries the host's files: `#portway-file MODE PATH LINES`, followed by that many lines. First
# those that people read, then, after `#portway-archive`, all others in the same form, compressed. They are unpacked
# into a tree of their own, and host.sh from that tree does the rest. Nothing outside the tree is touched before that.
set -Eeuo pipefail
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# host.sh keeps it open, so that a run by hand never meets the one of the boot. Only root can open the file, so nobody
# else can hold the lock.
exec 9>/run/portway.lock
mode=stage
# If it is still held after five minutes, host.sh only reports that, from a second tree, since the other run works with
# the first.
flock -w 300 9 || mode=busy
stage=/var/lib/portway/$mode
rm -rf "$stage"

# cloud-init itself runs on python3.
python3 -IS - "$0" "$stage" <<'END'
import base64, os, sys, zlib
stage = sys.argv[2]
with open(sys.argv[1], "rb") as file:
    plain, packed = file.read().split(b"\n#portway-archive\n")
script = plain.split(b"\n#portway-file ")[0]
packed = base64.b85decode(packed.replace(b"\n", b""))
packed = zlib.decompressobj(zdict=script).decompress(packed)
lines = iter([*plain.split(b"\n"), *packed.split(b"\n")])
for line in lines:
    if line.startswith(b"#portway-file "):
        _, mode, path, size = line.decode().split()
        path = stage + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.writelines(next(lines) + b"\n" for _ in range(int(size)))
        os.chmod(path, int(mode, 8))
END

lib=$stage/usr/local/lib/portway
# Only if files had no room in user-data: adds them to the tree, including host.sh.
[[ ! -e $lib/fetch.py ]] || "$lib/fetch.py" $mode
exec "$lib/host.sh" $mode
