#!/bin/bash
# Portway's part of user-data. cloud-init runs it at every boot.
#
# What the host is to become is carried behind the last line, in files: `#portway-file MODE PATH LINES` and so many lines. First those
# that people read, then, after `#portway-archive`, all others in the same form, compressed. They are unpacked to a tree of their
# own, and host.sh out of that tree does the rest; nothing outside of it is touched before that.
set -Eeuo pipefail
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Kept open by host.sh: a run by hand must not meet the one of the boot.
exec 9>/run/portway.lock
flock -n 9 || {
  echo 'portway: another run is at work' >&2
  exit 1
}

# cloud-init itself runs on python3.
python3 -IS - "$0" <<'END'
import base64, os, shutil, sys, zlib
state = "/var/lib/portway"
os.makedirs(state, 0o700, True)
shutil.rmtree(state + "/stage", True)
with open(sys.argv[1], "rb") as file:
    plain, _, packed = file.read().partition(b"\n#portway-archive\n")
packed = base64.b85decode(b"".join(packed.split()))
lines = plain.split(b"\n") + zlib.decompress(packed).split(b"\n")
while lines:
    head = lines.pop(0).split()
    if head[:1] == [b"#portway-file"]:
        path = state + "/stage" + head[2].decode()
        size = int(head[3])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"\n".join(lines[:size] + [b""]))
        os.chmod(path, int(head[1], 8))
        del lines[:size]
END

exec /var/lib/portway/stage/usr/local/lib/portway/host.sh
