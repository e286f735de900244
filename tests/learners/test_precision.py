from __future__ import annotations

import pytest
import torch

from learners.precision import mixed
from physim.errors import PhysimError


@pytest.mark.parametrize("known", [True, False])
def test_products_are_mixed_where_the_processor_has_them(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: known)
    with mixed("bf16-mixed", torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if known else torch.float32)


def test_an_lstm_learns_in_any_precision_on_any_processor() -> None:
    core = torch.nn.LSTM(3, 4, batch_first=True)
    with mixed("bf16-mixed", torch.device("cpu")):
        core(torch.ones(2, 5, 3))[0].float().sum().backward()
    assert core.weight_ih_l0.grad is not None


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(PhysimError, match="precision is 'half', wanted one of 32-true, bf16-mixed"):
        mixed("half", torch.device("cpu"))  # type: ignore[arg-type]
