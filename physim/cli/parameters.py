"""The parameters of a world as flags of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin, get_type_hints

import docstring_parser
import tyro

if TYPE_CHECKING:
    from physim.worlds import World


@dataclass(frozen=True)
class Parameter:
    """One field of a world's class; `default` is `dataclasses.MISSING` where it must be given."""

    name: str
    type: Any
    default: Any
    help: str

    def several(self) -> Parameter:
        """The same parameter as a flag that takes any number of values."""
        default = MISSING if self.default is MISSING else (self.default,)
        return replace(self, type=GenericAlias(tuple, (self.type, ...)), default=default)


def parameters_of(builder: type[World]) -> Iterator[Parameter]:
    """The fields of a world's class that a flag can carry: numbers, strings, switches and choices."""
    hints, texts = get_type_hints(builder), _texts(builder)
    for item in fields(builder):
        kind = hints[item.name]
        if kind in (bool, int, float, str) or get_origin(kind) is Literal:
            yield Parameter(item.name, kind, item.default, texts.get(item.name, "a parameter of the world"))


def flags(parameters: list[Parameter]) -> list[tuple[str, Any, Any]]:
    """Fields for `make_dataclass`, one a parameter, from which tyro makes flags."""
    return [_flag(parameter) for parameter in parameters]


def _flag(parameter: Parameter) -> tuple[str, Any, Any]:
    default = field() if parameter.default is MISSING else field(default=parameter.default)
    annotated: Any = Annotated
    return parameter.name, annotated[parameter.type, tyro.conf.arg(help=parameter.help)], default


def _texts(builder: type[World]) -> dict[str, str]:
    """The sentence of each field, from its docstring (an inherited one's too) or a function's `Args:`."""
    found = [
        parameter
        for source in reversed(builder.__mro__[:-1])
        for parameter in docstring_parser.parse_from_object(source).params
    ]
    return {parameter.arg_name: " ".join(parameter.description.split()) for parameter in found if parameter.description}
