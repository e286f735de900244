from __future__ import annotations

import torch

from learners.agents.episodes import Scores
from learners.agents.unrolls import LAST, RESET, REWARD, Unroll


def unroll(rewards: list[float], resets: list[int], lasts: list[int], actor: int = 0) -> Unroll:
    """Ticks of one environment, the last of which belongs to the next unroll."""
    reset, last = torch.zeros(1, len(rewards), dtype=torch.bool), torch.zeros(1, len(rewards), dtype=torch.bool)
    reset[0, resets] = last[0, lasts] = True
    return Unroll({REWARD: torch.tensor([rewards]), RESET: reset, LAST: last}, {}, actor=actor)


def test_rewards_are_added_up_over_unrolls_and_each_counts_once() -> None:
    scores = Scores()
    assert scores.ended(unroll([0.0, 1.0, 2.0], [0], [])) == []
    assert scores.ended(unroll([2.0, 4.0, 0.0, 8.0, 16.0], [2], [1, 3])) == [7.0, 8.0]


def test_what_the_dead_had_is_forgotten_when_their_place_begins_anew() -> None:
    scores = Scores()
    scores.ended(unroll([0.0, 5.0, 0.0], [0], []))
    assert scores.ended(unroll([0.0, 1.0, 0.0], [0], [1])) == [1.0]


def test_actors_have_scores_of_their_own_which_are_kept() -> None:
    scores, again = Scores(), Scores()
    for actor, reward in enumerate((1.0, 2.0)):
        scores.ended(unroll([0.0, reward, 0.0], [0], [], actor))
    again.restore(scores.saved())
    assert [again.ended(unroll([0.5, 0.0], [], [0], actor)) for actor in (0, 1)] == [[1.5], [2.5]]
