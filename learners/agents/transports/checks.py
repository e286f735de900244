"""What numbers and names in the settings of trainings must be."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

from physim.errors import PhysimError


def check_whole(least: int, **fields: int | None) -> None:
    """Refuse, by name, what is no whole number of at least so much; None means "not asked for"."""
    for name, value in fields.items():
        if value is not None and not (isinstance(value, Integral) and value >= least):
            raise PhysimError(f"{name} is {value!r}, wanted a whole number, {least} or more")


def check_several(**fields: Sequence[str]) -> None:
    """Refuse, by name, one text where several are wanted: it would be taken for its letters."""
    for name, value in fields.items():
        if isinstance(value, str):
            raise PhysimError(f"{name} is {value!r}, wanted several names: ({value!r},)")
