from __future__ import annotations

import pytest
import torch

from physim.devices import device_named
from physim.errors import PhysimError


def test_devices_are_named_as_torch_does() -> None:
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["nowhere", "meta", "", "cuda:99"])
def test_what_cannot_compute_here_is_refused(name: str) -> None:
    with pytest.raises(PhysimError, match=f"device must be one that torch computes on here, .* got '{name}'"):
        device_named(name)
