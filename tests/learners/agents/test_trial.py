from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from learners.agents.curves import curve_of, curve_rows
from learners.agents.learning import Learning
from learners.agents.methods import UNREAL
from learners.agents.transports import Playing
from learners.agents.trial import NAVIGATING, Trial
from learners.agents.watching import watched


def test_a_trial_is_the_same_again(playing: Callable[..., Playing]) -> None:
    mazes = playing(maze={"size": (42, 42)}).environments
    added = (*UNREAL, "depth_2", "loop_closure", "imitation")
    trial = Trial(mazes, 1200, added=added, cores=NAVIGATING, learning=Learning(replay=60, begin=0.5))
    first, second = (trial.run() for _ in range(2))
    one, two = (curve_of(curve_rows(training.progress.curve)) for training in (first, second))
    assert one == two
    assert one.decisions[-1] == 1200
    assert {loss.name for loss in first.learner.losses} <= set(first.progress.curve[-1])
    assert len(first.learner.losses) == 2 + len(added)


def test_who_diverges_has_a_curve_that_ends_early(playing: Callable[..., Playing]) -> None:
    mazes = playing().environments
    whole = Trial(mazes, 1200)
    wild = replace(whole, learning=Learning(rate=1e30, clip=1e30))
    found = wild.run()
    assert found.diverged
    assert len(found.progress.curve) < len(whole.run().progress.curve)


def test_agents_are_watched_without_their_images(playing: Callable[..., Playing]) -> None:
    setting = playing(heads=("loop_closure",))
    actor = setting.actor()
    seen, felt = watched(setting, actor.graph, 70, ("core", "loop_closure"))
    assert "image" not in seen
    assert felt["core"].shape == (3, 70, 8)
    again, same = watched(setting, actor.graph, 70, ("core",))
    assert torch.equal(felt["core"], same["core"])
    assert torch.equal(seen["action"], again["action"])
