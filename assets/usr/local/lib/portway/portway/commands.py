"""Starting other programs."""

import os
import subprocess


def start(*words: str, text: str = "") -> subprocess.Popen[str]:
    """Starts a program that reads `text`; several may run at once. A program that is not installed fails like any
    other, through `env`."""
    # A file rather than a pipe: writing to a pipe would block until the program reads.
    with open(os.memfd_create("text"), "w+") as file:
        file.write(text)
        file.seek(0)
        return subprocess.Popen(
            ["env", *words], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
        )


def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    process = start(*words, text=text)
    output, errors = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, output, errors)
