#!/usr/bin/python3 -IBS
# Portway's rules in the kernel: applied as a whole, read back, and taken back as a whole when anything fails.
#
#   rules.py try [DIR]     try the rules for real in empty network namespaces; the host's own are not touched
#   rules.py apply [DIR]   make the host's rules those of DIR
#   rules.py check [DIR]   fail, with the difference, unless the host's rules are those of DIR
#   rules.py restore       put the rules of the last proved content back, as many as go in; what the unit does at boot
#   rules.py remove        take all of Portway's rules out
#
# DIR (default /etc/portway) holds the rules in three parts, which are worked on side by side; a missing file is an empty one.
#
#   iptables.rules, ip6tables.rules   text for iptables-restore with own chains only (PORTWAY-*). A line `#portway-hook CHAIN ...`
#                                     is a jump to an own chain that must be there once, before the rules of others in that
#                                     built-in chain. While the health service has a target out, the rules of a chain named
#                                     by `#portway-health CHAIN` are its own.
#   nftables.rules                    the table `inet portway`, text for nft
#
# Rules, chains and tables of others are never touched.
import os
import re
import subprocess
import sys
import time

# Parts of this program that only some hosts need stand beside it.
HERE = os.path.dirname(__file__)
sys.path.insert(0, HERE)
GOOD = "/var/lib/portway/good"
PROVED = GOOD + "/etc/portway"
SUMS = GOOD + "/var/lib/portway/sums"
# What the kernel made of the rules that were tried last since the host started: a file for each part.
TRIED = "/run/portway-tried."


# Starts a program; several may be at work at once. By `env`, one that is not there is one that fails.
def start(*words, text=""):
    given = open(os.memfd_create(""), "w+")
    given.write(text)
    given.seek(0)
    return subprocess.Popen(["env", *words], stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*words):
    return start(*words).communicate()[0]


def read(path):
    return open(path).read() if os.path.exists(path) else ""


# A part: what is wanted in the words of its file (`words`) and in those of the kernel (`wanted`), and what was there before (`there`).
class Nftables:
    name, load, show = "nftables", "nft -f -", "nft -s list table inet portway"

    def __init__(self, folder):
        self.text = read("%s/%s.rules" % (folder, self.name))
        self.words = self.wanted = self.there = self.parse("")

    def parse(self, text):
        return text

    # What leads from what is there to what is wanted, in the words of the file; nothing when nothing is to do.
    def plan(self, there, wanted, words):
        return "" if there == wanted else "add table inet portway\ndelete table inet portway\n" + words

    def todo(self, there):
        return self.plan(there, self.wanted, self.words)

    def look(self):
        return start(*self.show.split())

    # What is not installed, and a table that is not there, hold no rules.
    def seen(self, job):
        return self.parse(job.communicate()[0])

    def change(self, text):
        self.lines = ["", *text.splitlines(), ""]
        return start(*self.load.split(), text=text)

    # Into an empty namespace, and what the kernel says then: `iptables-restore --test` never asks it, and lets jumps to missing
    # chains, loops and wrong tables pass.
    def start_trial(self, version):
        self.key = version + self.text
        key, _, self.shown = read(TRIED + self.name).partition("\0")
        text = re.sub("^#portway-hook", "-A", self.text, flags=re.M)
        self.lines = ["", *text.splitlines(), ""]
        script = 'n=$(%s 2>&1) || { echo "$n" >&2; exit 1; }; %s' % (self.load, self.show)
        if self.text and key != self.key:
            return start("unshare", "-n", "sh", "-c", script, text=text)

    def end_trial(self, job):
        self.words = self.parse(self.text)
        if job:
            self.shown = self.accept(job)
            with open(TRIED + self.name, "w") as file:
                file.write(self.key + "\0" + self.shown)
        self.wanted = self.parse(self.text and self.shown)

    # What a program printed. Fails when it did, with the line that was refused: iptables-restore tells its number alone.
    def accept(self, job):
        said, error = job.communicate()
        if job.returncode == 0:
            return said
        number = re.findall(r"line:? (\d+)", error)
        if number and self.name != "nftables":
            error += "%s refused: %s" % (self.name, self.lines[int(number[-1])])
        lacking = missing_modules(error)
        if lacking:
            error += "\nnot in this kernel (%s): %s" % (os.uname().release, " ".join(lacking))
        raise ValueError("%s: %s" % (self.name, error))


