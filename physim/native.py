"""Functions made native by numba."""

from __future__ import annotations

from typing import Any

import numba


def compiled(function: Any, fastmath: bool | set[str] = False) -> Any:
    """A function made native: once for a machine where the result can be kept, else once a process.

    It gives the same numbers everywhere: nothing is reordered, and nothing runs in parallel; what `fastmath` allows, as
    numba names it, may round otherwise from machine to machine.
    """
    settings: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        return numba.njit(function, cache=True, **settings)
    except RuntimeError:  # neither beside the source nor in the user's home can anything be written
        return numba.njit(function, **settings)
