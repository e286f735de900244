"""Two networks of different clocks: one sees every digit, the other hears from it now and then (arXiv:1608.05343)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam
from tqdm import trange

from learners.decoupled.classify import Digits
from physim.checks import check_among
from physim.graph import LSTM, ModuleGraph, PerceptronSynthesizer, State, detach
from physim.graph.regression import Regression

ARMS = ("unrolled", "decoupled", "cut")
"""One update after both windows, by true gradients; one after each window of the fast network, by synthetic gradients
of its messages; and the same without any gradient of them."""
UNIT = 0.01
"""About the size of the gradient of an item's message."""
WANTED = 3
"""The digit that the slow network counts; the fast one counts what is odd."""


@dataclass(frozen=True)
class Clocks:
    """How to train: so many `updates` of the slow network, which ticks once in `window` ticks of the fast one and
    judges after `window` ticks of its own, by Adam at `rate`.
    """

    window: int = 4
    updates: int = 3000
    arm: str = "decoupled"
    units: int = 128
    batch: int = 32
    rate: float = 1e-3
    scale: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_among("arm", self.arm, ("unrolled", "decoupled", "cut"))

    def episode(self, digits: Digits, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Digits [B, window ** 2, 784], and how many are odd and how many wanted in each fast window [B, window]."""
        rows = torch.randint(len(digits.kind), (self.batch, self.window**2), generator=random)
        kinds = digits.kind[rows]
        odd, wanted = (each.unflatten(1, (self.window, self.window)).sum(2) for each in (kinds % 2, kinds == WANTED))
        return digits.image[rows], odd, wanted

    def run(self, digits: Digits, progress: bool = False) -> Pair:
        """The trained networks."""
        torch.manual_seed(self.seed)
        pair, random = Pair(self), torch.Generator().manual_seed(self.seed)
        for _ in trange(self.updates, disable=None if progress else True, leave=False):
            pair.learn(*self.episode(digits, random))
        return pair


@final
class Pair:
    """The fast network and the slow one, each with its optimiser, and what guesses the gradients of messages."""

    def __init__(self, clocks: Clocks) -> None:
        self.clocks, units, window = clocks, clocks.units, clocks.window
        self.fast, self.slow = ModuleGraph(), ModuleGraph()
        seen = self.fast.add("eyes", _layers(28 * 28, units, 2), self.fast.input("seen"))
        core = self.fast.add("core", LSTM(units, units), seen)
        said = self.fast.add("message", nn.Sequential(nn.Linear(units, units), nn.BatchNorm1d(units)), core)
        self.fast.returns(self.fast.add("odd", nn.Linear(units, window + 1), core), said)
        heard = self.slow.add("core", LSTM(units, units), self.slow.input("message"))
        self.slow.returns(self.slow.add("wanted", nn.Linear(units, window**2 + 1), heard))
        guess = PerceptronSynthesizer(units, given=window + 1, hidden=(units,), unit=UNIT)
        self.regression = Regression("message", guess, clocks.scale)
        self.optimisers = [Adam(net.parameters(), clocks.rate) for net in (self.fast, self.slow, guess)]

    def learn(self, images: Tensor, odd: Tensor, wanted: Tensor) -> None:
        """An update of the slow network, and as many of the fast one as its clock is faster."""
        fast, slow, guess = self.optimisers
        messages, lost = [], []
        for number, (judged, message) in enumerate(self.ticks(images)):
            loss = functional.cross_entropy(judged, odd[:, number])
            messages.append(message)
            lost.append(loss)
            if self.clocks.arm != "unrolled":
                _step(fast, loss + self._foretold(message, wanted[:, number]))
        whole = torch.stack(messages, dim=1)
        heard = whole if self.clocks.arm == "unrolled" else whole.detach().requires_grad_()
        loss = functional.cross_entropy(self.slow({"message": heard})[:, -1], wanted.sum(1))
        if self.clocks.arm == "unrolled":
            fast.zero_grad()
            _step(slow, loss + torch.stack(lost).sum())
            fast.step()
            return
        _step(slow, loss)
        if self.clocks.arm == "decoupled":
            _step(guess, self._misjudged(heard, wanted))

    def ticks(self, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """What the fast network judges and says at the end of each of its windows; no gradient enters an earlier one,
        unless all is unrolled.
        """
        state: State | None = None
        for seen in images.split(self.clocks.window, 1):
            (judged, said), after = self.fast.window({"seen": seen}, state)
            yield judged[:, -1], said[:, -1]
            state = after if self.clocks.arm == "unrolled" else detach(after)

    @torch.no_grad()
    def errors(self, digits: Digits, episodes: int = 100) -> tuple[float, float]:
        """The shares of fast windows and of slow ones that are counted wrongly, in unseen episodes."""
        self.fast.eval()
        self.slow.eval()
        random = torch.Generator().manual_seed(self.clocks.seed)
        wrong: list[tuple[float, float]] = []
        for _ in range(episodes):
            images, odd, wanted = self.clocks.episode(digits, random)
            judged, said = zip(*self.ticks(images), strict=True)
            counted = self.slow({"message": torch.stack(said, 1)})[:, -1].argmax(1)
            fast = torch.stack(judged, 1).argmax(2) != odd
            wrong.append((float(fast.double().mean()), float((counted != wanted.sum(1)).double().mean())))
        return sum(one for one, _ in wrong) / episodes, sum(other for _, other in wrong) / episodes

    def _foretold(self, message: Tensor, wanted: Tensor) -> Tensor:
        """A scalar whose gradient by a message is what the slow network is thought to want of it."""
        if self.clocks.arm == "cut":
            return message.new_zeros(())
        guess = self.regression.guess(message.detach(), self._known(wanted))
        return self.clocks.scale * (guess.detach() * message).sum()

    def _misjudged(self, heard: Tensor, wanted: Tensor) -> Tensor:
        """A scalar whose slopes are those of the guess's loss; all messages [B, window, units] of an episode."""
        assert heard.grad is not None
        guess = self.regression.guess(heard.detach().flatten(0, 1), self._known(wanted.flatten()))
        true = heard.grad.flatten(0, 1) / self.clocks.window  # of so many times as many items, each weighs less
        return (guess * self.regression.met(true, guess.detach())[1]).sum()

    def _known(self, wanted: Tensor) -> Tensor:
        """What the guess is told beside the message: how many digits were wanted in its window, one-hot."""
        return functional.one_hot(wanted, self.clocks.window + 1).float()


def _layers(features: int, units: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Linear(features, units), nn.BatchNorm1d(units), nn.ReLU()]
        features = units
    return nn.Sequential(*layers)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
