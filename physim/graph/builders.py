"""Builders by name, and graphs as safetensors files: loading one never runs code that the file brings."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from physim import plugins
from physim.errors import PhysimError
from physim.graph.edits import replay, tell
from physim.graph.module_graph import ModuleGraph
from physim.outputs import replacing

FORMAT = "physim.graph/1"
_BUILDERS: dict[str, Callable[..., ModuleGraph]] = {}


def builder(name: str) -> Callable[[Callable[..., ModuleGraph]], Callable[..., ModuleGraph]]:
    """Register a function of JSON arguments that builds a graph, so that files can name it.

    Files tell all arguments, so that another default, some day, does not change what they hold.
    Raises: PhysimError where it is written without a name; what it makes, where arguments are no JSON.
    """
    if not isinstance(name, str):
        raise PhysimError(f'builder wants the name that files call it by: @builder("{name.__name__}")')

    def register(function: Callable[..., ModuleGraph]) -> Callable[..., ModuleGraph]:
        @functools.wraps(function)
        def build(*several: Any, **arguments: Any) -> ModuleGraph:
            try:
                bound = inspect.signature(function).bind(*several, **arguments)
            except TypeError as error:
                raise PhysimError(f"builder '{name}' does not take these arguments: {error}") from None
            bound.apply_defaults()
            _check_json(name, bound.arguments)
            graph = function(**bound.arguments)
            graph.recipe = (name, bound.arguments)
            return graph

        _BUILDERS[name] = build
        return build

    return register


def _check_json(name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse, before anything is built or trained, what no file could tell."""
    for field, value in arguments.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            got = type(value).__name__
            raise PhysimError(f"builder '{name}': {field} is of type {got}, wanted JSON for files ({error})") from None


def build_graph(name: str, arguments: dict[str, Any], package: str = "") -> ModuleGraph:
    """Build a graph by a registered builder; an unknown one is refused with the package that would bring it."""
    if name not in _BUILDERS and name in plugins.names(plugins.BUILDERS):
        plugins.load(plugins.BUILDERS, name)
    if name not in _BUILDERS:
        package = package or name.rpartition(".")[0].partition(".")[0]
        bringer = f"the package '{package}'" if package else "the package that defines it"
        raise PhysimError(
            f"unknown builder '{name}': install {bringer}; known are {', '.join(sorted(known_builders()))}"
        )
    return _BUILDERS[name](**arguments)


def known_builders() -> set[str]:
    """The names of all builders, registered or to be had by entry points."""
    return {*_BUILDERS, *plugins.names(plugins.BUILDERS)}


def _package(name: str) -> str:
    """The package that brings a registered builder; empty where a script does."""
    module = _BUILDERS[name].__module__ if name in _BUILDERS else ""
    return "" if module == "__main__" else module.partition(".")[0]


def save_graph(path: Path | str, graph: ModuleGraph, metadata: dict[str, Any] | None = None) -> None:
    """Save a graph's state, its builder with the arguments, and `metadata` (JSON) in one safetensors file.

    Cuts made after it was built, and inputs added for them, are saved too. A graph without a builder saves only its
    state; `load_state` reads it back into a graph built by hand.

    Raises: PhysimError where the file would bring back another graph, or it cannot be written.
    """
    name, arguments = graph.recipe or ("", {})
    added = _added(graph) if name else {}
    header = {
        "format": FORMAT,
        "builder": name,
        "package": _package(name),
        "arguments": json.dumps(arguments, sort_keys=True),
        **{kind: json.dumps(told) for kind, told in added.items()},
        "metadata": json.dumps(metadata or {}, sort_keys=True, allow_nan=False),
    }
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in graph.state_dict().items()}
    with replacing(path) as draft:
        draft.write_bytes(_ordered(save(tensors, header)))


def _added(graph: ModuleGraph) -> dict[str, list[Any]]:
    """The inputs and the cuts that were added to what a builder built; raises PhysimError for anything else."""
    assert graph.recipe is not None
    name, arguments = graph.recipe
    with torch.random.fork_rng(devices=()):  # else what is drawn after a graph is saved would be other numbers
        again = build_graph(name, arguments)
        added: dict[str, list[Any]] = {
            "inputs": [[one, graph[one].node.whole] for one in graph.inputs if one not in again.inputs],
            "edits": tell(graph),
        }
        _add(again, added)
    if _lines(again) != _lines(graph) or again.state_dict().keys() != graph.state_dict().keys():
        raise PhysimError(
            f"the builder '{name}', inputs and cuts made by cut(...) in what it built, each with a synthesizer of its "
            "own, are all that files hold, not bridges nor what was mended that it had cut: this graph would come back "
            "as another; save its state with a graph that has no builder"
        )
    return added


def _add(graph: ModuleGraph, added: dict[str, list[Any]]) -> None:
    for name, whole in added["inputs"]:
        graph.input(name, whole)
    replay(graph, added["edits"])


def _lines(graph: ModuleGraph) -> list[str]:
    """The nodes of a graph, as they are told, in any order: inputs may have come between cuts."""
    return sorted(repr(graph).splitlines())


def load_graph(path: Path | str) -> tuple[ModuleGraph, dict[str, Any]]:
    """Build the graph that a file names, fill in its state, and give its metadata too."""
    header, tensors = _read(path)
    if not header["builder"]:
        raise PhysimError(f"'{path}' holds a state without a builder: build the graph and use load_state")
    graph = build_graph(header["builder"], json.loads(header["arguments"]), header.get("package", ""))
    _add(graph, {kind: json.loads(header.get(kind, "[]")) for kind in ("inputs", "edits")})
    _fill(graph, tensors, path)
    return graph, json.loads(header["metadata"])


def load_state(path: Path | str, graph: ModuleGraph) -> dict[str, Any]:
    """Fill the state of a graph built by hand; give the file's metadata."""
    header, tensors = _read(path)
    _fill(graph, tensors, path)
    metadata: dict[str, Any] = json.loads(header["metadata"])
    return metadata


def _ordered(content: bytes) -> bytes:
    """The same file with its header's keys sorted: safetensors writes them in any order, and bytes should be equal."""
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def _read(path: Path | str) -> tuple[dict[str, str], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dictionary)
    except FileNotFoundError:
        raise PhysimError(f"there is no weights file '{path}'") from None
    except (OSError, SafetensorError) as error:
        raise PhysimError(f"'{path}' is not a safetensors file, or it is cut off ({error})") from None
    if header.get("format") != FORMAT:
        raise PhysimError(f"'{path}' is not a physim weights file: its format is {header.get('format')}, not {FORMAT}")
    return header, tensors


def _fill(graph: ModuleGraph, tensors: dict[str, Any], path: Path | str) -> None:
    wanted = graph.state_dict(keep_vars=True)
    for key in sorted(wanted.keys() ^ tensors.keys()):
        where = "lacks" if key in wanted else "has an unknown"
        raise PhysimError(f"'{path}' {where} tensor '{key}'")
    for key, value in tensors.items():
        if value.shape != wanted[key].shape:
            raise PhysimError(
                f"'{path}': tensor '{key}' is {list(value.shape)}, the graph wants {list(wanted[key].shape)}"
            )
    for key, value in tensors.items():
        wanted[key].data = value.to(wanted[key].device)  # takes the dtype of the file, and keeps shared tensors shared
