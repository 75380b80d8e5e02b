"""Unit tests of the host's Python package: the parts that need no kernel, no nginx and no network. The others are tested in test/host."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "assets/usr/local/lib/portway"))
