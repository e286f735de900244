"""Functions made native by numba."""

from __future__ import annotations

from typing import Any

import numba


def compiled(function: Any) -> Any:
    """A function made native: once for a machine where the result can be kept, else once a process.

    It gives the same numbers everywhere: nothing is reordered, and nothing runs in parallel.
    """
    try:
        return numba.njit(function, cache=True, nogil=True, error_model="numpy")
    except RuntimeError:  # neither beside the source nor in the user's home can anything be written
        return numba.njit(function, nogil=True, error_model="numpy")
