"""Where a host keeps what it knows."""

STATE = "/var/lib/portway"
# The tree to set up, and the one that was proved. After a change they have been exchanged.
STAGE, GOOD = f"{STATE}/stage", f"{STATE}/good"
# In each tree.
SETTINGS, FORWARDS, SUMS = "/etc/portway/portway.env", "/etc/portway/forwards", f"{STATE}/sums"
HOST = "/usr/local/lib/portway/host.sh"
# The pointer's text for the content that runs.
POINTER = f"{STATE}/pointer"
# The content that failed last. It is tried again at a boot, or after other content was deployed in between.
FAILED = f"{STATE}/live-failed"
# The record of repairs: see reconcile.py.
RECORD = f"{STATE}/reconciled"
