"""What tensors are computed on."""

from __future__ import annotations

import torch

from physim.errors import PhysimError


def device_named(name: str) -> torch.device:
    """A device by torch's name for it, such as cuda; raises PhysimError where it is not there, or knows no float64."""
    try:
        torch.ones(1, dtype=torch.float64, device=name).cpu()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError):
        raise PhysimError(f"device must be one that torch computes on here, such as cpu, got {name!r}") from None
    return torch.device(name)
