# Part of rules.py, for gateways with forwards of UDP or of protocols without ports.
#
# A UDP flow keeps the target that it once got for as long as it talks, and so does a protocol without connections. Flows of changed
# forwards start anew; others go on, among them those that the gateway merely routes.
import re


# Of the forwards of a family: their rules in nat, whatever chain of the tree they stand in, without those in a chain of their own;
# and their listeners that are not TCP, as protocol, first and last port.
def ways(rules):
    found, listeners = {}, {}
    for (table, chain), texts in rules.items():
        for text in texts if table == "*nat" and chain else ():
            name = re.search('"portway:([^" ]+)|$', text)[1]
            if not name or chain == "PORTWAY-" + name:
                continue
            found.setdefault(name, []).append(text)
            listener = re.search(r"-p (?!tcp)(\S+)(?:.* --dport (\d+):?(\d*))?", text)
            if listener and chain.startswith("PORTWAY-DNAT"):
                listeners.setdefault(name, set()).add(listener.groups())
    return found, listeners


def forget(changes, run):
    changed = set()
    for part, change in changes:
        if part.name == "nftables":
            # Who may use what: entries such as `udp . 27015 . 198.51.100.0/24` and `esp . 198.51.100.0/24`.
            old, new = (
                set(re.findall(r"\b(?!tcp)([a-z0-9-]+) \. (?:(\d+)-?(\d*) \. |)([0-9a-f.:]+[.:][0-9a-f.:/]+)", text))
                for text in (part.there, part.wanted)
            )
            changed |= {(version, *entry[:3]) for entry in old ^ new for version in "46"}
            continue
        (old, before), (new, after) = ways(part.there), ways(part.wanted)
        anew = set(re.findall(r"^:PORTWAY-(\S+)", change, re.M))
        for name in {*old, *new}:
            if old.get(name) != new.get(name) or name in anew:
                version = "6" if part.name == "ip6tables" else "4"
                changed |= {(version, *way) for way in before.get(name, set()) | after.get(name, set())}
    if not changed:
        return
    own = re.findall("inet6? ([^/ ]+)", run("ip", "-o", "addr"))
    for version, protocol in {way[:2] for way in changed}:
        ports = [
            range(int(low or 0), int(high or low or 0) + 1)
            for v, p, low, high in changed
            if (v, p) == (version, protocol)
        ]
        words = ["-f", "ipv" + version, "-p", protocol]
        # The first destination of a line is the one that was asked for.
        flows = re.findall(r"^.*? dst=(\S+)(?: sport=\d+ dport=(\d+))?", run("conntrack", "-L", *words), re.M)
        for host, port in set(flows):
            if host in own and any(int(port or 0) in some for some in ports):
                run("conntrack", "-D", *words, "-d", host, *(["--orig-port-dst", port] if port else []))
