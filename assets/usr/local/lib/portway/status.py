#!/usr/bin/python3 -IBS
# portway status [--json]
#
# What each forward of this host carries, where it leads, and whether all is as it was deployed: ends with 1 when it is not, and says
# why. /etc/portway/forwards holds a forward a line: name, listener, engine, targets.
import json
import os
import re
import sys

# Prints what is wrong; nothing where all is well. A disk with less than 32 MiB, in blocks of 4 KiB, takes no change, and logs have gaps.
CHECK = """bash -c '(($(stat -fc %a /var/log) > 8191)) || echo the disk is full
cd /usr/local/lib/portway
if [[ -e rules.py ]]; then ./rules.py check; fi
if [[ -e metadata.sh ]]; then ip rule | grep -q ^91: || echo every account may ask the metadata service; fi
if [[ -e host.d/nginx.sh ]]; then
  . host.d/nginx.sh
  runs || echo nginx runs another configuration
  nginx -tq 2>&1 | grep -F "[emerg]"
  grep -ls "^# stands in" /etc/portway/tls/* | sed "s/$/: was damaged, and a self-signed one stands in until it is here again/"
fi' 2>&1"""
LINE = "%-20s %-15s %-8s %11s %15s %11s  %s"
COLUMNS = "forward", "listener", "engine", "packets", "bytes", "connections", "targets"


def shell(command):
    return os.popen(command).read()


if sys.argv[1:] not in (["status"], ["status", "--json"]):
    sys.exit("usage: portway status [--json]")
# Packets and bytes, of both directions, are counted by the nft table; connections by the first rule that each of them meets.
seen = shell("nft list table inet portway 2>&1; for tool in iptables ip6tables; do $tool-nft-save -ct nat; done 2>&1")
health = {}
for line in shell("cat /run/portway/health/state 2>/dev/null").splitlines():
    state = json.loads(line)
    health[state.pop("forward"), state["target"]] = state
rows = []
for line in shell("cat /etc/portway/forwards").splitlines():
    name, listener, engine, *targets = line.split()
    counts = re.findall(r'packets (\d+) bytes (\d+) comment "%s"' % name, seen)
    packets, total = (sum(map(int, values)) for values in zip("00", *counts))
    connections = sum(map(int, re.findall(r'^\[(\d+):.* -A PORTWAY-DNAT.*"portway:%s"' % name, seen, re.M)))
    numbers = (packets, total, connections) if engine == "iptables" else (None, None, None)
    rows.append([name, listener, engine, *numbers, [health.get((name, t), {"target": t}) for t in targets]])
problems = shell(CHECK).splitlines()
waiting = shell("[ ! -e /etc/portway/certificates.json ] || cat /run/portway-certificates 2>&-")
problems += map(": ".join, json.loads(waiting or "{}").items())
if sys.argv[2:]:
    print(json.dumps({"forwards": [dict(zip(COLUMNS, row)) for row in rows], "problems": problems}, indent=2))
else:
    print(LINE % COLUMNS)
    for *row, targets in rows:
        words = (t["target"] + ("" if t.get("up", 1) else " DOWN") for t in targets)
        print(LINE % (*("-" if cell is None else cell for cell in row), ", ".join(words)))
if problems:
    sys.exit("NOT AS DEPLOYED: " + "\n".join(problems))
