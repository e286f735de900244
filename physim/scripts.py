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
    """Be the program: call `main` with what the command line says; a mistake is one sentence and exit code 2."""
    try:
        main(tyro.cli(arguments, description=description))
    except PhysimError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)


def check_choices(option: str, chosen: Collection[str], known: Collection[str]) -> None:
    """Refuse, by the name of an option, what is not among the `known`."""
    if unknown := set(chosen) - set(known):
        raise PhysimError(f"--{option}: got {sorted(unknown)}, wanted some of {list(known)}")
