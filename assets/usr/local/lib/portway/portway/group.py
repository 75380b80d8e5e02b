"""The report of a boot in a fleet: SignalResource for the group of hosts, which waits for it while it is created or rolls.

A host that joins later, since the load has grown or another one has died, is not waited for, and CloudFormation
refuses its report. That is the end of it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
"""

import json
import time

from portway import report
from portway.files import read
from portway.say import say

# Since when the balancer has heard of this host nothing but good: see ready.py.
READY = "/run/portway/ready"
# For each port by itself, it asks every 10 s, and two good answers make a host healthy.
HEALTHY_SECONDS = 25
# A balancer takes 3 to 5 minutes until it asks a new host.
LONGEST_SECONDS = 300


def await_balancer() -> None:
    """Until the balancer sends connections here: after the report, a rolling update ends an old host."""
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        since = read(READY).strip()
        if since and time.monotonic() - int(since) >= HEALTHY_SECONDS:
            return
        time.sleep(1)
    say(f"WARNING: the balancer has not found this host ready for {LONGEST_SECONDS} s; it is reported all the same")


def put(address: str, text: str) -> tuple[int, str]:
    """Reports what `text` says (see signals.body) to group://STACK/GROUP.

    @raise OSError if CloudFormation did not answer, was too busy, or denies the right: to be tried again
    """
    stack, _, group = address.partition("//")[2].partition("/")
    said = json.loads(text)
    if said["Status"] == "FAILURE":
        # For a group, the id must be the instance's alone, so the event cannot show the cause. The console can.
        say(f"the event shows no cause; this is it: {said['Reason']}")
    else:
        await_balancer()
    try:
        report.signal(report.Report(said["Status"], "", group, stack, ""))
    except OSError as error:
        if "ValidationError" not in f"{error}":
            raise
        return 400, f"{error}"
    return 200, ""
