"""The report of a boot in a fleet: SignalResource for the group of hosts, which waits for it while it is created or rolls.

A host that joins later, since the load has grown or another one has died, is not waited for, and CloudFormation
refuses its report. That is the end of it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
"""

import json

from portway import report
from portway.say import say


def put(address: str, text: str) -> tuple[int, str]:
    """Reports what `text` says (see signals.body) to group://STACK/GROUP.

    @raise OSError if CloudFormation did not answer, was too busy, or denies the right: to be tried again
    """
    stack, _, group = address.partition("//")[2].partition("/")
    said = json.loads(text)
    if said["Status"] == "FAILURE":
        # For a group, the id must be the instance's alone, so the event cannot show the cause. The console can.
        say(f"the event shows no cause; this is it: {said['Reason']}")
    try:
        report.signal(report.Report(said["Status"], "", group, stack, ""))
    except OSError as error:
        if "ValidationError" not in f"{error}":
            raise
        return 400, f"{error}"
    return 200, ""
