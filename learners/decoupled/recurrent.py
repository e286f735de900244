"""Recurrent networks that learn window by window, with or without a synthetic gradient from what comes after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.optim import Adam

from physim.graph import LSTM, ModuleGraph, ResidualSynthesizer, State, detach

CORE, OUTPUT, FORESIGHT = "core", "output", "foresight"
ARMS = ("bptt", "dni", "aux", "cdni")
"""Plain windows; with a synthetic gradient at their ends; and with the task to foresee it at every tick, or with a
synthesizer that is told what is to come, as conditional synthesizers are told labels."""
Judge = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Recurrent:
    """A network of one LSTM of so many `units`, trained by Adam at `rate`.

    Synthetic gradients count in `unit`, about the size of an item's, and weigh `scale` (arXiv:1608.05343, section 3.2).
    """

    arm: str = "dni"
    units: int = 128
    rate: float = 1e-3
    scale: float = 0.1
    unit: float = 0.1
    seed: int = 0

    def network(self, reader: nn.Module, features: int, outputs: int, coming: int) -> ModuleGraph:
        """The network: "seen" [B, T, ...] -> reader -> [B, T, features] -> LSTM -> [B, T, outputs].

        A conditional synthesizer is given the input "coming" [B, T, coming], what is to come after each tick.
        """
        torch.manual_seed(self.seed)
        net = ModuleGraph()
        core = net.add(CORE, LSTM(features, self.units), net.add("reader", reader, net.input("seen")))
        ports = [net.add(OUTPUT, nn.Linear(self.units, outputs), core)]
        if self.arm == "aux":
            ports.append(net.add(FORESIGHT, nn.Linear(self.units, 2 * self.units), core))
        net.returns(*ports)
        if self.arm != "bptt":
            known = (coming, net.input("coming")) if self.arm == "cdni" else (0, ())
            guess = ResidualSynthesizer(2 * self.units, known[0], self.units, self.unit)
            net.bridge(core, guess, self.scale, known[1])
        return net


@final
class Windows:
    """One update after each window, from the memory that the last one left."""

    def __init__(self, net: ModuleGraph, setting: Recurrent) -> None:
        self.net, self.setting = net, setting
        self.optimiser = Adam(net.parameters(), setting.rate, fused=True)
        self.state: State | None = None

    def restart(self) -> None:
        """Begin with a fresh memory."""
        self.state = None

    def update(self, seen: Tensor, coming: Tensor, judge: Judge, ended: bool = False) -> float:
        """An update by the loss that `judge` gives for the outputs [B, T, outputs] of a window; gives the loss.

        Nothing comes after a window that has `ended`.
        """
        over = torch.full((len(seen),), ended)
        known = {"coming": coming} if self.setting.arm == "cdni" else {}
        result, after = self.net.window({"seen": seen, **known}, self.state, ended=over)
        outputs = result[0] if self.setting.arm == "aux" else result
        loss = judge(outputs)
        total = loss + self._unforeseen(result[1], after, ended) if self.setting.arm == "aux" else loss
        self.optimiser.zero_grad()
        total.backward()
        self.optimiser.step()
        self.state = detach(after)
        return float(loss.detach())

    def _unforeseen(self, foreseen: Tensor, after: State, ended: bool) -> Tensor:
        """How far every tick was from foreseeing the gradient [B, F] of an item at the end of its window."""
        coming = self.net.bridges[0].guess(after) * (0 if ended else len(foreseen))
        return (self.setting.unit * foreseen - coming[:, None]).square().sum(-1).mean()