# Of iptables, rules are lists by table and chain. Jumps from built-in chains stand by table and "", each with its place: one that
# somebody pushed down is a difference.
class Iptables(Nftables):
    def __init__(self, name, folder):
        self.name, self.load, self.show = name, name + "-nft-restore --noflush", name + "-nft-save"
        super().__init__(folder)
        self.health = set(re.findall("^#portway-health (.*)", self.text, re.M))

    def start_trial(self, version):
        stray = re.search(r"^(?!#|\*|:PORTWAY-|-A PORTWAY-|COMMIT$).+", self.text, re.M)
        if stray:
            raise ValueError("not a rule of an own chain: " + stray[0])
        return super().start_trial(version)

    def parse(self, text):
        rules = {}
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            chain, _, rule = rest.partition(" ")
            if line[:1] == "*":
                table, places = line, {}
            elif line.startswith(":PORTWAY-"):
                rules[table, word[1:]] = []
            elif word == "-A" and chain.startswith("PORTWAY-"):
                rules.setdefault((table, chain), []).append(rule)
            elif word in ("-A", "#portway-hook"):
                places[chain] = places.get(chain, 0) + 1
                if re.search(r"-[gj] PORTWAY-\S+$", rule):
                    rules.setdefault((table, ""), []).append((rest, places[chain]))
        return rules

    # What leads from what is there to what is wanted; nothing when nothing is to do. One transaction for each table, with the
    # chains that differ: one that is named is emptied first, an unnamed one goes. `-D` of a missing rule would fail, so only jumps
    # that are there are deleted.
    def plan(self, there, wanted, words):
        if self.health:
            from health_chain import is_kept
        lines = []
        for table in dict.fromkeys(table for table, _ in [*words, *there]):
            old, new, text = ({c: rules[t, c] for t, c in rules if t == table} for rules in (there, wanted, words))
            before, after, hooks = (chains.pop("", []) for chains in (old, new, text))
            named = [
                c for c in text if old.get(c) != new[c] and not (c in self.health and is_kept(old.get(c, []), new[c]))
            ]
            gone = [c for c in old if c not in new]
            if not named and not gone and before == after:
                continue
            lines += [table, *(":%s - [0:0]" % c for c in named + gone)]
            if before != after:
                lines += ["-D " + hook for hook, _ in before]
                lines += ["-I " + hook.replace(" ", " 1 ", 1) for hook, _ in reversed(hooks)]
            lines += ["-A %s %s" % (c, rule) for c in named for rule in text[c]]
            lines += ["-X " + c for c in gone] + ["COMMIT", ""]
        return "\n".join(lines)


# The modules that a refused rule may need, and that this kernel has neither built in nor as a file. It asks for them by these names.
def missing_modules(rule):
    if not os.path.isdir("/lib/modules/" + os.uname().release):
        return []
    needs = ["ipt_" + word for word in re.findall(r"-[mj] (?!PORTWAY|ACCEPT|DROP|RETURN|comment)(\w+)", rule)]
    needs += ["nft_" + word.replace("fib", "fib_inet") for word in re.findall(r"\b(fib|ct|queue) ", rule)]
    missing = [name for name in dict.fromkeys(needs) if start("modprobe", "-nq", name).wait()]
    return [name.replace("ipt_", "xt_") for name in missing]


def prepare(parts):
    looks = [part.look() for part in parts]
    version = "".join(job.communicate()[0] for job in [start("iptables", "-V"), start("nft", "-v")])
    # Rules of both kinds in one kernel: nobody could tell which of them a packet meets.
    if "legacy" in version:
        raise ValueError("iptables must be the nf_tables variant, got: " + version)
    for part, look, trial in zip(parts, looks, [part.start_trial(version) for part in parts]):
        part.there = part.seen(look)
        part.end_trial(trial)


