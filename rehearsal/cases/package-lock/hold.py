"""Takes the locks of dpkg and of apt's lists, as a timer's update does, and gives them back some time after the host wanted them.

Arguments: the host's log, in which a line that begins to install tells that it does, and for how many seconds more.
"""

import fcntl
import os
import socket
import sys
import time

LOCKS = "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock"

log, seconds = sys.argv[1], float(sys.argv[2])
# What stands there is of earlier boots.
begin = os.path.getsize(log)
held = [open(path, "w") for path in LOCKS]
for file in held:
    fcntl.lockf(file, fcntl.LOCK_EX)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
    ready.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
with open(log) as lines:
    lines.seek(begin)
    while " install " not in lines.read():
        time.sleep(0.2)
time.sleep(seconds)
