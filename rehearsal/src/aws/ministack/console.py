"""What EC2 tells of an instance's console, which ministack does not have: the text of a file that the lab names."""

import base64
import pathlib

from engine import ec2

# Paths by the instance's id.
files: dict[str, str] = {}


def console_output(parameters):
    instance = ec2._p(parameters, "InstanceId")
    if instance not in ec2._instances:
        return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{instance}' does not exist", 400)
    path = files.get(instance)
    text = pathlib.Path(path).read_bytes() if path else b""
    # EC2 keeps the last 64 KB.
    output = base64.b64encode(text[-65536:]).decode()
    return ec2._xml(
        200,
        "GetConsoleOutputResponse",
        f"<instanceId>{instance}</instanceId><timestamp>2026-01-01T00:00:00.000Z</timestamp><output>{output}</output>",
    )


def install():
    ec2._ACTION_MAP["GetConsoleOutput"] = console_output
