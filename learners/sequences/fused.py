"""WaveNet's steps in one native loop: what the graph computes, without the graph's cost for each small module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from learners.sequences import kernels
from learners.sequences.layers import Gate
from learners.sequences.wavenet import CONTEXT, EMBEDDING, FEATURES, LOGITS, SKIPS, SPEAKER
from learners.sequences.ways import Sampling
from physim.errors import PhysimError
from physim.graph import CausalConv1d, ModuleGraph, State

Array = npt.NDArray[Any]


class Weights(NamedTuple):
    """All that a step reads; matrices stand [in, out].

    Shapes: embedding [classes + 1, C]; stem [K C, C]; taps [L, K C, W]; residual [L - 1, C, C]; skips [L, C, S]; the
    head's hidden [S, S] and logits [S, classes].
    """

    embedding: Array
    stem: Array
    stem_bias: Array
    taps: Array
    taps_bias: Array
    residual: Array
    residual_bias: Array
    skips: Array
    skips_bias: Array
    hidden: Array
    hidden_bias: Array
    logits: Array
    logits_bias: Array


@final
class Fused:
    """Makes the symbols of a `wavenet` on the processor, as `Plain` does, but many times as fast.

    Raises: PhysimError for graphs that are no `wavenet`, have a context stack, or are not on the processor.
    """

    def __init__(self, net: ModuleGraph) -> None:
        if not _is_wavenet(net):
            raise PhysimError("the fused step is of graphs that wavenet(...) builds, without a context stack")
        if not _on_processor(net):
            raise PhysimError("the fused step runs on the processor: move the graph there")
        self.net, modules = net, dict(net.named_children())
        layers = range(sum(name.startswith("taps_") for name in modules))
        taps = [f"taps_{number}" for number in layers]
        self.memories: dict[str, Any] = {name: modules[name] for name in ("stem", *taps)}
        first = self.memories["taps_0"].core
        self.gated: bool = first.out_channels > first.in_channels
        self.dilations = np.array([self.memories[name].core.dilation[0] for name in taps])
        told = [name for name in (SPEAKER, FEATURES) if f"{name}_0" in modules]
        self.told = [self._told(f"{name}_{number}") for name in told for number in layers]
        self.still = all(self.net[f"{name}_0"].node.whole for name in told)
        self._version, self._weights = self._versions(), _weights(modules, len(layers))
        _check_numbers(self._weights)

    @staticmethod
    def fits(net: ModuleGraph) -> bool:
        """Whether a graph is one that this makes symbols of."""
        return _is_wavenet(net) and _on_processor(net)

    @property
    def weights(self) -> Weights:
        """Those that the graph has now."""
        if self._version != self._versions():
            if not self.fits(self.net):
                raise PhysimError("the graph was changed into one that the fused step is not of: make another stream")
            self._version, self._weights = (
                self._versions(),
                _weights(dict(self.net.named_children()), len(self.dilations)),
            )
            _check_numbers(self._weights)
        return self._weights

    def _versions(self) -> list[tuple[int, int]]:
        """What tells that weights were changed, but by writing into `data`, which torch counts not."""
        return [(value.data_ptr(), value._version) for value in self.net.parameters()]

    @torch.no_grad()
    def __call__(
        self, last: Tensor, chances: Tensor, inputs: Mapping[str, Tensor], state: State, sampling: Sampling
    ) -> tuple[Tensor, State]:
        """Symbols, one after the other."""
        weights = self.weights
        known, after = self._known(chances[:, :1] if self.still else chances, inputs, state)
        stem, *layers = (self._memory(name, len(last), state) for name in self.memories)
        rings = np.concatenate(layers, 1)
        chances = chances.contiguous()  # of other strides the loop would be compiled once more
        made = np.empty(chances.shape, np.int64)
        options = kernels.Options(sampling.temperature, sampling.top_k or 0, self.gated)
        for row, told in enumerate(known):
            symbol, chance = int(last[row]), chances[row].numpy()
            kernels.run(weights, self.dilations, told, rings[row], stem[row], symbol, chance, options, made[row])
        return torch.from_numpy(made), after | self._turned(stem, rings, chances.shape[1])

    def _told(self, name: str) -> Any:
        port = self.net[name]
        return self.net[f"repeated({name})"] if port.node.whole else port

    def _known(self, chances: Tensor, inputs: Mapping[str, Tensor], state: State) -> tuple[Array, State]:
        """What is added to what each layer sees [B, T, L, W], for one tick or all, and the memory of it."""
        layers, _, width = self.weights.taps.shape
        if not self.told:
            return np.zeros((len(chances), 1, layers, width), self.weights.taps.dtype), state
        reset = torch.zeros(chances.shape, dtype=torch.bool)  # it says how many ticks there are
        values, after = self.net.window(inputs, state, reset, self.told)
        known = torch.stack(values, 2).unflatten(2, (-1, layers)).sum(2)
        return np.ascontiguousarray(known.numpy()), after

    def _memory(self, name: str, streams: int, state: State) -> Array:
        """What a convolution saw of each stream, the oldest first: a copy, for states are not changed."""
        if name in state:
            return np.array(state[name].numpy())
        like = torch.from_numpy(self.weights.stem)
        return np.array(self.memories[name].initial_state(streams, like).numpy())

    def _turned(self, stem: Array, rings: Array, ticks: int) -> State:
        """The memories of the convolutions, the oldest first, after rings turned for so many ticks."""
        state: State = {}
        start, every = 0, np.concatenate([stem, rings], 1)
        for name, module in self.memories.items():
            ring = every[:, start : start + module.reach]
            start += ring.shape[1]
            state[name] = torch.from_numpy(np.roll(ring, -ticks, axis=1))
        return state


def _is_wavenet(net: ModuleGraph) -> bool:
    """Whether a graph has a WaveNet's modules and no others in their places, of numbers that loops have."""
    modules = dict(net.named_children())
    if not {EMBEDDING, SKIPS, LOGITS, "taps_0", "gate_0"} <= set(modules) or CONTEXT in modules:
        return False
    head, gates = modules[LOGITS], {type(module) for name, module in modules.items() if name.startswith("gate_")}
    kinds = [type(module) for module in head] if isinstance(head, nn.Sequential) else []
    numbers = {value.dtype for value in net.parameters()} <= {torch.float32, torch.float64}
    return kinds == [nn.ReLU, nn.Linear, nn.ReLU, nn.Linear] and gates in ({Gate}, {nn.ReLU}) and numbers


