from __future__ import annotations

import pytest
import torch

from learners.sequences.layers import Gate, Multiplication, Upsampling


def test_a_gate_is_tanh_times_sigmoid() -> None:
    value = torch.randn(3, 8)
    assert torch.equal(Gate()(value), value[:, :4].tanh() * value[:, 4:].sigmoid())


def test_a_multiplicative_unit_keeps_updates_or_forgets_its_value() -> None:
    value, zeros = torch.randn(2, 3), torch.zeros(2, 3)
    keep, forget = torch.full((2, 3), 50.0), torch.full((2, 3), -50.0)
    kept = Multiplication()(torch.cat([keep, keep, forget, zeros], 1), value)
    assert torch.allclose(kept, value.tanh())
    updated = Multiplication()(torch.cat([keep, forget, keep, keep], 1), value)
    assert torch.allclose(updated, torch.ones(2, 3).tanh())


@pytest.mark.parametrize("strides", [(2,), (3,), (4, 5), (7, 3)])
def test_upsampling_begins_as_frames_blended_over_time(strides: tuple[int, ...]) -> None:
    frames = torch.arange(6.0)[None, :, None].expand(2, -1, 3)
    up = Upsampling(3, strides)
    made = up(frames).detach()
    assert made.shape == (2, 6 * up.samples, 3)
    inner = made[0, up.samples : -up.samples, 0]
    times = (torch.arange(len(inner)) + 0.5) / up.samples + 0.5
    assert float((inner - times).abs().max()) <= 1.0
