#!/usr/bin/python3 -IBS
# portway status [--json]
#
# What each forward of this host carries, where it leads, and whether all is as it was deployed: ends with 1 when it is not, and says
# why. /etc/portway/forwards holds a forward a line: name, listener, engine, targets.
import json
import os
import re
import sys

# Prints what is wrong; nothing where all is well.
CHECK = """bash -c 'cd /usr/local/lib/portway
if [[ -e rules.py ]]; then ./rules.py check; fi
if [[ -e host.d/nginx.sh ]]; then
  . host.d/nginx.sh
  . /etc/portway/portway.env
  [[ $(generation) == "$PORTWAY_NGINX_GENERATION" ]] || echo nginx runs another configuration
fi' 2>&1"""
LINE = "%-20s %-15s %-8s %11s %15s %11s  %s"


def shell(command):
    return os.popen(command).read()


if sys.argv[1:] not in (["status"], ["status", "--json"]):
    sys.exit("usage: portway status [--json]")
# Packets and bytes, of both directions, are counted by the nft table; connections by the first rule that each of them meets.
seen = shell("nft list table inet portway 2>&1; for tool in iptables ip6tables; do $tool-nft-save -ct nat; done 2>&1")
health = {}
for line in shell("cat /run/portway/health/state 2>&1").splitlines():
    if line[0] == "{":
        state = json.loads(line)
        health[state.pop("forward"), state["target"]] = state
forwards = []
for line in shell("cat /etc/portway/forwards").splitlines():
    name, listener, engine, *targets = line.split()
    forward = {"forward": name, "listener": listener, "engine": engine}
    if engine == "iptables":
        counts = re.findall(r'packets (\d+) bytes (\d+) comment "%s"' % name, seen)
        forward["packets"], forward["bytes"] = (sum(map(int, values)) for values in zip("00", *counts))
        counts = re.findall(r'^\[(\d+):.* -A PORTWAY-DNAT.*"portway:%s"' % name, seen, re.M)
        forward["connections"] = sum(map(int, counts))
    forward["targets"] = [health.get((name, target), {"target": target}) for target in targets]
    forwards.append(forward)
problems = shell(CHECK).splitlines()
if sys.argv[2:]:
    print(json.dumps({"forwards": forwards, "problems": problems}, indent=2))
else:
    columns = "forward", "listener", "engine", "packets", "bytes", "connections"
    print(LINE % (*columns, "targets"))
    for forward in forwards:
        targets = (t["target"] + ("" if t.get("up", 1) else " DOWN") for t in forward["targets"])
        print(LINE % (*(forward.get(column, "-") for column in columns), ", ".join(targets)))
if problems:
    sys.exit("NOT AS DEPLOYED: " + "\n".join(problems))
