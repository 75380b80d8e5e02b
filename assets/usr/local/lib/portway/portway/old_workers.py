"""
Ends nginx's oldest workers where they are too many.

After a reload the old workers finish their connections, for at most a day. With a long connection in each generation and many changes in
a row they would take all memory.
"""

import contextlib
import glob
import os
import re
import signal
from typing import Optional

from portway.files import read
from portway.fingerprint import started

# A worker takes a few MiB for itself, and more with many connections.
MIB_FOR_EACH = 32
TITLE = "nginx: worker process is shutting down"


def bound() -> int:
    memory = re.search(r"MemTotal: +(\d+)", read("/proc/meminfo"))
    return max(8, int(memory[1] if memory else 0) // 1024 // MIB_FOR_EACH)


def old_workers() -> list[int]:
    """Those that shut down, the oldest first."""
    found = [path.split("/")[2] for path in glob.glob("/proc/[0-9]*/cmdline") if read(path).startswith(TITLE)]
    return [int(process) for process in sorted(found, key=lambda process: int(started(process) or 0))]


def identities() -> list[str]:
    """Process ids with start times: a later process may get the same id."""
    return [f"{worker} {started(str(worker))}" for worker in old_workers()]


def limit(most: Optional[int] = None) -> int:
    """Ends the oldest beyond so many; by default one for each 32 MiB of memory, at least 8. Returns how many were ended."""
    workers = old_workers()
    surplus = workers[: max(0, len(workers) - (bound() if most is None else most))]
    for worker in surplus:
        # It may end by itself meanwhile.
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGTERM)
    return len(surplus)
