from __future__ import annotations

import torch

from physim.threads import one_thread


def test_the_number_of_threads_comes_back() -> None:
    torch.set_num_threads(2)
    try:
        with one_thread():
            inside = torch.get_num_threads()
        assert (inside, torch.get_num_threads()) == (1, 2)
    finally:
        torch.set_num_threads(1)
