"""
Does what the resident service does every 2 s: a cheap look, and a close one when it says so.

look.py              goes on until it is killed
look.py cost COUNT   the milliseconds of CPU that a cheap look, the questions to other programs, a close look, and a close one with the
                     rules listed take
"""

import importlib.util
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, "/usr/local/lib/portway")
fingerprint = importlib.import_module("portway.fingerprint")
spec = importlib.util.spec_from_file_location("live", "/usr/local/lib/portway/live.py")
live = importlib.util.module_from_spec(spec)
spec.loader.exec_module(live)
SYSTEMCTL = ["systemctl", "is-enabled", "nginx", "portway-logs.timer"]
RECONCILE = ["/var/lib/portway/good/usr/local/bin/portway", "reconcile"]


def cost(run, count):
    """Milliseconds of CPU of a call, with what it starts."""
    before = os.times()
    for _ in range(count):
        run()
    after = os.times()
    return round(sum(after[:4]) - sum(before[:4]), 3) * 1000 / count


def listed():
    if os.path.exists("/run/portway-rules-seen"):
        os.remove("/run/portway-rules-seen")
    quiet()


def quiet():
    if not live.is_right():
        sys.exit("the host is not as it should be")


if sys.argv[1:2] == ["cost"]:
    count = int(sys.argv[2])
    tree = fingerprint.Tree()
    listed()
    costs = {
        "fingerprint": cost(tree.look, 100 * count),
        "ask": cost(tree.ask, count),
        "look": cost(quiet, count),
        "rules": cost(listed, count),
        # What the stand-in for systemctl takes, a script: once of the close look, once of the questions.
        "systemctl": cost(lambda: subprocess.run(SYSTEMCTL, stdout=subprocess.DEVNULL), count),
        "python": cost(lambda: subprocess.run(["python3", "-IBSc", ""], check=True), count),
    }
    print(json.dumps(costs))
else:
    print("ready", flush=True)
    is_right = True
    while True:
        if fingerprint.changed(is_right):
            is_right = live.is_right() or subprocess.run(RECONCILE).returncode == 0
        time.sleep(2)
