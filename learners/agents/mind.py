"""An agent that plays by itself, one decision at a time, and what it thinks while it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learners.agents.environments import readable
from learners.agents.graphs import ACTION_VALUES, CHOICE, DEPTH_MAP, POLICY, SEEN, VALUE, actions_of, check_image
from learners.agents.losses.depth import EDGES
from learners.agents.modules import chance
from learners.agents.unrolls import REWARD
from physim.arrays import Floats
from physim.checks import check_is, check_number
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State

MIDDLES = (0.15, *((low + high) / 2 for low, high in pairwise(EDGES)), 3.5)
"""What depth (m) each class is taken for."""


@final
@dataclass(frozen=True)
class Thought:
    """What an agent thinks at a decision: how likely it takes each action, and what it expects to come, by `value`, or
    by its action values where it has them.

    Actions count from 0, or are numbers from -1 to 1 where it tells numbers: see `acted`; without `probabilities`.
    Where it has the heads: the depth (m) that it tells [4, 16]; how likely it was here before; and how much of each
    cell of what it sees would change after the action it takes [rows, columns].
    """

    action: int | Floats
    probabilities: tuple[float, ...]
    value: float
    depth: Floats | None = None
    loop: float | None = None
    control: Floats | None = None


@final
class Mind:
    """Decides by an agent's graph, which it puts into `eval()`; the same seed decides the same, and `begin` begins an
    episode.

    Raises: PhysimError where the graph is no agent.
    """

    def __init__(self, graph: ModuleGraph, seed: int = 0) -> None:
        check_is(ModuleGraph, graph=graph)
        self.graph = graph.eval()
        names = {node.name for node in graph.nodes}
        self.worth = ACTION_VALUES if ACTION_VALUES in names else VALUE
        self.actions, self.numbers = actions_of(graph)
        self.seen = [name for name in graph.inputs if name in SEEN]
        self.heads = [name for name in ("depth_from_core", "loop_closure", "pixel_control") if name in names]
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """Forget everything."""
        self.random = torch.Generator().manual_seed(seed)
        self.state: State | None = None

    @torch.no_grad()
    def decide(self, seen: Mapping[str, npt.NDArray[Any]] | npt.NDArray[Any], reward: float = 0.0) -> Thought:
        """What to do, by what is seen, without an axis for items, and the reward that came with it.

        Raises: PhysimError where that lacks what the agent sees, or is of another shape, or no numbers.
        """
        check_number(reward=reward)
        if not np.isfinite(reward):
            raise PhysimError(f"reward is {reward!r}, wanted a finite number")
        read = readable({name: value[None] for name, value in self._read(seen).items()})
        inputs = {name: torch.from_numpy(value) for name, value in read.items()}
        if REWARD in self.graph.inputs:
            inputs[REWARD] = torch.tensor([[reward]])
        inputs["chance"] = chance(1, self.actions, self.random)
        names = (CHOICE, POLICY, self.worth, *self.heads)
        try:
            values, self.state = self.graph.step(inputs, self.state, outputs=tuple(self.graph[name] for name in names))
        except RuntimeError as error:
            shown = ", ".join(f"{name} {list(value.shape[1:])}" for name, value in read.items())
            raise PhysimError(f"the agent cannot read what it is shown, {shown}: {error}") from error
        return _thought(dict(zip(names, values, strict=True)), self.numbers)

    def _read(self, seen: Mapping[str, npt.NDArray[Any]] | npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """What the agent sees, by name, of all that is there to be seen."""
        if not isinstance(seen, Mapping | np.ndarray):
            raise PhysimError(f"seen is a {type(seen).__name__}, wanted an observation: an array, or arrays by name")
        if not isinstance(seen, Mapping):
            seen = dict.fromkeys(self.seen, seen) if len(self.seen) == 1 else {}
        if missing := [name for name in self.seen if name not in seen]:
            raise PhysimError(f"seen has {', '.join(seen) or 'no names'}, wanted {', '.join(missing)}, too")
        if "image" in self.seen:
            check_image(self.graph, np.shape(seen["image"]))
        read = {name: np.ascontiguousarray(seen[name]) for name in self.seen}
        for name, value in read.items():
            if name == "image" and value.dtype != np.uint8:
                raise PhysimError(f"the image is {value.dtype}, wanted uint8, as agents learn from")
            if not np.issubdtype(value.dtype, np.number):
                raise PhysimError(f"'{name}' is {value.dtype}, wanted numbers")
            if not np.isfinite(value).all():
                raise PhysimError(f"'{name}' is not finite")
        return read


def _thought(values: Mapping[str, Tensor], numbers: bool) -> Thought:
    if ACTION_VALUES in values:  # who has these learns them, and no value beside
        value = float((values[POLICY].softmax(-1) * values[ACTION_VALUES])[0].sum())
    else:
        value = float(values[VALUE][0, 0])
    if numbers:
        return Thought(values[CHOICE][0].double().clamp(-1, 1).numpy(), (), value)
    action = int(values[CHOICE][0].argmax())
    depth = loop = control = None
    if "depth_from_core" in values:
        classes = values["depth_from_core"][0].unflatten(-1, (*DEPTH_MAP, len(MIDDLES))).softmax(-1)
        depth = (classes @ torch.tensor(MIDDLES)).double().numpy()
    if "loop_closure" in values:
        loop = float(values["loop_closure"][0, 0].sigmoid())
    if "pixel_control" in values:
        control = values["pixel_control"][0, action].double().numpy()
    probabilities = tuple(values[POLICY][0].softmax(-1).tolist())
    return Thought(action, probabilities, value, depth, loop, control)
