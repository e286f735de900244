from __future__ import annotations

from dataclasses import MISSING, dataclass, make_dataclass
from typing import Any, Literal

from physim.cli.parameters import Parameter, flags, parameters_of


@dataclass(frozen=True, kw_only=True)
class Base:
    dt: float
    """seconds in a step"""


@dataclass(frozen=True, kw_only=True)
class Sub(Base):
    bodies: int = 6
    """number of
    bodies"""
    kind: Literal["a", "b"] = "a"
    table: tuple[int, ...] = ()


FOUND: dict[str, Any] = {parameter.name: parameter for parameter in parameters_of(Sub)}  # type: ignore[arg-type]


def test_fields_that_a_flag_can_carry_are_found() -> None:
    assert list(FOUND) == ["dt", "bodies", "kind"]
    assert FOUND["bodies"] == Parameter("bodies", int, 6, "number of bodies")


def test_inherited_fields_keep_their_sentence() -> None:
    assert FOUND["dt"] == Parameter("dt", float, MISSING, "seconds in a step")


def test_several_holds_the_default_in_a_tuple() -> None:
    assert FOUND["bodies"].several() == Parameter("bodies", tuple[int, ...], (6,), "number of bodies")
    assert FOUND["dt"].several().default is MISSING


def test_flags_have_the_defaults() -> None:
    made = make_dataclass("Made", flags(list(FOUND.values())), kw_only=True)
    assert vars(made(dt=0.1)) == {"dt": 0.1, "bodies": 6, "kind": "a"}
