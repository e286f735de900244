from __future__ import annotations

import torch

from learners.decoupled.copying import AHEAD, Copying, Task, coming
from learners.decoupled.recurrent import ARMS, Recurrent


def test_an_episode_asks_for_its_symbols_after_the_mark_and_fills_whole_windows() -> None:
    inputs, targets, asked = Task(3, 2).drawn(5, 4, torch.Generator().manual_seed(0))
    assert inputs.shape == (5, 12, 3)  # 3 symbols, a mark, 6 answers, and 2 idle ticks
    symbols = (inputs[:, :3, 0] + 1) / 2
    assert torch.equal(targets[:, 4:10], symbols.repeat(1, 2))
    assert torch.equal(asked[0], torch.tensor([0.0] * 4 + [1.0] * 6 + [0.0] * 2))
    assert torch.equal(inputs[0, :, 1].nonzero().flatten(), torch.tensor([3]))
    assert not inputs[:, 3:, 0].any()


def test_tasks_grow_by_symbols_or_in_turn_by_repeats() -> None:
    task = Task()
    assert [(task := task.longer(False)).said for _ in range(3)] == [2, 3, 4]
    task = Task()
    grown = [((task := task.longer(True)).symbols, task.repeats) for _ in range(4)]
    assert grown == [(2, 1), (2, 2), (3, 2), (3, 3)]


def test_short_tasks_are_solved_with_and_without_synthetic_gradients() -> None:
    for arm in ARMS:
        setting = Recurrent(arm, units=32, rate=1e-2)
        solved = Copying(window=3, updates=150, recurrent=setting, batch=32).run()
        assert [task.symbols for _, task in solved][:1] == [1]
        idle = Recurrent(arm, units=32, rate=0.0)
        assert Copying(window=3, updates=40, recurrent=idle, batch=32).run() == []
        again = Copying(window=3, updates=150, recurrent=setting, batch=32).run()
        assert solved == again


def test_what_is_coming_is_what_must_be_said_after_each_tick() -> None:
    _, targets, asked = Task(2).drawn(4, 3, torch.Generator().manual_seed(0))  # of ticks: 2, a mark, 2, an idle one
    known = coming(targets, asked)
    assert known.shape == (4, 6, AHEAD)
    said = 2 * targets[:, 3:5] - 1
    assert torch.equal(known[:, 0, :5], torch.cat([torch.zeros(4, 2), said, torch.zeros(4, 1)], dim=1))
    assert torch.equal(known[:, 3, 0], said[:, 1])
    assert not known[:, 4:].any()
