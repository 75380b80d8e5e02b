# Part of certificates.py: certificates out of Secrets Manager, read with the rights of the instance's role.
import json
import os
import time

import aws


def certificate(entry, path, boot):
    # The file tells which secret it is of, and is touched each time that it is found to be right; one of the future, while the clock
    # was wrong.
    title = f"# {entry['secret']}\n"
    if not boot and os.path.isfile(path) and 0 <= time.time() - os.stat(path).st_mtime < 3600:
        with open(path, errors="replace") as file:
            if file.readline() == title:
                return None
    text = fetch(entry["secret"])
    if text.startswith("-----BEGIN"):
        return title + text
    try:
        secret = json.loads(text)
        return f"{title}{secret['certificate'].strip()}\n{secret['privateKey'].strip()}\n"
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without the cause: nothing of the secret may be told.
        raise ValueError('the secret must be {"certificate": "(PEM)", "privateKey": "(PEM)"}') from None


def fetch(arn):
    try:
        answer = aws.call("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": arn}, arn.split(":")[3])
    except OSError as error:
        raise OSError(f"Secrets Manager: {error}") from None
    return answer["SecretString"]
