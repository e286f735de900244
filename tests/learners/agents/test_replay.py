from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from learners.agents.replay import Replay
from learners.agents.transports import Playing
from learners.agents.unrolls import LAST, NEXT_REWARD, RESET, REWARD, Unroll
from physim.errors import PhysimError


@pytest.fixture
def unrolls(playing: Callable[..., Playing]) -> list[Unroll]:
    """A hundred decisions of each of three mazes, in tens."""
    actor = playing().actor()
    return [actor.unroll(10) for _ in range(10)]


def filled(unrolls: list[Unroll], size: int = 64) -> Replay:
    replay = Replay(size)
    for unroll in unrolls:
        replay.add(unroll)
    return replay


def test_sequences_are_what_happened(unrolls: list[Unroll]) -> None:
    replay, random = filled(unrolls), torch.Generator().manual_seed(0)
    history = torch.cat([unroll.ticks["image"][:, :-1] for unroll in unrolls], dim=1)[:, -64:]
    found = replay.sequences(40, 7, random)["image"]
    assert found.shape[:2] == (40, 8)
    for sequence in found:
        assert any(
            torch.equal(sequence, history[item, start : start + 8]) for item in range(3) for start in range(64 - 7)
        )


def test_it_knows_when_it_is_full_and_how_large_it_is(unrolls: list[Unroll]) -> None:
    replay = filled(unrolls[:6])
    assert 0.9 < replay.filled < 1
    replay.add(unrolls[6])
    assert replay.filled == 1
    tick = sum(value[0, 0].nbytes for value in unrolls[0].ticks.values())
    assert replay.nbytes == 3 * 64 * tick  # every tick once


def test_half_of_what_is_foreseen_was_rewarded(unrolls: list[Unroll]) -> None:
    for unroll in unrolls:
        unroll.ticks[REWARD].zero_()
    unrolls[7].ticks[REWARD][1, 5] = 2.0
    found = filled(unrolls).skewed(2000, torch.Generator().manual_seed(0))
    rewarded = found[NEXT_REWARD] > 0
    assert 0.45 < rewarded.float().mean() < 0.55
    assert torch.equal(found["image"][rewarded][0], unrolls[7].ticks["image"][1, 2:5])
    assert not found[RESET][:, 1:].any()
    assert not found[LAST].any()


def test_half_is_rewarded_however_few_actors_were(unrolls: list[Unroll]) -> None:
    replay = Replay(64)
    for number, unroll in enumerate(unrolls):
        unroll.ticks[REWARD].zero_()
        if number == 7:
            unroll.ticks[REWARD][1, 5] = 2.0
        replay.add(replace(unroll, actor=number % 4))
    rewarded = replay.skewed(2000, torch.Generator().manual_seed(0))[NEXT_REWARD] > 0
    assert 0.45 < rewarded.float().mean() < 0.55


def test_episodes_of_three_ticks_foresee_nothing(unrolls: list[Unroll]) -> None:
    for unroll in unrolls:
        unroll.ticks[RESET][:, ::3] = True
    with pytest.raises(PhysimError, match="no episode in the replay has 4 ticks"):
        filled(unrolls).skewed(2, torch.Generator().manual_seed(0))


def test_without_rewards_nothing_breaks(unrolls: list[Unroll]) -> None:
    for unroll in unrolls:
        unroll.ticks[REWARD].zero_()
    assert not filled(unrolls).skewed(10, torch.Generator().manual_seed(0))[NEXT_REWARD].any()


def test_an_actor_that_was_replaced_leaves_no_seam(unrolls: list[Unroll], playing: Callable[..., Playing]) -> None:
    replay = filled(unrolls[:1])
    replay.add(playing(seed=9).actor().unroll(10))  # begins anew, in the middle of the other's episode
    assert replay.rings[0].ticks[LAST][:, 9].all()
    assert replay.rings[0].ticks[RESET][:, 10].all()


def test_what_is_held_is_kept(unrolls: list[Unroll]) -> None:
    replay, again = filled(unrolls), Replay(64)
    again.restore(replay.saved())
    one, two = (each.sequences(5, 4, torch.Generator().manual_seed(1)) for each in (replay, again))
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    replay.add(unrolls[0])
    again.add(unrolls[0])
    assert replay.rings[0].head == again.rings[0].head
