from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.agents.graphs import agent
from learners.agents.losses import FeatureControl, PixelControl
from learners.agents.losses.control import pixel_changes
from learners.agents.unrolls import ACTION, LAST, RESET, TERMINATED
from physim.errors import PhysimError

B, T, A, SIDE = 2, 5, 3, 40
NET = agent(
    sees={"image": (SIDE, SIDE, 3)}, actions=A, cores=(4,), features=3, heads=("pixel_control", "feature_control")
)


def drawn() -> tuple[Tensor, dict[str, Tensor]]:
    """Worths [B, T + 1, A, 10, 10] and ticks; an episode ends, is cut short, and the next begins."""
    random = torch.Generator().manual_seed(0)
    last = torch.zeros(B, T + 1, dtype=torch.bool)
    last[0, 2] = last[1, 3] = True
    terminated, reset = torch.zeros_like(last), torch.zeros_like(last)
    terminated[0, 2] = True
    reset[0, 3] = reset[1, 4] = True
    ticks = {
        "image": torch.randint(256, (B, T + 1, SIDE, SIDE, 3), generator=random, dtype=torch.uint8),
        ACTION: torch.randint(A, (B, T + 1), generator=random),
        LAST: last,
        TERMINATED: terminated,
        RESET: reset,
    }
    return torch.randn(B, T + 1, A, 10, 10, generator=random).requires_grad_(), ticks


def slow_target(worths: Tensor, changes: Tensor, ticks: dict[str, Tensor], item: int, tick: int) -> Tensor:
    """R_t of all cells, from the definition."""
    if ticks[TERMINATED][item, tick]:
        return torch.zeros(10, 10)
    if ticks[LAST][item, tick] or tick == T:
        return worths[item, tick].detach().amax(0)
    return changes[item, tick] + 0.8 * slow_target(worths, changes, ticks, item, tick + 1)


def test_pixel_control_learns_the_worth_of_what_was_done_in_every_cell() -> None:
    worths, ticks = drawn()
    changes = pixel_changes(ticks["image"], (10, 10))
    loss = PixelControl(NET, weight=1.0, discount=0.8).value((worths,), ticks)
    errors = [
        (slow_target(worths, changes, ticks, item, tick) - worths[item, tick, ticks[ACTION][item, tick]]) ** 2
        for item in range(B)
        for tick in range(T)
        if not ticks[LAST][item, tick]
    ]
    torch.testing.assert_close(loss, torch.stack([each.sum() for each in errors]).mean())
    loss.backward()
    assert not worths.grad[:, -1].any()  # type: ignore[index]  # targets are not taught


def test_the_change_of_a_cell_is_the_mean_of_its_pixels() -> None:
    image = torch.zeros(1, 3, 42, 42, 3, dtype=torch.uint8)
    image[0, 1, 1 + 8 : 1 + 10, 1 + 12 : 1 + 16] = 255  # half of cell (2, 3) of the middle 40 x 40
    found = pixel_changes(image, (10, 10))
    wanted = torch.zeros(1, 2, 10, 10)
    wanted[0, :, 2, 3] = 0.5  # as it comes, and as it goes
    torch.testing.assert_close(found, wanted)


def test_no_return_goes_past_the_end_of_an_episode() -> None:
    worths, ticks = drawn()
    other = ticks | {"image": ticks["image"].clone()}
    other["image"][0, 3:] = 0  # after the reset
    first, second = (
        PixelControl(NET).value((worths[:, :4],), {name: value[:, :4] for name, value in seen.items()})
        for seen in (ticks, other)
    )
    torch.testing.assert_close(first, second)


def test_feature_control_is_of_the_planes_of_the_last_convolution() -> None:
    _, ticks = drawn()
    worths = torch.zeros(B, T + 1, A, 3, 3)
    features = torch.randn(B, T + 1, 32 * 9)
    loss = FeatureControl(NET, weight=1.0, discount=0.0).value((worths, features), ticks)
    change = features.unflatten(-1, (32, 3, 3)).diff(dim=1).abs().mean(2)
    errors = [change[i, t].square().sum() for i in range(B) for t in range(T) if not ticks[LAST][i, t]]
    torch.testing.assert_close(loss, torch.stack(errors).mean())


def test_control_without_its_head_is_refused() -> None:
    bare = agent(sees={"image": (SIDE, SIDE, 3)}, actions=A, cores=(4,))
    with pytest.raises(PhysimError, match="pixel_control stands on 'pixel_control', which this agent does not have"):
        PixelControl(bare)
