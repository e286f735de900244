"""The `physim` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from physim import __version__
from physim.cli.parsing import parse
from physim.errors import PhysimError
from physim.interrupts import terminations_interrupt

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own) and return its exit code.

    It is 2 for bad input and 130 for Ctrl-C or SIGTERM.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if list(arguments) == ["--version"]:
        print(f"physim {__version__}")
        return 0
    try:
        with terminations_interrupt():
            parse(arguments)()
    except PhysimError as error:
        print(f"physim: {error}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"physim: this does not fit into the memory: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"physim: interrupted{stop}", file=sys.stderr)
        return 130
    return 0
