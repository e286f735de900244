from __future__ import annotations

import pytest
import torch
from torch import Tensor

from physim.motion import PREDICTIONS, TURNING, motion_after, motion_change, position_after

DT = 0.1


def random(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


POS, VEL, MOVES = random(5, 2, seed=0), random(5, 2, seed=1), torch.ones(5, 1, dtype=torch.float64)
NOW = {"pos": POS, "vel": VEL, "moves": MOVES}
TURNED = NOW | {"angle": random(5, 1, seed=4), "angular_velocity": random(5, 1, seed=5)}


def output(name: str, seed: int = 2) -> Tensor:
    return random(5, 6 if name == "motion_change" else 2, seed=seed)


def test_a_predicted_velocity_is_the_next_one_to_the_last_bit() -> None:
    """However little it is beside the velocity before."""
    wanted = 1e-12 * random(5, 2, seed=2)
    assert torch.equal(motion_after("velocity", wanted, NOW | {"vel": 1e6 * VEL}, DT, 0.5)["vel"], wanted)


@pytest.mark.parametrize("name", ["velocity_change", "motion_change"])
def test_a_predicted_change_is_added_to_the_last_bit(name: str) -> None:
    assert torch.equal(motion_after(name, output(name), TURNED, DT, 0.5)["vel"], VEL + output(name)[:, :2])


@pytest.mark.parametrize("name", PREDICTIONS)
@pytest.mark.parametrize("now", [NOW, TURNED], ids=["points", "bodies"])
def test_what_cannot_move_keeps_its_velocities_whatever_is_predicted(name: str, now: dict[str, Tensor]) -> None:
    given, moves = output(name), MOVES.clone()
    given[1], moves[1] = 1e9, 0
    after = motion_after(name, given, now | {"moves": moves}, DT, 0.5)
    freely = motion_after(name, given, now, DT, 0.5)
    rest = [0, 2, 3, 4]
    assert torch.equal(after["pos"][1], POS[1] + DT * VEL[1])
    for field in {"vel", "angular_velocity"} & set(now):
        assert torch.equal(after[field][1], now[field][1])
    for field, value in after.items():
        assert torch.equal(value[rest], freely[field][rest])


@pytest.mark.parametrize("name", PREDICTIONS)
def test_motions_keep_their_precision(name: str) -> None:
    after = motion_after(name, output(name).float(), TURNED, DT, 0.5)
    assert {value.dtype for value in after.values()} == {torch.float64}


@pytest.mark.parametrize("rule", [0.0, 0.5, 1.0])
def test_positions_move_by_the_rules_share_of_the_new_velocity(rule: float) -> None:
    new = random(5, 2, seed=2)
    wanted = {0.0: VEL, 0.5: (VEL + new) / 2, 1.0: new}[rule]
    torch.testing.assert_close(position_after(POS, VEL, new, DT, rule), POS + DT * wanted, rtol=0, atol=1e-15)


def test_bodies_that_no_prediction_turns_go_on_turning() -> None:
    after = motion_after("velocity_change", output("velocity_change"), TURNED, DT, 0.3)
    assert torch.equal(after["angular_velocity"], TURNED["angular_velocity"])
    torch.testing.assert_close(after["angle"], TURNED["angle"] + DT * TURNED["angular_velocity"], rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", [0.0, 0.45, 1.0])
def test_the_change_between_two_motions_leads_from_one_to_the_other(rule: float) -> None:
    fields = ("pos", "vel", *TURNING)
    goal = {name: random(*TURNED[name].shape, seed=10 + place) for place, name in enumerate(fields)}
    after = motion_after("motion_change", motion_change(TURNED, goal, DT, rule), TURNED, DT, rule)
    for name in fields:
        torch.testing.assert_close(after[name], goal[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_step_has_derivatives_by_what_is_predicted_and_by_the_state(name: str) -> None:
    moves = MOVES.clone()
    moves[3] = 0
    fields = ("pos", "vel", *TURNING)
    given = [value.clone().requires_grad_() for value in (output(name), *(TURNED[field] for field in fields))]

    def step(predicted: Tensor, *now: Tensor) -> tuple[Tensor, ...]:
        state = dict(zip(fields, now, strict=True)) | {"moves": moves}
        return tuple(motion_after(name, predicted, state, DT, 0.5).values())

    assert torch.autograd.gradcheck(step, given)
