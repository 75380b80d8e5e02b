"""Tells CloudWatch what each forward carries, and how the host is: once a minute one event for the gateway, and one for each forward that has
metrics, in the embedded metric format, from which CloudWatch makes metrics. Also has logs sent. Part of metrics.py on hosts with
`monitoring.cloudWatch` or `monitoring.logs`.

An event tells what came since the one before. STATE keeps what AWS has not taken yet, together with the counts up to which it tells, so that
nothing is missed or told twice over a restart. If too much waits, no event is made: the next one tells all since then. So an outage
costs no count, however long it is.
"""

import contextlib
import fcntl
import gc
import importlib
import json
import os
import signal
import time
from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

from portway import metrics_forwards, metrics_host
from portway.files import forwards, read, replace
from portway.metrics_logs import BOUNDS, Logs
from portway.signals import instance

SETTINGS = "/etc/portway/cloudwatch.json"
STATE = "/var/lib/portway/cloudwatch.json"
# Bytes of events that may wait.
ROOM = 1 << 18
# Seconds after which a sender is ended.
PATIENCE = 50
NAMESPACE = "Portway"

Counts = dict[str, int]
Values = dict[str, Any]

UNITS = {"Bytes": "Bytes", "RequestTimeP50": "Milliseconds", "RequestTimeP99": "Milliseconds"}


class Beat:
    """Decides when to tell: once in each minute, at its middle, so that a moment more or less does not leave one out."""

    def __init__(self, logs: Logs):
        self.settings: dict[str, Any] = json.loads(read(SETTINGS))
        self.child = 0
        self.last = self.number()
        if not load():
            # What was counted before anybody wanted it here is not told.
            keep({"counts": counts(logs), "boot": boot(), "waiting": [], "since": time.time(), "said": ""})

    def number(self) -> float:
        seconds: int = self.settings["seconds"]
        return (time.time() + seconds / 2) // seconds

    def look(self, logs: Logs) -> None:
        """Sends in a process of its own, which keeps this one small."""
        if self.child:
            ended, how = os.waitpid(self.child, os.WNOHANG)
            if how:
                print(f"portway cloudwatch: the sender ended with {os.waitstatus_to_exitcode(how)}", flush=True)
            if ended:
                self.child = 0
        if self.child or self.number() == self.last:
            return
        self.last = self.number()
        # No count may be told that a run after a kill does not know.
        logs.keep()
        self.child = os.fork()
        if not self.child:
            how = 1
            try:
                # Whoever stops the service waits until it is known what AWS took.
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.alarm(PATIENCE)
                # It would write to all objects, and so copy the pages that both share.
                gc.disable()
                os.closerange(3, 256)
                tell(self.settings, logs)
                how = 0
            except Exception as error:
                # Such as a full disk. The counts go on.
                print(f"portway cloudwatch: {error!r}", flush=True)
            finally:
                os._exit(how)


def boot() -> str:
    return read("/proc/sys/kernel/random/boot_id").strip()


def keep(state: Mapping[str, Any]) -> None:
    replace(STATE, json.dumps(state))


def load() -> dict[str, Any]:
    """The kept state; empty if it is missing or damaged."""
    with contextlib.suppress(ValueError):
        state = json.loads(read(STATE))
        if isinstance(state, dict) and {"counts", "boot", "waiting", "since", "said"} <= state.keys():
            return state
    return {}


def counts(logs: Logs) -> Counts:
    """All that is counted, by source, forward and kind. A forward may have been in the kernel, and now be in nginx."""
    found: Counts = {}
    for source, all_sums in (("http", logs.requests), ("stream", logs.sessions)):
        for name, sums in all_sums.items():
            flatten(found, f"{source} {name}", sums)
    kernel, _ = metrics_forwards.in_kernel(forwards())
    for name, (packets, size, connections) in kernel.items():
        flatten(found, f"kernel {name}", {"packets": packets, "bytes": size, "connections": connections})
    drops = metrics_forwards.dropped()
    for name, by_reason in drops["forwards"].items():
        flatten(found, f"kernel {name}", {"dropped": by_reason})
    # No forward has this name.
    flatten(found, "kernel -", {"blocked": drops["host"]})
    return found


