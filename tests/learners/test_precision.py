from __future__ import annotations

import pytest
import torch

from learners.precision import mixed
from physim.errors import PhysimError
from physim.graph import LSTM


@pytest.mark.parametrize("known", [True, False])
def test_products_are_mixed_where_the_processor_has_them(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: known)
    with mixed("bf16-mixed", torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if known else torch.float32)


def test_an_lstm_learns_in_any_precision_on_any_processor() -> None:
    memory = LSTM(3, 4)
    with mixed("bf16-mixed", torch.device("cpu")):
        memory.forward(torch.ones(2, 5, 3))[0].sum().backward()
    assert memory.core.weight_ih_l0.grad is not None


def test_an_lstm_that_forgets_slowly_remembers_as_much_in_any_precision() -> None:
    """A cell in bfloat16 would not grow by what is under a 256th of it."""
    torch.manual_seed(0)
    memory = LSTM(3, 8)
    with torch.no_grad():
        memory.core.bias_ih_l0[8:16] = 4.0
    seen = torch.randn(2, 300, 3)
    whole, _ = memory.forward(seen)
    with mixed("bf16-mixed", torch.device("cpu")):
        assert torch.equal(memory.forward(seen)[0], whole)
        assert torch.equal(memory.forward(seen.bfloat16().float())[0], memory.forward(seen.bfloat16())[0])


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(PhysimError, match="precision is 'half', wanted one of 32-true, bf16-mixed"):
        mixed("half", torch.device("cpu"))  # type: ignore[arg-type]
