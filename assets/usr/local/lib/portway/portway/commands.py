"""Starting other programs. The module subprocess takes longer to import than most of them run."""

import os

SIGPIPE = 13


class Process:
    """Starts a program that reads `text`; several may run at once. One that is not installed fails like any other, through
    `env`. Files in memory rather than pipes, which block when they are full."""

    def __init__(self, *words: str, text: str = ""):
        self.files = [os.memfd_create("text") for _ in range(3)]
        os.write(self.files[0], text.encode())
        os.lseek(self.files[0], 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(self.files)]
        # Python ignores this signal, and its children would too.
        self.pid = os.posix_spawnp("env", ["env", *words], os.environ, file_actions=actions, setsigdef=[SIGPIPE])
        self.returncode = -1
        self.stdout = self.stderr = ""

    def communicate(self) -> tuple[str, str]:
        """Waits for the end. Returns the output and the errors."""
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        _, self.stdout, self.stderr = [text_of(file) for file in self.files]
        return self.stdout, self.stderr


def text_of(file: int) -> str:
    with open(file, errors="replace") as stream:
        stream.seek(0)
        return stream.read()


def run(*words: str, text: str = "") -> Process:
    """Runs a program to its end."""
    process = Process(*words, text=text)
    process.communicate()
    return process
