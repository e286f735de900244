"""What is refused before processes begin: ranks that do not fit a graph, and that would wait for ever."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import networkx as nx

from physim.errors import PhysimError
from physim.graph.groups import Group
from physim.graph.nodes import Input
from physim.ranks.links import Link

Pace = Link | int | None
"""Which versions a rank runs: all, or those that come over a link, or its own."""


def check_launched(ranks: int) -> None:
    """Refuse a process that nothing started as one of several."""
    if "RANK" not in os.environ:
        script = Path(sys.argv[0]).name or "train.py"
        raise PhysimError(
            f"this process has no rank: wanted `torchrun --nproc-per-node {ranks} {script}`, or physim.ranks.launch"
        )


def check_ranks(groups: Sequence[Group], ranks: int) -> None:
    """Refuse groups that so many processes cannot hold.

    Raises: PhysimError that names the group.
    """
    for group in groups:
        if not 0 <= group.rank < ranks:
            raise PhysimError(f"ranks: '{group.name}' is on rank {group.rank}, but {ranks} processes run")


def check_guesses(groups: Sequence[Group]) -> None:
    """Refuse imagined values that their readers cannot guess at once, and what several ranks would teach.

    Raises: PhysimError that names the values.
    """
    entering = [interface for group in groups for interface in group.enters]
    for interface, wire in [(one, one.imagined) for one in entering if one.imagined is not None]:
        for port in wire.sources[1:]:
            if not isinstance(port.node, Input):
                raise PhysimError(f"'{interface.name}' is imagined from '{port.name}', wanted an input of the graph")
        readers = sorted({group.rank for group in groups if interface in group.enters})
        if len(readers) > 1:
            raise PhysimError(f"'{interface.name}' is imagined on ranks {readers}, wanted one rank that teaches it")
    _check_shared(groups)


def _check_shared(groups: Sequence[Group]) -> None:
    """Refuse a synthesizer of several ranks, each of which would teach a copy of its own."""
    taught: dict[int, dict[int, str]] = {}
    for group in groups:
        wires = [(one.name, one.decoupled) for one in group.leaves] + [(one.name, one.imagined) for one in group.enters]
        for name, wire in wires:
            if wire is not None:
                taught.setdefault(id(wire.synthesizer), {})[group.rank] = name
    for names in taught.values():
        if len(names) > 1:
            raise PhysimError(
                f"one synthesizer is taught on ranks {sorted(names)}, by {', '.join(sorted(names.values()))}: "
                "wanted one for each"
            )


def check_paces(links: Sequence[Link], names: Mapping[int, str]) -> None:
    """Refuse ranks that would wait for one another for ever.

    Where a cut makes nobody wait, its reader passes versions over. A rank that reads values of several paces leaves out
    what not all of them bring, so that nobody above it may wait for what comes of every version.

    Raises: PhysimError that names the ranks, and what runs on them by `names`.
    """
    waited = [link for link in links if link.waited]
    first = [link for link in waited if link.first]
    order = nx.DiGraph((link.source, link.reader) for link in first)
    if not nx.is_directed_acyclic_graph(order):
        circle = sorted({rank for edge in nx.find_cycle(order) for rank in edge})
        raise PhysimError(f"ranks {circle} wait for one another before they begin, wanted what they run on one rank")
    flow = nx.DiGraph((link.source, link.reader) for link in waited)
    behind = {rank: {rank, *nx.descendants(flow, rank)} for rank in flow}
    waits = {(link.source, link.reader) for link in waited if link.interface.decoupled is None}
    waits |= {(link.reader, link.source) for link in waited if not link.first}
    paces: dict[int, Pace] = {link.reader: link for link in links if not link.waited}
    for rank in _uneven(first, nx.topological_sort(order), paces, waits, behind):
        for waiting, other in sorted(waits):
            if waiting != rank and rank in behind[waiting] and other in behind[rank]:
                raise PhysimError(
                    f"rank {rank} ({names[rank]}) leaves out what not all of its wires bring, since not all are cut "
                    f"alike, but rank {waiting} ({names[waiting]}) waits for each of its updates: "
                    "wanted both on one rank, or a cut between them"
                )


def _uneven(
    first: Sequence[Link],
    order: Iterable[int],
    paces: dict[int, Pace],
    waits: set[tuple[int, int]],
    behind: Mapping[int, set[int]],
) -> list[int]:
    """The ranks that leave out versions because what they read first comes at different paces.

    `paces` are of the ranks that set their own, and then of all.
    """
    for rank in order:
        met: set[Pace] = set()
        for link in (link for link in first if link.reader == rank):
            held_back = any(link.source == waiting and other in behind[rank] for waiting, other in waits)
            met.add(paces[link.source] if link.interface.decoupled is None or held_back else link)
        if len(met) > 1:
            paces[rank] = rank
        else:
            paces[rank] = met.pop() if met else paces.get(rank)
    return [rank for rank, pace in paces.items() if pace == rank]
