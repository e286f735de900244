from __future__ import annotations

import torch

from learners.agents.decoding import decoded, f1


def test_what_states_say_is_decoded_and_what_they_do_not_is_not() -> None:
    random = torch.Generator().manual_seed(0)
    kinds = torch.randint(5, (2000,), generator=random)
    episodes = torch.arange(2000) // 100
    directions = torch.randn(5, 16, generator=random)
    noise = torch.randn(2000, 16, generator=random)
    assert decoded(directions[kinds] + 0.3 * noise, kinds, episodes) > 0.95
    assert decoded(noise, kinds, episodes) < 0.3


def test_cells_that_only_held_out_episodes_know_count_as_wrong() -> None:
    kinds = torch.tensor([0] * 30 + [7] * 10)
    episodes = torch.arange(40) // 10  # the fourth knows a cell that the others do not
    states = torch.eye(8)[kinds]
    found = {decoded(states, kinds, torch.roll(episodes, 10 * shift)) for shift in range(4)}
    assert 0.0 in found


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    told = torch.tensor([True, True, False, False, True])
    true = torch.tensor([True, False, True, False, True])
    assert abs(f1(told, true) - 2 / 3) < 1e-6
    assert f1(~true, true) == 0.0
