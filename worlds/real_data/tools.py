"""The clients of package registries, run as the user has set them up: indexes, mirrors, proxies and keys are theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from physim.errors import PhysimError


def run(*command: str | Path, folder: Path, out: Path | None = None, changed: Mapping[str, str] | None = None) -> None:
    """Run a client in a folder, its output into `out`, with environment variables changed.

    Raises: PhysimError with what the client says where it is not installed or fails.
    """
    program = shutil.which(command[0])
    if program is None:
        raise PhysimError(f"{command[0]} is not installed")
    with (out or Path(os.devnull)).open("wb") as output:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env=_environment(changed or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode:
        raise PhysimError(_reason(done.stderr.decode(errors="replace")) or f"exit code {done.returncode}")


def _environment(changed: Mapping[str, str]) -> dict[str, str]:
    """This process's variables; one that is changed to nothing is left out."""
    return {name: value for name, value in {**os.environ, **changed}.items() if value}


def _reason(complaint: str) -> str:
    """The line that says what went wrong: the first that is marked as an error, or else the last."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    marked = [line for line in lines if line.lower().startswith(("error", "e:", "npm err"))]
    return next(iter(marked or reversed(lines)), "")
