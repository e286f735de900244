from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import torch

from learners.agents.environments import Environments
from learners.agents.graphs import agent
from learners.agents.transports import Playing, Processes
from learners.agents.unrolls import RESET
from physim.errors import PhysimError


@pytest.mark.usefixtures("at_once")
def test_unrolls_come_whole_and_once_and_the_dead_are_replaced(playing: Callable[..., Playing]) -> None:
    settings = playing()
    net = agent(**settings.recipe)
    with Processes(settings, net, 2) as transport:
        seen: dict[tuple[int, int], int] = {}
        for version in count():
            if (0, 0, 0) in seen and transport.replaced == 0:
                transport.actors[0].process.kill()
            unroll = transport.receive()
            assert (unroll.actor, unroll.life, unroll.number) not in seen
            seen[unroll.actor, unroll.life, unroll.number] = version
            assert unroll.version <= version
            if unroll.number == 0:
                assert unroll.ticks[RESET][:, 0].all()  # nothing before it was lost
            assert unroll.ticks["image"].any()
            transport.publish(net, version)
            if unroll.life == 1 and unroll.number > 2:
                break
        assert transport.replaced == 1
    numbers = [number for actor, _, number in seen if actor == 1]
    assert numbers == sorted(numbers)


def test_new_weights_reach_the_actors(playing: Callable[..., Playing]) -> None:
    settings = playing()
    net = agent(**settings.recipe)
    with Processes(settings, net, 1) as transport:
        with torch.no_grad():
            net.policy.weight.zero_()
            net.policy.bias.copy_(torch.tensor([9.0] + 7 * [-9.0]))
        transport.publish(net, 3)
        unrolls = [transport.receive() for _ in range(6)]
        assert unrolls[-1].version == 3
        assert not unrolls[-1].ticks["action"].any()
        assert not unrolls[-1].ticks[RESET].all()


@pytest.mark.usefixtures("at_once")
def test_an_actor_that_fails_is_heard(playing: Callable[..., Playing]) -> None:
    settings = playing()
    broken = Playing(settings.environments, settings.recipe, labels=("smell",))
    with (
        Processes(broken, agent(**settings.recipe), 1) as transport,
        pytest.raises(PhysimError, match="actor 0 failed: labels: got 'smell', but infos tell "),
    ):
        transport.receive()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("os._exit(3)", r"\(exit code 3, .*: a new process imports the script .* under `if __name__ == \"__main__\":`"),
        ("os.kill(os.getpid(), 9)", r"\(signal 9\): is there too little memory\?"),
    ],
)
def test_an_actor_that_dies_before_its_first_unroll_ends_the_training_at_once(
    end: str, told: str, playing: Callable[..., Playing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deadly.py").write_text(f"import os\n{end}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    recipe = playing().recipe
    deadly = Playing(Environments("deadly:Maze-v0"), recipe)
    with (
        Processes(deadly, agent(**recipe), 1) as transport,
        pytest.raises(PhysimError, match=f"actor 0 died before its first unroll {told}"),
    ):
        transport.receive()
    assert transport.replaced == 0
