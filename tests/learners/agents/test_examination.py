from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from learners.agents.examination import _known_goal, _ways, examined
from learners.agents.transports import Playing


def test_a_goal_is_known_from_its_reward_to_the_end_of_the_episode() -> None:
    reward = torch.tensor([[0.0, 10.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 10.0]])
    reset = torch.tensor([[1, 0, 0, 0, 0, 1, 0, 0, 0]]).bool()
    assert _known_goal({"reward": reward, "reset": reset}).int().tolist() == [[0, 1, 1, 1, 1, 0, 0, 0, 1]]


def test_searches_that_did_not_end_count_as_half_an_episode_and_those_that_never_began_are_no_number() -> None:
    reward, reset, last = torch.zeros(4, 10), torch.zeros(4, 10), torch.zeros(4, 10)
    reset[:, 0], last[:, -1] = 1, 1
    ticks = {"reward": reward, "reset": reset.bool(), "last": last.bool()}
    found = {row["name"]: row["value"] for row in _ways(ticks, 9)}
    assert (found["first"], found["found"], found["path_efficiency"]) == (4.5, 0, 0)
    assert math.isnan(found["later"])
    reward[:3, 4] = 10.0
    reward[:3, 6] = 10.0
    found = {row["name"]: row["value"] for row in _ways(ticks, 10)}
    assert (found["first"], found["found"]) == (0.75 * 4 + 0.25 * 5, 0.75)
    assert found["later"] == 2 + 0.5 * 3  # half of them were cut short


def test_ways_that_lead_nowhere_are_not_efficient() -> None:
    """Two walkers: one goes twice as far as need be, the other finds nothing."""
    reward, reset, last = torch.zeros(2, 10), torch.zeros(2, 10), torch.zeros(2, 10)
    reset[:, 0], last[:, -1], reward[0, 4] = 1, 1, 10.0
    position = torch.zeros(2, 10, 2)
    position[0, :4, 0] = torch.tensor([0.5, 2.5, 4.5, 5.5])  # and a metre on
    ticks = {
        "reward": reward,
        "reset": reset.bool(),
        "last": last.bool(),
        "position": position + torch.tensor([0, 0.5]),
    }
    ticks |= {"distance": torch.full((2, 10), 3), "goal": torch.tensor([6, 0]).expand(2, 10, 2)}
    found = {row["name"]: row["value"] for row in _ways(ticks, 9)}
    assert found["path_efficiency"] == pytest.approx(0.25)


def test_what_is_found_out_has_names_and_lies_in_its_bounds(playing: Callable[..., Playing]) -> None:
    setting = playing(count=8, cores=(4, 8), heads=("loop_closure",))
    rows = {str(row["name"]): float(str(row["value"])) for row in examined(setting, setting.actor().graph, 15)}
    assert set(rows) >= {"first", "later", "found", "path_efficiency", "loop_f1", "loop_f1_of_always"}
    assert {f"position_from_{name}" for name in ("nothing", "features", "first_core", "core")} <= set(rows)
    assert all(0 <= rows[name] <= 1 for name in rows if name.startswith(("position", "goal", "found", "loop")))
