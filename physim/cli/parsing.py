"""From a command line to the work it asks for."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, make_dataclass
from functools import partial
from inspect import getdoc
from pathlib import Path
from typing import Any, Union

import tyro

from physim.cli.base import WorldCommand
from physim.cli.commands import COMMANDS, EVERY_WORLD, AnyCommand
from physim.cli.parameters import Parameter, flags, parameters_of
from physim.cli.training import TRACKS, Train, TrainTracks
from physim.errors import PhysimError

DESCRIPTION = "Learned physics engines beside the true ones: simulate worlds, learn them, judge and watch the result."
MARKERS = (tyro.conf.DisallowNone, tyro.conf.OmitArgPrefixes)


def parse(arguments: Sequence[str]) -> Callable[[], None]:
    """The work that a command line asks for, ready to be called; bad input raises PhysimError.

    A world's own flags are known once its name is, which stands first after the command: `physim generate nbody ...`.
    """
    chosen = COMMANDS.get(arguments[0]) if arguments else None
    if chosen is None:
        _run_tyro(Union[tuple(COMMANDS.values())], "physim", arguments, DESCRIPTION)  # noqa: UP007 (built at run time)
        raise PhysimError(f"the first argument must be one of {', '.join(COMMANDS)}")
    name, rest = arguments[0], arguments[1:]
    named = bool(rest) and not rest[0].startswith("-")
    if issubclass(chosen, WorldCommand) and named and Path(rest[0]).suffix.lower() in TRACKS:
        chosen = _of_tracks(chosen, name, rest[0])
    if issubclass(chosen, WorldCommand) and named:
        return _parse_world_command(chosen, name, rest)
    command, unknown = _run_tyro(chosen, f"physim {name}", rest, getdoc(chosen))
    _refuse_unknown(unknown, name, chosen, [])
    return partial(command.run, {}) if isinstance(command, WorldCommand) else command.run


def _of_tracks(chosen: type[WorldCommand], name: str, file: str) -> type[AnyCommand]:
    """What a command about worlds does with a file of positions over time: it can be trained on."""
    if chosen is not Train:
        raise PhysimError(
            f"physim {name} needs a world, whose truth it simulates, and {file} has none: it is for physim train, "
            "which learns from positions over time"
        )
    return TrainTracks


def _parse_world_command(chosen: type[WorldCommand], name: str, rest: Sequence[str]) -> Callable[[], None]:
    """Parse a command whose world is named, with the world's parameters as flags beside the command's own."""
    from physim.worlds import world_builder

    every = chosen.sweeps and rest[0] == EVERY_WORLD  # of all worlds together, none has flags
    known = () if every else parameters_of(world_builder(rest[0]))
    parameters = [parameter.several() if chosen.sweeps else parameter for parameter in known]
    _refuse_clashes(parameters, name, chosen)
    both = make_dataclass(chosen.__name__, flags(parameters), bases=(chosen,), frozen=True, kw_only=True)
    command, unknown = _run_tyro(both, f"physim {name}", rest, getdoc(chosen))
    _refuse_unknown(unknown, name, chosen, parameters)
    values = {parameter.name: getattr(command, parameter.name) for parameter in parameters}
    given = {parameter.name for parameter in parameters if values[parameter.name] != parameter.default}
    return partial(command.run, {key: value for key, value in values.items() if key in given})


def _run_tyro(kind: Any, program: str, arguments: Sequence[str], description: str | None) -> Any:
    """Let tyro fill a type from arguments; what it prints in a box when it cannot becomes one sentence."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                kind, prog=program, description=description, args=arguments, return_unknown_args=True, config=MARKERS
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise PhysimError(_sentence(complaint.getvalue())) from None


def _sentence(box: str) -> str:
    """The first part of what tyro printed: under the title, in a drawn box or (in a plain terminal) between rulers."""
    drawn = box.startswith("╭")
    lines = [line.strip("│ ") for line in box.splitlines() if not line.startswith(("╭", "╰"))]
    parts = re.split(r"^[-─]+$", "\n".join(lines), flags=re.MULTILINE)
    return " ".join(parts[0 if drawn else 1 % len(parts)].split())


def _own_flags(chosen: type[AnyCommand]) -> list[str]:
    return [field.name for field in fields(chosen) if field.name not in ("world", "name", "names", "file")]


def _refuse_clashes(parameters: list[Parameter], name: str, chosen: type[AnyCommand]) -> None:
    for parameter in parameters:
        if parameter.name in _own_flags(chosen):
            raise PhysimError(f"the world's parameter {parameter.name} is a flag of physim {name} already: rename it")


def _refuse_unknown(unknown: Sequence[str], name: str, chosen: type[AnyCommand], parameters: list[Parameter]) -> None:
    if unknown:
        known = [*(parameter.name for parameter in parameters), *_own_flags(chosen)]
        listed = ", ".join(f"--{flag.replace('_', '-')}" for flag in known) or "none"
        raise PhysimError(f"unknown argument {unknown[0]!r} of physim {name}: the known flags are {listed}")
