from __future__ import annotations

from collections.abc import Callable

import torch

from learners.agents.curves import curve_of, curve_rows
from learners.agents.methods import UNREAL
from learners.agents.transports import Playing
from learners.agents.trial import NAVIGATING, Trial
from learners.agents.watching import watched


def test_a_trial_is_the_same_again(playing: Callable[..., Playing]) -> None:
    mazes = playing(maze={"size": (42, 42)}).environments
    trial = Trial(mazes, 1200, added=(*UNREAL, "depth_2", "loop_closure"), cores=NAVIGATING)
    one, two = (curve_of(curve_rows(trial.run().progress.curve)) for _ in range(2))
    assert one == two
    assert one.decisions[-1] == 1200


def test_agents_are_watched_without_their_images(playing: Callable[..., Playing]) -> None:
    setting = playing(heads=("loop_closure",))
    actor = setting.actor()
    seen, felt = watched(setting, actor.graph, 70, ("core", "loop_closure"))
    assert "image" not in seen
    assert felt["core"].shape == (3, 70, 8)
    again, same = watched(setting, actor.graph, 70, ("core",))
    assert torch.equal(felt["core"], same["core"])
    assert torch.equal(seen["action"], again["action"])
