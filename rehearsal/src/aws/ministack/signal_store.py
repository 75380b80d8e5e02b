"""The signals that came, by (stack ARN, logical id of the handle), for as long as the endpoint runs.

AWS keys them the same way and says not to use a handle again, because old signals may be evaluated: so a handle that
is deleted and made again under the same id in the same stack meets its old signals here too.
"""

import json
import threading
import time


class Failed(Exception):
    """The condition failed; the text is the event's reason, word for word what CloudFormation says."""


class SignalStore:
    def __init__(self):
        self._changed = threading.Condition()
        self._bodies = {}

    def put(self, key, body):
        with self._changed:
            self._bodies.setdefault(key, []).append(body)
            self._changed.notify_all()

    def wait(self, key, count, timeout, cancelled=lambda: False):
        """Block until `count` successes with different unique ids came; returns {unique id: data}."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                successes = self._evaluate(key, count)
                if len(successes) >= count:
                    return successes
                left = deadline - time.monotonic()
                if left <= 0 or cancelled():
                    raise Failed(
                        f"WaitCondition timed out. Received {len(successes)} conditions when expecting {count}"
                    )
                self._changed.wait(min(left, 1.0))

    def _evaluate(self, key, count):
        """In the order they came: the first failure, or enough successes, decides."""
        successes = {}
        seen = set()
        for body in self._bodies.get(key, []):
            status, unique_id, reason, data = parse(body)
            if unique_id in seen:
                continue  # sent again: the first one counts
            seen.add(unique_id)
            if status == "FAILURE":
                raise Failed(f"WaitCondition received failed message: '{reason}' for uniqueId: {unique_id}")
            successes[unique_id] = data
            if len(successes) == count:
                break
        return successes


def parse(body):
    """(Status, UniqueId, Reason, Data) of a signal. Raises Failed when CloudFormation could not read it."""
    try:
        signal = json.loads(body.decode("utf-8"))
        status, unique_id = signal["Status"], signal["UniqueId"]
        reason, data = signal.get("Reason", ""), signal.get("Data", "")
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed("Unparsable WaitCondition data") from error
    if status not in ("SUCCESS", "FAILURE") or not all(isinstance(v, str) for v in (unique_id, reason, data)):
        raise Failed("Unparsable WaitCondition data")
    if not unique_id:
        raise Failed("Unparsable WaitCondition data")
    return status, unique_id, reason, data
