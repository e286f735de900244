"""What scripts share: arguments from the command line, and mistakes told in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import tyro

from physim.errors import PhysimError

A = TypeVar("A")


def run_script(main: Callable[[A], object], arguments: type[A], description: str | None = None) -> None:
    """Be the program: call `main` with what the command line says.

    A mistake is one sentence and exit code 2, Ctrl-C one line and exit code 130.
    """
    name = Path(sys.argv[0]).name
    try:
        main(tyro.cli(arguments, description=description))
    except PhysimError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as stop:
        print(f"{name}: interrupted{stop}", file=sys.stderr)
        sys.exit(130)


def check_choices(option: str, chosen: Collection[str], known: Collection[str]) -> None:
    """Refuse, by the name of an option, what is not among the `known`, and to choose nothing."""
    if not chosen:
        raise PhysimError(f"--{option}: got none, wanted some of {list(known)}")
    if unknown := set(chosen) - set(known):
        raise PhysimError(f"--{option}: got {sorted(unknown)}, wanted some of {list(known)}")
