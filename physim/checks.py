"""What numbers from the user must be."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite
from numbers import Integral, Real

from physim.errors import PhysimError

TEST_SEEDS_FROM = 90_000
"""Seeds from here on are for tests; training refuses them."""


def check_positive(**fields: float | None) -> None:
    """Refuse, by name, a value that is not finite and above 0; None means "not asked for"."""
    for name, value in fields.items():
        check_number(**{name: value})
        if value is not None and not (value > 0 and isfinite(value)):
            raise PhysimError(f"{name} must be {'finite' if value == inf else 'above 0'}, got {value}")


def check_between(low: float, high: float, **fields: float | None) -> None:
    """Refuse, by name, a number that is not finite, or not from `low` to `high`; None means "not asked for"."""
    for name, value in fields.items():
        check_number(**{name: value})
        if value is not None and not (low <= value <= high and isfinite(value)):
            bounds = f"{low} or more" if high == inf else f"from {low} to {high}"
            raise PhysimError(f"{name} is {value}, wanted {bounds}")


def check_number(**fields: object) -> None:
    """Refuse, by name, what is no number; None means "not asked for"."""
    for name, value in fields.items():
        if value is not None and not isinstance(value, Real):
            raise PhysimError(f"{name} is {value!r}, wanted a number")


def check_among(what: str, value: str, known: Iterable[str]) -> None:
    """Refuse, by what it is, a word that is not among the `known`."""
    known = list(known)
    if value not in known:
        raise PhysimError(f"{what} is {value!r}, wanted one of {', '.join(known)}")


def check_is(kind: type, **fields: object) -> None:
    """Refuse, by name, what is no object of a kind."""
    for name, value in fields.items():
        if not isinstance(value, kind):
            raise PhysimError(f"{name} is a {type(value).__name__}, wanted {kind.__name__}")


def check_whole(least: int, **fields: object) -> None:
    """Refuse, by name, what is no whole number of at least so much; None means "not asked for"."""
    for name, value in fields.items():
        if value is not None and not (isinstance(value, Integral) and int(value) >= least):
            raise PhysimError(f"{name} is {value!r}, wanted a whole number, {least} or more")


def check_several(**fields: object) -> None:
    """Refuse, by name, a word, which would be taken for its letters, or a number, where several are wanted."""
    for name, value in fields.items():
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise PhysimError(f"{name} is {value!r}, wanted several: ({value!r},)")


def check_finite(**fields: object) -> None:
    """Refuse, by name, a float that is not finite; anything else passes."""
    for name, value in fields.items():
        if isinstance(value, float) and not isfinite(value):
            raise PhysimError(f"{name} must be finite, got {value}")


def check_memory(what: str, size: float) -> None:
    """Refuse, before it is tried, what takes more bytes than this machine has of memory."""
    if size < 2**30:
        return  # fits anywhere, and to ask the machine takes time
    import psutil

    total = psutil.virtual_memory().total
    if size > total:
        raise PhysimError(f"{what} would take {gib(size)} GiB of memory, and this machine has {gib(total)}")


def gib(size: float) -> str:
    """A number of bytes in GiB, as text."""
    return f"{size / 2**30:,.0f}"


def check_seed(seed: int) -> None:
    """Refuse a negative seed, from which numpy cannot draw."""
    if seed < 0:
        raise PhysimError(f"seed must be 0 or more, got {seed}")
