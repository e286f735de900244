from __future__ import annotations

import pytest
import torch
from torch import Tensor

from physim.motion import PREDICTIONS, position_after, velocity_after

DT = 0.1


def random(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


POS, VEL, MOVES = random(5, 2, seed=0), random(5, 2, seed=1), torch.ones(5, 1, dtype=torch.float64)


def test_a_predicted_velocity_is_the_next_one_to_the_last_bit() -> None:
    """However little it is beside the velocity before."""
    output = 1e-12 * random(5, 2, seed=2)
    assert torch.equal(velocity_after("velocity", output, 1e6 * VEL, MOVES), output)


def test_a_predicted_change_is_added_to_the_last_bit() -> None:
    output = random(5, 2, seed=2)
    assert torch.equal(velocity_after("velocity_change", output, VEL, MOVES), VEL + output)


@pytest.mark.parametrize("name", PREDICTIONS)
def test_what_cannot_move_keeps_its_velocity_whatever_is_predicted(name: str) -> None:
    output, moves = random(5, 2, seed=2), MOVES.clone()
    output[1], moves[1] = torch.nan, 0
    after = velocity_after(name, output, VEL, moves)
    assert torch.equal(after[1], VEL[1])
    assert torch.equal(after[[0, 2, 3, 4]], velocity_after(name, output, VEL, MOVES)[[0, 2, 3, 4]])


@pytest.mark.parametrize("name", PREDICTIONS)
def test_velocities_keep_their_precision(name: str) -> None:
    after = velocity_after(name, random(5, 2, seed=2).float(), VEL, MOVES)
    assert after.dtype == torch.float64


@pytest.mark.parametrize("rule", [0.0, 0.5, 1.0])
def test_positions_move_by_the_rules_share_of_the_new_velocity(rule: float) -> None:
    new = random(5, 2, seed=2)
    wanted = {0.0: VEL, 0.5: (VEL + new) / 2, 1.0: new}[rule]
    torch.testing.assert_close(position_after(POS, VEL, new, DT, rule), POS + DT * wanted, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_step_has_derivatives_by_what_is_predicted_and_by_the_state(name: str) -> None:
    moves = MOVES.clone()
    moves[3] = 0
    given = [value.clone().requires_grad_() for value in (random(5, 2, seed=2), POS, VEL)]

    def step(output: Tensor, pos: Tensor, vel: Tensor) -> tuple[Tensor, Tensor]:
        after = velocity_after(name, output, vel, moves)
        return position_after(pos, vel, after, DT, 0.5), after

    assert torch.autograd.gradcheck(step, given)
