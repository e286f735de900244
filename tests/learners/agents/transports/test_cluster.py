"""Wants the extra `cluster`; CONTRIBUTING.md has the command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from learners.agents.learning import Learner, Learning
from learners.agents.losses import AgentLoss, PolicyGradient, Values
from learners.agents.training import Training, TrainingSettings
from learners.agents.transports import Playing
from learners.agents.unrolls import Unroll
from physim.errors import PhysimError
from physim.graph import ModuleGraph


def plain(net: ModuleGraph) -> list[AgentLoss]:
    return [PolicyGradient(net), Values(net)]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_training_that_loses_a_node_learns_as_much_and_nothing_twice(
    cluster: Any, playing: Callable[..., Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = cluster.add_node(num_cpus=1)
    learned: list[tuple[int, int, int]] = []
    update = Learner.update

    def counting(self: Learner, unroll: Unroll) -> dict[str, float]:
        learned.append((unroll.actor, unroll.life, unroll.number))
        if len({actor for actor, _, _ in learned}) == 2 and cluster.list_all_nodes()[-1] is node:
            cluster.remove_node(node)
        return update(self, unroll)

    monkeypatch.setattr(Learner, "update", counting)
    training = Training(playing(), plain, Learning(), TrainingSettings(3_000, actors=2, cluster=True))
    curve = training.run(progress=False)
    assert training.decisions == 3_000
    assert len(learned) == len(set(learned)) == 100  # unrolls of 30 decisions
    assert curve[-1]["replaced"] == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("cluster")
def test_an_actor_that_cannot_begin_ends_the_training_at_once(playing: Callable[..., Playing]) -> None:
    broken = replace(playing(), labels=("smell",))
    with pytest.raises(PhysimError, match=r"actor 0 died before its first unroll: (.|\n)*labels: got 'smell'"):
        Training(broken, plain, Learning(), TrainingSettings(60, actors=1, cluster=True)).run(progress=False)


def test_without_ray_a_sentence_names_the_setting_and_no_flag(
    playing: Callable[..., Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PhysimError, match=r"^cluster wants Ray, which is not installed"):
        Training(playing(), plain, Learning(), TrainingSettings(60, cluster=True)).run(progress=False)
