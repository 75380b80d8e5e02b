"""Certificates from Secrets Manager, read with the rights of the instance's role."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any, Optional

from portway import aws

HOUR = 3600


def certificate(entry: Mapping[str, Any], path: str, boot: bool) -> Optional[str]:
    """See certificates.py."""
    # The file's first line names its secret. Its time is updated whenever it is found to be right. A time in the future
    # comes from a wrong clock.
    title = f"# {entry['secret']}\n"
    if not boot and os.path.isfile(path) and 0 <= time.time() - os.stat(path).st_mtime < HOUR:
        with open(path, errors="replace") as file:
            if file.readline() == title:
                return None
    return title + as_pem(fetch(entry["secret"]))


def as_pem(text: str) -> str:
    """Certificate and key, from a secret that holds PEM, or both as JSON."""
    if text.startswith("-----BEGIN"):
        return text
    try:
        secret = json.loads(text)
        return f"{secret['certificate'].strip()}\n{secret['privateKey'].strip()}\n"
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without the cause, which might reveal the secret.
        raise ValueError('the secret must be {"certificate": "(PEM)", "privateKey": "(PEM)"}') from None


def fetch(arn: str) -> str:
    try:
        answer = aws.call("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": arn}, arn.split(":")[3])
    except OSError as error:
        raise OSError(f"Secrets Manager: {error}") from None
    return str(answer["SecretString"])
