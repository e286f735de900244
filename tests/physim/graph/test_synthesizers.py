from __future__ import annotations

import json
import warnings
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.synthesizers import (
    KINDS,
    BentSynthesizer,
    ConvolutionalSynthesizer,
    Feedback,
    LinearSynthesizer,
    PerceptronSynthesizer,
    ResidualSynthesizer,
    Synthesizer,
    made,
    told,
)

GIVEN = 2
SYNTHESIZERS: Sequence[Synthesizer] = (
    LinearSynthesizer(3, GIVEN, unit=0.5),
    PerceptronSynthesizer(3, GIVEN, hidden=(4, 5), unit=3.0),
    ResidualSynthesizer(3, GIVEN, hidden=6),
    ConvolutionalSynthesizer(3, GIVEN, hidden=(4,), kernel_size=3),
    BentSynthesizer(3, GIVEN),
)
ALL: Sequence[nn.Module] = (*SYNTHESIZERS, Feedback(3, 5), Feedback(3, 2, ones=True))


def seen(synthesizer: nn.Module, items: int = 4) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    shape = (6, 6) if isinstance(synthesizer, ConvolutionalSynthesizer) else ()
    value = torch.randn(items, 3, *shape, generator=random)
    return (value,) if isinstance(synthesizer, Feedback) else (value, torch.randn(items, GIVEN, generator=random))


@pytest.mark.parametrize("synthesizer", SYNTHESIZERS, ids=lambda one: type(one).__name__)
def test_a_synthesizer_says_nothing_at_first_and_can_learn_to(synthesizer: Synthesizer) -> None:
    value, given = seen(synthesizer)
    guess = synthesizer(value, given)
    assert torch.equal(guess, torch.zeros_like(value))
    guess.sum().backward()
    assert any(bool(one.grad.any()) for one in synthesizer.parameters() if one.grad is not None)


@pytest.mark.parametrize("synthesizer", SYNTHESIZERS, ids=lambda one: type(one).__name__)
def test_a_guess_is_in_units_and_shared_among_items(synthesizer: Synthesizer) -> None:
    """As the gradient of a mean over items is: of twice as many, each has half of it."""
    torch.manual_seed(0)
    synthesizer = made(told(synthesizer)).eval()  # type: ignore[assignment]
    for parameter in synthesizer.parameters():
        nn.init.normal_(parameter)
    value, given = seen(synthesizer)
    once = synthesizer(value, given)
    twice = synthesizer(value.repeat(2, *[1] * (value.dim() - 1)), given.repeat(2, 1))
    assert torch.allclose(twice[: len(value)], once / 2, rtol=1e-5, atol=1e-6)
    assert torch.allclose(once, synthesizer.guess(value, given) * synthesizer.unit / len(value))
    assert not torch.allclose(once, synthesizer(value, given + 1))


@pytest.mark.parametrize("one", ALL, ids=lambda one: type(one).__name__)
def test_what_files_tell_of_a_synthesizer_makes_it_again(one: nn.Module) -> None:
    again = made(json.loads(json.dumps(told(one))))
    assert type(again) is type(one)
    shapes = {name: value.shape for name, value in one.state_dict().items()}
    assert {name: value.shape for name, value in again.state_dict().items()} == shapes
    again.load_state_dict(one.state_dict())
    assert torch.equal(again.eval()(*seen(one)), one.eval()(*seen(one)))
    assert told(again) == told(one)
    assert getattr(again, "unit", None) == getattr(one, "unit", None)


def test_every_kind_that_files_can_name_is_tested() -> None:
    assert {type(one) for one in ALL} == set(KINDS.values())


def test_what_files_do_not_know_is_refused_by_name() -> None:
    with pytest.raises(PhysimError, match=r"files hold linear, perceptron, .*feedback, got a Linear"):
        told(nn.Linear(3, 3))
    with pytest.raises(PhysimError, match=r"the known kinds are linear, .*feedback, got 'cubic'"):
        made({"kind": "cubic", "features": 3})


def test_feedback_is_a_fixed_line_and_learns_nothing() -> None:
    torch.manual_seed(0)
    random, ones = Feedback(3, 4), Feedback(3, 4, ones=True)
    assert not list(random.parameters())
    assert torch.equal(ones(torch.eye(3)), torch.ones(3, 4))
    assert torch.equal(random(torch.eye(3)), random.matrix)
    assert len(random.matrix.unique()) == 12


def test_a_bent_one_that_is_given_nothing_is_made_in_silence_and_guesses() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        synthesizer = BentSynthesizer(3)
    nn.init.ones_(synthesizer.gain)
    value = torch.randn(4, 3)
    assert torch.allclose(synthesizer(value), value.sigmoid() / len(value))
