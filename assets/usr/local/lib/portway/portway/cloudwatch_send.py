"""Sends events to CloudWatch Logs, as many in a request as it takes.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from collections.abc import Callable, Iterator
from typing import Any

from portway import aws

# An event's time in milliseconds since 1970, and its text.
Event = list[Any]

# CloudWatch takes 1,048,576 bytes, with 26 more for each event; smaller requests take less memory.
BYTES, EACH, EVENTS = 1 << 17, 26, 10_000
DAY = 24 * 3600 * 1000


def batches(events: list[Event]) -> Iterator[list[Event]]:
    """Sorted by time, and each of less than a day."""
    batch: list[Event] = []
    size = 0
    for one in sorted(events, key=lambda event: event[0]):
        cost = len(one[1].encode()) + EACH
        if batch and (size + cost > BYTES or len(batch) == EVENTS or one[0] - batch[0][0] >= DAY):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += cost
    if batch:
        yield batch


def put(group: str, stream: str, batch: list[Event]) -> str:
    """What AWS did not like of it; empty if it took all.

    @raise OSError, ValueError, KeyError or IndexError if it must be sent again
    """
    events = [{"timestamp": at, "message": text} for at, text in batch]
    words = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
    try:
        answer = aws.call("logs", "Logs_20140328.PutLogEvents", words)
    except OSError as error:
        # It would refuse it forever.
        if "InvalidParameterException" not in str(error):
            raise
        return f"refused: {error}"
    rejected = answer.get("rejectedLogEventsInfo")
    return f"refused some events: {rejected}" if rejected else ""


def send(group: str, stream: str, state: dict[str, Any], keep: Callable[[dict[str, Any]], None]) -> str:
    """Sends what waits, and keeps what AWS did not take. Returns what AWS did not like.

    @raise as `put`
    """
    said = ""
    for batch in list(batches(state["waiting"])):
        said = put(group, stream, batch) or said
        taken = {id(one) for one in batch}
        state["waiting"] = [one for one in state["waiting"] if id(one) not in taken]
        keep(state)
    return said


def attempt(action: Callable[..., str], *words: Any) -> str:
    """What is wrong; empty if nothing is."""
    try:
        return action(*words)
    except (OSError, ValueError, KeyError, IndexError) as error:
        return (str(error) or repr(error))[:300]
