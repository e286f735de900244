from __future__ import annotations

import pytest
import torch

from physim.threads import one_thread


def test_the_number_of_threads_comes_back_even_after_an_error() -> None:
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