def flatten(found: Counts, path: str, value: Union[int, Mapping[str, Any], list[int]]) -> None:
    if isinstance(value, int):
        found[path] = value
        return
    for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
        flatten(found, f"{path} {key}", inner)


def grown(now: Counts, before: Counts) -> Counts:
    """What came since. A count that is smaller has begun anew."""
    return {path: more for path, count in now.items() if (more := count - before.get(path, 0)) > 0} | {
        path: count for path, count in now.items() if count < before.get(path, 0)
    }


def tell(settings: Mapping[str, Any], logs: Logs) -> None:
    """Makes the events of this time, and sends all that wait. Says once what is wrong."""
    with open(f"{STATE}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # One of a program that was killed still sends.
            return
        state = load()
        has_metrics = "metrics" in settings
        if has_metrics and sum(len(text) for _, text in state["waiting"]) < ROOM:
            add_events(state, settings, logs)
            # Before anything is sent, so that it cannot be sent again with the next.
            keep(state)
        # It takes most of the memory.
        sender = importlib.import_module("portway.cloudwatch_send")
        wrong = [sender.attempt(sender.send, settings["group"], settings["stream"], state, keep)] if has_metrics else []
        if "logs" in settings:
            logs_of = importlib.import_module("portway.cloudwatch_logs").send
            wrong.append(sender.attempt(logs_of, settings["logs"], instance() if "host" in settings else ""))
        said = "; ".join(dict.fromkeys(filter(None, wrong)))
        if said != state["said"]:
            print(f"portway cloudwatch: {said or 'all is sent'}", flush=True)
            state["said"] = said
            keep(state)


def add_events(state: dict[str, Any], settings: Mapping[str, Any], logs: Logs) -> None:
    now = time.time()
    before: Counts = state["counts"]
    if state["boot"] != boot():
        # The kernel counts from its boot.
        before = {path: count for path, count in before.items() if not path.startswith("kernel ")}
    after = counts(logs)
    more = grown(after, before)
    there = [name for name, *_ in forwards()]
    targets, days = healthy(there), certificate_days(there, now)
    gateway = {**carried(more), **host(targets, days), "Seconds": round(now - state["since"], 3)}
    # No dimension: hosts of a fleet come and go, and their metrics are one.
    which = {"Host": instance()} if "host" in settings else {}
    gateway.update(which)
    events = [event(now, settings["metrics"], {"Gateway": settings["gateway"]}, gateway)]
    of_forwards = by_forward(more)
    for name, wanted in settings["forwards"].items():
        sums = of_forwards.get(name, {})
        values = {**carried(sums), **times(sums), **which}
        if name in targets:
            values["HealthyTargets"] = targets[name]
        if name in days:
            values["CertificateDays"] = days[name]
        events.append(event(now, wanted, {"Gateway": settings["gateway"], "Forward": name}, values))
    state["waiting"] += [[int(now * 1000), text] for text in events]
    # Those that are missing for a moment, as when the kernel's program starts again, go on from where they were.
    state.update(counts={**before, **after}, boot=boot(), since=now)


def event(now: float, wanted: Iterable[str], dimensions: Mapping[str, str], values: Values) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

    Only `wanted` become metrics. The others can be asked for in Logs Insights."""
    metrics = [{"Name": name, "Unit": unit(name)} for name in wanted if name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": metrics}
    about = {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, **dimensions, **values}, separators=(",", ":"))


def unit(name: str) -> str:
    return UNITS.get(name, "Percent" if name.endswith("Percent") else "None" if name.endswith("Days") else "Count")


def by_forward(more: Counts) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for path, count in more.items():
        found.setdefault(path.split()[1], {})[path] = count
    return found


def carried(more: Counts) -> Values:
    """The values of these counts, of one forward or all together."""
    values: Values = {"Connections": 0, "Bytes": 0, "Packets": 0}
    codes: Counts = {}
    refused: Counts = {}
    dropped: Counts = {}
    for path, count in more.items():
        _, _, kind, *rest = path.split()
        if kind == "codes":
            codes[rest[0]] = codes.get(rest[0], 0) + count
        elif kind == "refused":
            refused[rest[0]] = refused.get(rest[0], 0) + count
        elif kind in ("dropped", "blocked"):
            dropped[rest[0]] = dropped.get(rest[0], 0) + count
        elif kind.capitalize() in values:
            values[kind.capitalize()] += count
    errors = {first: sum(n for code, n in codes.items() if code[0] == first) for first in "45"}
    values.update(Requests=sum(codes.values()), ClientErrors=errors["4"], ServerErrors=errors["5"])
    if dropped:
        values.update(DroppedPackets=sum(dropped.values()), DroppedBy=dropped)
    return {**values, "Refused": sum(refused.values()), "Statuses": codes, "RefusedBy": refused}


def times(more: Counts) -> Values:
    """The milliseconds that 50 % and 99 % of the requests stay below; nothing without requests."""
    buckets = [0] * (len(BOUNDS) + 1)
    for path, count in more.items():
        _, _, kind, *rest = path.split()
        if kind == "buckets":
            buckets[int(rest[0])] += count
    found = {"RequestTimeP50": quantile(buckets, 0.5), "RequestTimeP99": quantile(buckets, 0.99)}
    return {name: value for name, value in found.items() if value is not None}


def quantile(buckets: list[int], share: float) -> Optional[float]:
    """As Prometheus' histogram_quantile: evenly spread within a bucket; beyond the last bound, that bound."""
    rank, low = share * sum(buckets), 0.0
    for bound, count in zip(BOUNDS, buckets):
        if count and rank <= count:
            return round(1000 * (low + (bound - low) * rank / count), 3)
        rank, low = rank - count, bound
    return 1000.0 * BOUNDS[-1] if any(buckets) else None


def healthy(there: list[str]) -> Counts:
    """How many targets of each forward with health checks are healthy."""
    found: Counts = {}
    for labels, is_up in metrics_forwards.health():
        if labels["forward"] in there:
            found[labels["forward"]] = found.get(labels["forward"], 0) + int(is_up)
    return found


def certificate_days(there: list[str], now: float) -> dict[str, float]:
    """Days that each forward's certificate has left. The self-signed one of a forward that has another only stood in for it."""
    found: dict[str, dict[str, float]] = {}
    for labels, end in metrics_forwards.certificates():
        if labels["forward"] in there and end:
            found.setdefault(labels["forward"], {})[labels["source"]] = round((end - now) / 86400, 2)
    return {
        name: min([left for source, left in sources.items() if source != "self-signed"] or sources.values())
        for name, sources in found.items()
    }


def host(targets: Counts, days: Mapping[str, float]) -> Values:
    free, total = metrics_host.memory()
    disk = os.statvfs("/var/log")
    offset, _ = metrics_host.clock()
    content, since = metrics_host.content()
    values: Values = {
        "MemoryPercent": round(100 - 100 * free / total, 1),
        "DiskPercent": round(100 - 100 * disk.f_bavail / max(1, disk.f_blocks), 1),
        "ClockOffsetMilliseconds": round(offset * 1000, 3),
        "Repairs": metrics_host.mended(),
        "Content": content,
        "ContentAgeSeconds": round(time.time() - since) if since else 0,
    }
    tracked = [int(word) for name in ("count", "max") if (word := read(metrics_host.CONNTRACK + name))]
    if len(tracked) == 2:
        values["ConntrackPercent"] = round(100 * tracked[0] / max(1, tracked[1]), 1)
    if targets:
        values["WithoutTarget"] = sorted(name for name, up in targets.items() if not up)
        values["ForwardsWithoutTarget"] = len(values["WithoutTarget"])
    if days:
        values["CertificateDays"] = min(days.values())
        values["FirstToExpire"] = min(days, key=lambda name: days[name])
    blocked = metrics_host.blocked()
    if blocked:
        values["BlockedSources"] = int(sum(count for _, count in blocked))
    return values
