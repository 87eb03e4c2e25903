"""`python -m nnstack`: the command line; see nnstack/cli."""

from __future__ import annotations

import sys

from nnstack.cli import main

if __name__ == "__main__":
    sys.exit(main())