def _check_numbers(weights: Weights) -> None:
    if not all(np.isfinite(value).all() for value in weights):
        raise PhysimError("weights of the graph are no numbers: has the training diverged?")


def _on_processor(net: ModuleGraph) -> bool:
    return next(net.parameters()).device.type == "cpu"


def _weights(modules: Mapping[str, Any], layers: int) -> Weights:
    head = modules[LOGITS]
    stem, taps = modules["stem"], [modules[f"taps_{number}"] for number in range(layers)]
    residual = [modules[f"residual_{number}"] for number in range(1, layers)]
    channels = taps[0].core.in_channels
    skips = _turn(modules[SKIPS].weight).reshape(layers, channels, -1)
    empty = np.zeros((0, channels, channels), skips.dtype)
    return Weights(
        embedding=_array(modules[EMBEDDING].weight),
        stem=_seen(stem),
        stem_bias=_array(stem.core.bias),
        taps=np.stack([_seen(one) for one in taps]),
        taps_bias=np.stack([_array(one.core.bias) for one in taps]),
        residual=np.stack([_turn(one.weight) for one in residual]) if residual else empty,
        residual_bias=np.stack([_array(one.bias) for one in residual]) if residual else empty[:, 0],
        skips=skips,
        skips_bias=_array(modules[SKIPS].bias),
        hidden=_turn(head[1].weight),
        hidden_bias=_array(head[1].bias),
        logits=_turn(head[3].weight),
        logits_bias=_array(head[3].bias),
    )


def _seen(convolution: CausalConv1d) -> Array:
    """The weights of a convolution [K in, out], the oldest that it sees first."""
    return np.ascontiguousarray(
        _array(convolution.core.weight).transpose(2, 1, 0).reshape(-1, convolution.core.out_channels)
    )


def _turn(weight: Tensor) -> Array:
    return np.ascontiguousarray(_array(weight).T)


def _array(value: Tensor | nn.Parameter) -> Array:
    return np.array(value.detach().numpy())
