"""`python -m physim` is the `physim` command."""

from __future__ import annotations

import sys

from physim.cli import main

if __name__ == "__main__":
    sys.exit(main())
