"""Learning to control what is seen: auxiliary control of UNREAL (arXiv:1611.05397, section 3.1)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import CONVOLUTIONS, PIXEL
from learners.agents.losses.base import REPLAYED, AgentLoss
from learners.agents.returns import ends_of, lambda_returns
from learners.agents.unrolls import ACTION, mean_decided
from physim.checks import check_between
from physim.graph import ModuleGraph

DISCOUNT = 0.9


class _Control(AgentLoss):
    """Q-learning of every cell's change: the sum over cells of (R - Q(s, a))^2, the mean over decisions.

    R_t = r_{t+1} + discount R_{t+1}, up to R_T = max_a Q(s_T, a). What changes over a reset is nobody's: no return goes
    past the last tick of an episode, and the decision there does not count.
    """

    numbers: ClassVar[bool | None] = False

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        worths = values[0]  # [B, T + 1, A, rows, columns]
        changes = functional.pad(self.changes(values, ticks), (0, 0, 0, 0, 1, 0))
        greedy = worths.detach().amax(2)
        returns = lambda_returns(changes, greedy, ends_of(ticks), self.discount)
        action = ticks[ACTION][:, :-1, None, None, None].expand(-1, -1, 1, *worths.shape[3:])
        errors = (returns - worths[:, :-1].gather(2, action).squeeze(2)).square().sum((-1, -2))
        return mean_decided(errors, ticks)

    def __init__(self, name: str, graph: ModuleGraph, ports: tuple[str, ...], weight: float, discount: float) -> None:
        super().__init__(name, graph, ports, weight, REPLAYED)
        check_between(0, 1, discount=discount)
        self.discount = discount

    @abstractmethod
    def changes(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        """What changed in each cell from tick to tick [B, T, rows, columns]."""


@final
class PixelControl(_Control):
    """Control of the mean absolute change of pixels, in [0, 1], in each cell of 4 x 4 of the image's middle."""

    wants: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(self, graph: ModuleGraph, weight: float = 0.05, discount: float = DISCOUNT) -> None:
        super().__init__("pixel_control", graph, ("pixel_control",), weight, discount)

    def changes(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        return pixel_changes(ticks["image"], values[0].shape[-2:])


@final
class FeatureControl(_Control):
    """Control of the mean absolute change of the planes of the last convolution, at each of their places."""

    def __init__(self, graph: ModuleGraph, weight: float = 0.05, discount: float = DISCOUNT) -> None:
        super().__init__("feature_control", graph, ("feature_control", CONVOLUTIONS), weight, discount)

    def changes(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        features = values[1].detach().unflatten(-1, (-1, *values[0].shape[-2:]))
        return features.diff(dim=1).abs().mean(2)


def pixel_changes(image: Tensor, cells: Sequence[int]) -> Tensor:
    """The mean absolute change of pixels, in [0, 1], in cells of the middle of images [B, T + 1, H, W, C] of bytes.

    Shapes: -> [B, T, rows, columns].
    """
    rows, columns = (PIXEL * count for count in cells)
    top, left = (image.shape[2] - rows) // 2, (image.shape[3] - columns) // 2
    middle = image[:, :, top : top + rows, left : left + columns].float()
    change = middle.diff(dim=1).abs().mean(-1) / 255
    return functional.avg_pool2d(change, PIXEL)
