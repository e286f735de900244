from __future__ import annotations

from collections.abc import Callable

import torch

from learners.agents.examination import _known_goal, examined
from learners.agents.transports import Playing


def test_a_goal_is_known_from_its_reward_to_the_end_of_the_episode() -> None:
    reward = torch.tensor([[0.0, 10.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 10.0]])
    reset = torch.tensor([[1, 0, 0, 0, 0, 1, 0, 0, 0]]).bool()
    assert _known_goal({"reward": reward, "reset": reset}).int().tolist() == [[0, 1, 1, 1, 1, 0, 0, 0, 1]]


def test_what_is_found_out_has_names_and_lies_in_its_bounds(playing: Callable[..., Playing]) -> None:
    setting = playing(count=8, cores=(4, 8), heads=("loop_closure",))
    rows = {str(row["name"]): float(str(row["value"])) for row in examined(setting, setting.actor().graph, 15)}
    assert set(rows) >= {"first", "later", "found", "straight", "loop_f1"}
    assert {f"position_from_{name}" for name in ("nothing", "features", "first_core", "core")} <= set(rows)
    assert 0 < rows["first"] <= 15
    assert 0 < rows["later"] <= 15
    assert all(0 <= rows[name] <= 1 for name in rows if name.startswith(("position", "goal", "found", "loop")))
