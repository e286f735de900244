"""Encoders of digits before an LSTM that counts the odd ones, which wait for its gradients or do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam
from tqdm import trange

from learners.decoupled.classify import Batch, Digits
from physim.checks import check_among
from physim.graph import LSTM, Loss, ModuleGraph, Port, ResidualSynthesizer, decoupled, detached
from physim.graph.unlocked import Unlocked

ENCODER, CORE, COUNT = "encoder", "core", "count"


@final
class Counted(Loss):
    """The mean cross-entropy of counts [B, T, T + 1] after each digit, with the target "count" [B, T], in nats."""

    def __init__(self, port: Port) -> None:
        super().__init__("counted", port)

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0].flatten(0, 1), targets["count"].flatten())


@dataclass(frozen=True)
class Counting:
    """How to train: `updates` on sequences of so many `ticks` by Adam at `rate`.

    Encoders have two layers of `units`, LSTMs one; `arm` is what comes back from the LSTM to the encoder: the true
    gradient ("backprop"), nothing ("none"), or a synthetic one, by the code alone ("dni") or the true counts, too
    ("cdni").
    """

    arm: str = "cdni"
    updates: int = 1000
    ticks: int = 10
    units: int = 128
    batch: int = 64
    rate: float = 1e-3
    seed: int = 0

    def network(self) -> ModuleGraph:
        """The network: "seen" [B, T, 784], "counts" before and after each [B, T, 2 (T + 1)] -> counts [B, T, T + 1]."""
        torch.manual_seed(self.seed)
        net, units = ModuleGraph(), self.units
        seen, counts = net.input("seen"), net.input("counts")
        layers = (
            nn.Linear(28 * 28, units),
            nn.LayerNorm(units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.LayerNorm(units),
        )
        code = net.add(ENCODER, nn.Sequential(*layers), seen)
        ways: dict[str, Callable[[Port], Port]] = {
            "backprop": lambda port: port,
            "none": detached,
            "dni": lambda port: decoupled(port, ResidualSynthesizer(units, hidden=units)),
            "cdni": lambda port: decoupled(port, ResidualSynthesizer(units, 2 * (self.ticks + 1), units), given=counts),
        }
        check_among("arm", self.arm, ways)
        core = net.add(CORE, LSTM(units, units), ways[self.arm](code))
        net.returns(net.add(COUNT, nn.Linear(units, self.ticks + 1), core))
        return net

    def draw(self, digits: Digits, number: int) -> Batch:
        """The sequences of an update, and how many digits were odd so far."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        rows = torch.randint(len(digits.kind), (self.batch, self.ticks), generator=random)
        odd = digits.kind[rows] % 2
        count = odd.cumsum(1)
        counts = functional.one_hot(torch.stack([count - odd, count], 2), self.ticks + 1).flatten(2).float()
        return {"seen": digits.image[rows], "counts": counts}, {"count": count}

    def run(self, digits: Digits, progress: bool = False) -> ModuleGraph:
        """The trained network."""
        net = self.network()
        unlocked = Unlocked(net, [Counted(net[COUNT])], partial(Adam, lr=self.rate, fused=True))
        for number in trange(self.updates, disable=None if progress else True, leave=False):
            unlocked.update(*self.draw(digits, number))
        return net

    @torch.no_grad()
    def error(self, net: ModuleGraph, digits: Digits, batches: int = 50) -> float:
        """The share of counts that are wrong, in sequences of unseen digits."""
        net.eval()
        drawn = (self.draw(digits, number) for number in range(batches))
        wrong = [(net(inputs).argmax(2) != targets["count"]).double().mean() for inputs, targets in drawn]
        return float(torch.stack(wrong).mean())
