"""Of how many bytes the numbers are that networks compute with."""

from __future__ import annotations

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.learner import Precision

PRECISIONS: tuple[Precision, ...] = ("32-true", "bf16-mixed")


def mixed(precision: Precision, device: torch.device) -> torch.autocast:
    """Where products are taken in bfloat16, if that is the precision; weights, memories and losses stay float32.

    Processors that have no such products take them in float32 as well.
    """
    if precision not in PRECISIONS:
        raise PhysimError(f"precision is {precision!r}, wanted one of {', '.join(PRECISIONS)}")
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16-mixed" and has_bfloat16(device))


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has products of bfloat16; without them an LSTM fails, and other modules crawl."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def whole(value: Tensor) -> Tensor:
    """A value of bfloat16 as float32; others as they are."""
    return value.float() if value.dtype == torch.bfloat16 else value
