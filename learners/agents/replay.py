"""Replay: the last ticks of every environment, to learn from once more."""

from __future__ import annotations

from collections.abc import Collection
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from learners.agents.unrolls import LAST, MEMORY, NEXT_REWARD, RESET, REWARD, Ticks, Unroll
from physim.checks import check_positive
from physim.errors import PhysimError

FRAMES = 3
"""How many frames a reward is foreseen from."""


@final
class Replay:
    """Keeps the last `size` ticks of each environment, each tick once, in rings that never move.

    Of a tick it keeps what has one of the `names` (None: all). It holds size x environments x the bytes of a tick: 21
    KB for an image of 84 x 84 (`nbytes` tells).
    """

    def __init__(self, size: int = 2000, names: Collection[str] | None = None) -> None:
        check_positive(size=size)
        self.size, self.names = size, names
        self.rings: dict[int, _Ring] = {}

    def add(self, unroll: Unroll) -> None:
        """Keep the decisions of an unroll; the tick after them comes with the next."""
        ticks = {name: value for name, value in unroll.ticks.items() if self._keeps(name)}
        if unroll.actor not in self.rings:
            self.rings[unroll.actor] = _Ring(self.size, ticks)
        self.rings[unroll.actor].add(ticks)

    def _keeps(self, name: str) -> bool:
        return self.names is None or name in self.names or name.startswith(MEMORY)

    @property
    def filled(self) -> float:
        """The share of its size that it holds of every environment it knows, at the least."""
        return min((ring.filled for ring in self.rings.values()), default=0) / self.size

    @property
    def nbytes(self) -> int:
        """How much memory its ticks take."""
        return sum(value.nbytes for ring in self.rings.values() for value in ring.ticks.values())

    def sequences(self, count: int, decisions: int, random: torch.Generator) -> Ticks:
        """Ticks [count, decisions + 1, ...], each from an environment and a start by chance.

        They may cross the end of an episode: `last` and `reset` say where.
        """
        return _joined([ring.sequences(part, decisions, random) for ring, part in self._shares(count, random)])

    def skewed(self, count: int, random: torch.Generator) -> Ticks:
        """Three ticks each of one episode, and the reward that came next, which is none in half of them by chance.

        Where nothing was rewarded yet, or everything, there is only the other kind.
        Raises: PhysimError where no episode was long enough.
        """
        rings = list(self.rings.values())
        pools = [_pool([ring.starts(rewarded) for ring in rings]) for rewarded in (False, True)]
        kinds = torch.randint(2, (count,), generator=random).tolist()
        picked = torch.stack([_one_of(pools[kind] if len(pools[kind]) else pools[1 - kind], random) for kind in kinds])
        parts = [(ring, picked[picked[:, 0] == number, 1:]) for number, ring in enumerate(rings)]
        return _joined([ring.foreseen(starts) for ring, starts in parts if len(starts)])

    def saved(self) -> Ticks:
        """All that it holds, by name."""
        found: Ticks = {}
        for actor, ring in self.rings.items():
            found |= {f"replay/{actor}/{name}": value for name, value in ring.ticks.items()}
            found[f"replay/{actor}/"] = torch.tensor([ring.filled, ring.head])
        return found

    def restore(self, saved: Ticks) -> None:
        """Hold what was saved, and no more."""
        self.rings = {}
        for key, value in saved.items():
            kind, _, rest = key.partition("/")
            actor, _, name = rest.partition("/")
            if kind == "replay":
                ring = self.rings.setdefault(int(actor), _Ring(self.size, {}))
                if name:
                    ring.ticks[name] = value
                else:
                    ring.filled, ring.head = value.tolist()

    def _shares(self, count: int, random: torch.Generator) -> list[tuple[_Ring, int]]:
        """How much is drawn from each ring."""
        rings = list(self.rings.values())
        drawn = torch.randint(len(rings), (count,), generator=random).bincount(minlength=len(rings)).tolist()
        return [(ring, part) for ring, part in zip(rings, drawn, strict=True) if part]


class _Ring:
    """The ticks of one actor's environments; `head` is where the next comes."""

    def __init__(self, size: int, like: Ticks) -> None:
        self.ticks = {name: value.new_zeros((len(value), size, *value.shape[2:])) for name, value in like.items()}
        self.size, self.filled, self.head = size, 0, 0

    def add(self, ticks: Ticks) -> None:
        if self.filled:  # an actor that was replaced begins anew: what the last one did at last came to nothing
            self.ticks[LAST][:, self.head - 1] |= ticks[RESET][:, 0]
        count = ticks[LAST].shape[1] - 1
        places = (self.head + torch.arange(count)) % self.size
        for name, value in ticks.items():
            self.ticks[name][:, places] = value[:, :-1].to(self.ticks[name].device)
        self.head = (self.head + count) % self.size
        self.filled = min(self.size, self.filled + count)

    def sequences(self, count: int, decisions: int, random: torch.Generator) -> Ticks:
        items = torch.randint(len(self.ticks[LAST]), (count,), generator=random)
        starts = torch.randint(self.filled - decisions, (count,), generator=random)
        places = (self.head - self.filled + starts[:, None] + torch.arange(decisions + 1)) % self.size
        return {name: value[items[:, None], places] for name, value in self.ticks.items()}

    @property
    def order(self) -> Tensor:
        """The places of its ticks, the oldest first."""
        return (self.head - self.filled + torch.arange(self.filled)) % self.size

    def starts(self, rewarded: bool) -> Tensor:
        """The item and the number in `order` of the first of three frames before a reward, or before none [K, 2]."""
        reset, reward = self.ticks[RESET][:, self.order], self.ticks[REWARD][:, self.order]
        whole = ~(reset[:, 3:] | reset[:, 2:-1] | reset[:, 1:-2])  # neither the reward nor two frames begin an episode
        return (whole & ((reward[:, 3:] != 0) == rewarded)).nonzero()

    def foreseen(self, picked: Tensor) -> Ticks:
        """Three ticks from each of these starts [K, 2], and the reward behind them."""
        items, starts = picked.unbind(1)
        places = self.order[starts[:, None] + torch.arange(FRAMES + 1)]
        found = {name: value[items[:, None], places[:, :FRAMES]] for name, value in self.ticks.items()}
        return found | {NEXT_REWARD: self.ticks[REWARD][items, places[:, FRAMES]]}


def _pool(starts: list[Tensor]) -> Tensor:
    """The starts of all rings, each with its ring's number [K, 3]."""
    return torch.cat([functional.pad(each, (1, 0), value=number) for number, each in enumerate(starts)])


def _one_of(pool: Tensor, random: torch.Generator) -> Tensor:
    if not len(pool):
        raise PhysimError(f"no episode in the replay has {FRAMES + 1} ticks, wanted {FRAMES} to foresee a reward from")
    return pool[int(torch.randint(len(pool), (), generator=random))]


def _joined(parts: list[Ticks]) -> Ticks:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