def commit(changes):
    wrong = []
    for part, job in [(part, part.change(change)) for part, change in changes]:
        try:
            part.accept(job)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))


# Only when all transactions are through: what is listed meanwhile may be listed twice. Others' can come in between as well, so
# this looks again before it says no.
def prove(parts):
    for pause in (0.05, 0.2, 0):
        todo = [(part, part.todo(part.seen(job))) for part, job in [(part, part.look()) for part in parts]]
        wrong = ["%s is not as wanted; this would put it right:\n%s" % (part.name, todo) for part, todo in todo if todo]
        if not wrong:
            return
        time.sleep(pause)
    raise ValueError("\n".join(wrong))


def apply(parts):
    prepare(parts)
    changes = [(part, change) for part in parts if (change := part.todo(part.there))]
    try:
        commit(changes)
        size_tracking()
        prove([part for part, _ in changes])
    except ValueError:
        # Each part has transactions of its own; what went in before the failure is taken back here.
        for part, _ in changes:
            part.wanted = part.words = part.there
            try:
                commit([(part, part.todo(part.seen(part.look())))])
            except ValueError as error:
                print("rules.py: the rules from before could not be put back:", error, file=sys.stderr)
        raise
    if os.path.exists(HERE + "/forget.py"):
        import forget

        forget.forget(changes, run)


def check(parts):
    prepare(parts)
    prove(parts)


# At boot a rule is worth more than the whole: what this kernel no longer takes must not cost the rest. Of a part that does not go
# in, the tables go in one by one.
def restore(parts):
    wrong = []
    for part in parts:
        try:
            prepare([part])
            commit([(part, part.todo(part.there))])
            prove([part])
        except ValueError as error:
            wrong.append(str(error))
            part.wanted = part.words
            for table in part.todo(part.seen(part.look())).split("COMMIT\n") if part.name != "nftables" else ():
                part.change(table + "COMMIT\n").communicate()
    size_tracking()
    if wrong:
        raise ValueError("\n".join(wrong))


# Memory decides how many connections are tracked: one for each 16 KiB, which takes 3 % of it when all are there. The kernel's own
# choice for a host of 1 GiB is 8,192, since it does not know that tracking is what this host is for. Never less than there is.
def size_tracking():
    size = min(int(re.search(r"MemTotal: +(\d+)", read("/proc/meminfo"))[1]) // 16, 1 << 20)
    for name in "buckets", "max":
        if int(read("/proc/sys/net/netfilter/nf_conntrack_" + name) or size) < size:
            run("sysctl", "-qw", "net.netfilter.nf_conntrack_%s=%d" % (name, size))


def main():
    mode, folder = [*sys.argv[1:], "", ""][:2]
    folder = {"restore": PROVED, "remove": "/nonexistent"}.get(mode, folder or "/etc/portway")
    modes = {"try": prepare, "check": check, "apply": apply, "restore": restore, "remove": apply}
    if mode not in modes:
        sys.exit("usage: rules.py try|apply|check [DIR] | restore | remove")
    if mode == "restore" and not os.path.isdir(PROVED):
        return
    # Damaged ones would leave the host without rules, or with half of them; those in /etc are the same until a change is tried.
    if mode == "restore" and os.path.exists(SUMS):
        if subprocess.run(["sha256sum", "--quiet", "--strict", "-c", SUMS], cwd=GOOD).returncode:
            folder = "/etc/portway"
    os.environ["LC_ALL"] = "C"
    try:
        parts = [Iptables("iptables", folder), Iptables("ip6tables", folder), Nftables(folder)]
        # A kernel without IPv6 has nothing to forward in that family, and must not fail the other.
        if not os.path.isdir("/proc/sys/net/ipv6"):
            del parts[1]
        modes[mode](parts)
    except ValueError as error:
        sys.exit("rules.py: %s" % error)


main()
