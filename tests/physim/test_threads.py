from __future__ import annotations

import torch

from physim.threads import one_thread, threads


def test_the_number_of_threads_comes_back() -> None:
    with threads(2):
        with one_thread():
            inside = torch.get_num_threads()
        assert (inside, torch.get_num_threads()) == (1, 2)


def test_it_comes_back_after_an_error_too() -> None:
    before = torch.get_num_threads()
    try:
        with threads(before + 1):
            raise KeyError
    except KeyError:
        pass
    assert torch.get_num_threads() == before
