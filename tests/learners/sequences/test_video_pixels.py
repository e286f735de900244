from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from learners.precision import PRECISIONS, has_bfloat16, mixed
from learners.sequences import video_pixels
from learners.sequences.columns import Columns
from learners.sequences.conv_lstm import ConvLSTM
from learners.sequences.masked import Masked, MaskedDecoder, Rows
from learners.sequences.pixel_kernels import foretell
from learners.sequences.pixels import by_columns, continued, drawn_frame, native_weights
from learners.sequences.video_pixels import FrameLikelihood, frame_nats, surprises, video_pixel_network
from physim.errors import PhysimError
from physim.graph import ModuleGraph, check_steps, load_graph, save_graph

B, T, H, W = 2, 3, 4, 5
KINDS: dict[str, dict[str, Any]] = {
    "colours": {"colours": 3, "classes": 4, "width": 6, "encoder": (1, 2), "decoder": 2},
    "rectified": {"colours": 2, "classes": 3, "width": 4, "encoder": (2,), "decoder": 2, "blocks": "rectified"},
    "binary": {"colours": 1, "classes": 2, "width": 4, "encoder": (1,), "decoder": 2},
    "grey": {"colours": 1, "classes": 1, "width": 4, "encoder": (1,), "decoder": 1},
    "stacks": {"colours": 2, "classes": 3, "width": 4, "encoder": (1,), "decoder": 2, "two_stacks": True},
    "flat stacks": {
        "colours": 1,
        "classes": 2,
        "width": 4,
        "encoder": (1,),
        "decoder": 2,
        "blocks": "rectified",
        "two_stacks": True,
    },
    "led": {"colours": 1, "classes": 2, "width": 4, "encoder": (1,), "decoder": 1, "actions": 2},
}


def network(name: str, **more: Any) -> ModuleGraph:
    torch.manual_seed(0)
    net = video_pixel_network(**{**KINDS[name], **more}).double()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.4)
    return net


def inputs(name: str, seed: int = 0) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    kind = KINDS[name]
    shape = (B, T, H, W, kind["colours"])
    frame = torch.randint(0, max(2, kind["classes"]), shape, generator=random)
    told = {"frame": frame if kind["classes"] > 1 else torch.rand(shape, generator=random, dtype=torch.float64)}
    if "actions" in kind:
        told["action"] = torch.randn(B, T, kind["actions"], generator=random, dtype=torch.float64)
    return told


@pytest.mark.parametrize("name", KINDS)
def test_steps_give_what_a_window_gives(name: str) -> None:
    check_steps(network(name), inputs(name), split=2)


def heard(net: ModuleGraph, name: str) -> tuple[list[int], list[int]]:
    """The numbers, as they are drawn, of colours of pixels that something earlier, or itself, hears of; and
    of those that nothing hears of. Each is changed alone; bit for bit.
    """
    told, classes = inputs(name), KINDS[name]["classes"]
    before = net(told).detach().flatten(1, 4)  # in the order in which they are drawn
    leaks, unheard = [], []
    for number, place in enumerate(product(range(T), range(H), range(W), range(KINDS[name]["colours"]))):
        frame = told["frame"].clone()
        here = (slice(None), *place)
        frame[here] = (frame[here] + 1) % classes if classes > 1 else 1 - frame[here]
        after = net(told | {"frame": frame}).detach().flatten(1, 4)
        if not torch.equal(after[:, : number + 1], before[:, : number + 1]):
            leaks.append(number)
        if torch.equal(after, before):
            unheard.append(number)
    return leaks, unheard


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", KINDS)
def test_nothing_earlier_hears_of_a_colour_and_something_later_does(name: str, training: bool) -> None:
    last = T * H * W * KINDS[name]["colours"] - 1
    assert heard(network(name).train(training), name) == ([], [last])  # nothing comes behind the last


@pytest.mark.skipif(not has_bfloat16(torch.device("cpu")), reason="this processor has no products of bfloat16")
def test_gradients_in_mixed_precision_are_about_those_of_float32() -> None:
    torch.manual_seed(0)
    net = video_pixel_network(3, 4, 18, (4,), 1)
    videos, found = torch.randint(0, 4, (2, 3, 32, 32, 3)), []
    for precision in PRECISIONS:
        net.zero_grad()
        with mixed(precision, torch.device("cpu")):
            loss = FrameLikelihood(net.outputs[0]).value((net({"frame": videos}),), {"frame": videos})
        loss.backward()
        found.append(torch.cat([value.grad.flatten() for value in net.parameters() if value.grad is not None]))
    assert float((found[0] - found[1]).norm() / found[0].norm()) < 0.1


def test_nothing_earlier_hears_of_an_action() -> None:
    net, told = network("led"), inputs("led")
    before = net(told)
    for tick in range(T):
        action = told["action"].clone()
        action[:, tick] += 1
        after = net(told | {"action": action})
        assert torch.equal(after[:, :tick], before[:, :tick])
        assert not torch.equal(after[:, tick], before[:, tick])


def test_within_a_pixel_colours_hear_of_earlier_ones_alone() -> None:
    net, told = network("colours"), inputs("colours")
    value = net(told, outputs=net["seen"]).detach().requires_grad_()
    logits = net(told, given={net["seen"]: value})
    hears = torch.zeros(3, 3, dtype=torch.bool)
    for row, column, drawn in product(range(H), range(W), range(3)):
        (gradient,) = torch.autograd.grad(logits[:, 1, row, column, drawn].sum(), value, retain_graph=True)
        hears[drawn] |= (gradient[:, 1, :, row, column] != 0).any(0)
    assert hears.tolist() == [[False, False, False], [True, False, False], [True, True, False]]


class Leaking(Masked):  # type: ignore[misc] # it is final, and this is wrong on purpose
    """Sees its own pixel at once, as a multiplicative unit on the frame itself would."""

    def forward(self, value: Tensor) -> Tensor:
        return super().forward(value) + value.mean(1, keepdim=True)


def leaking(decoder: Any) -> None:
    """The entrance sees its own pixel."""
    decoder.entrance.__class__ = Leaking


def middle(decoder: Any) -> None:
    """The middle of the entrance's mask is open."""
    decoder.entrance.mask[:, :, 1, 1] = 1


def ahead(decoder: Any) -> None:
    """A block sees the pixel to the right."""
    decoder.blocks[0].convolutions[0].mask[:, :, 1, 2] = 1


def below(decoder: Any) -> None:
    """A block sees the row below."""
    decoder.blocks[1].convolutions[0].mask[:, :, 2] = 1


def colours(decoder: Any) -> None:
    """The first colour's features see the last's."""
    mask = decoder.blocks[0].narrow.mask
    mask[:] = mask.transpose(0, 1) if mask.shape[0] == mask.shape[1] else mask.flip(0)


def head(decoder: Any) -> None:
    """The logits of the first colour see the last's features."""
    decoder.head.mask[:] = 1


def rows(decoder: Any) -> None:
    """The stack of rows above sees the row itself."""
    decoder.rows = Rows(decoder.colours, decoder.links[0].in_channels).double()
    nn.init.normal_(decoder.rows.core.weight)


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("binary", leaking),
        ("binary", middle),
        ("binary", ahead),
        ("binary", below),
        ("colours", colours),
        ("colours", head),
        ("stacks", rows),
    ],
)
def test_a_planted_leak_is_found(name: str, plant: Any) -> None:
    net = network(name)
    plant(net.get_submodule("decoder"))
    leaks, _ = heard(net, name)
    assert leaks


@pytest.mark.parametrize("two_stacks", [False, True])
def test_one_stack_leaves_a_wedge_to_the_right_unseen_and_two_do_not(two_stacks: bool) -> None:
    """By the gradient of the last pixel of the middle column: which pixels of its frame, drawn before it, it sees."""
    torch.manual_seed(0)
    decoder = MaskedDecoder(4, 4, two_stacks=two_stacks).double()
    frame = torch.randn(1, 1, 7, 7, dtype=torch.float64, requires_grad=True)
    decoder(torch.randn(1, 8, 7, 7, dtype=torch.float64), frame)[0, 6, 2].sum().backward()
    assert frame.grad is not None
    seen = frame.grad[0, 0] != 0
    assert bool(seen[6, :2].all())
    assert not seen[6, 2:].any()
    assert bool(seen[:6, :3].all())
    assert bool(seen[5, 4:].any()) == two_stacks
    assert bool(seen[:6].all()) == two_stacks


@pytest.mark.parametrize("name", ["colours", "rectified", "binary", "grey", "stacks", "flat stacks"])
def test_a_pixel_at_a_time_is_as_the_whole_frame(name: str) -> None:
    net, told = network(name), inputs(name)
    decoder = net.get_submodule("decoder")
    assert isinstance(decoder, MaskedDecoder)
    with torch.no_grad():
        context, seen = (value.flatten(0, 1) for value in net(told, outputs=(net["context"], net["seen"])))
        whole, columns = decoder(context, seen), Columns(decoder, context)
        for row, column, colour in product(range(H), range(W), range(decoder.colours)):
            logits = columns.logits(row, column)[:, colour]
            assert torch.allclose(logits, whole[:, row, column, colour], rtol=0, atol=1e-10)
            columns.put(row, column, colour, seen[:, colour, row, column])


@pytest.mark.parametrize("name", ["colours", "rectified", "binary", "grey"])
def test_the_native_loop_foretells_what_a_whole_frame_does(name: str) -> None:
    net, told = network(name), inputs(name)
    decoder = net.get_submodule("decoder")
    assert isinstance(decoder, MaskedDecoder)
    with torch.no_grad():
        context, seen = (value.flatten(0, 1)[:1] for value in net(told, outputs=(net["context"], net["seen"])))
        whole = decoder(context, seen)[0]
        weights, places = native_weights(decoder), decoder.context(context)[0].permute(1, 2, 0).numpy()
    width = KINDS[name]["width"]
    frame, rooms = (
        np.zeros((H + 2, W + 2, decoder.colours)),
        np.zeros((*weights.convolutions.shape[:2], H + 2, W + 2, width)),
    )
    space = (np.zeros(4 * width), np.zeros(4 * width, np.int32))
    for row, column, colour in product(range(H), range(W), range(decoder.colours)):
        logits = np.zeros(weights.head_bias.size)
        foretell(weights, np.ascontiguousarray(places), frame, rooms, row, column, logits, space)
        found = logits.reshape(decoder.colours, -1)[colour]
        assert np.allclose(found, whole[row, column, colour].numpy(), rtol=0, atol=1e-10)
        frame[row + 1, column + 1, colour] = seen[0, colour, row, column]


@pytest.mark.parametrize("name", ["colours", "rectified", "grey"])
def test_the_native_loop_draws_what_columns_draw(name: str) -> None:
    net, told = network(name), inputs(name)
    with torch.no_grad():
        context = net(told, outputs=net["context"]).flatten(0, 1)
    decoder = net.get_submodule("decoder")
    assert isinstance(decoder, MaskedDecoder)
    natively = drawn_frame(decoder, context, torch.Generator().manual_seed(1))
    chances = torch.rand(*natively.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.equal(by_columns(decoder, context, chances), natively)


def test_the_blind_spot_of_plain_masks_is_where_it_is_said_to_be() -> None:
    """To the right of the pixel, above: what lies beyond one column a row is never seen, however deep the decoder."""
    decoder = network("binary", decoder=6).get_submodule("decoder")
    assert isinstance(decoder, MaskedDecoder)
    frame = torch.randn(1, 1, 9, 9, dtype=torch.float64, requires_grad=True)
    logits = decoder(torch.zeros(1, 8, 9, 9, dtype=torch.float64), frame)
    (gradient,) = torch.autograd.grad(logits[0, 6, 2].sum(), frame)
    seen = gradient[0, 0] != 0
    for row in range(6):
        reach = 2 + (6 - row)
        assert bool(seen[row, : reach + 1].all())
        assert not bool(seen[row, reach + 1 :].any())


@pytest.mark.parametrize("name", ["colours", "led", "grey"])
def test_drawn_frames_follow_what_was_seen_and_the_seed(name: str) -> None:
    net, told = network(name), inputs(name)
    actions = torch.randn(B, T + 2, 2, dtype=torch.float64) if name == "led" else None
    made = [continued(net, told["frame"], 2, seed, actions) for seed in (1, 1, 2)]
    assert made[0].shape == (B, 2, H, W, KINDS[name]["colours"])
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_drawn_pixels_are_as_likely_as_said() -> None:
    """Where a network is sure, its samples are what it is sure of: the colour of a pixel, given those before it."""
    net = network("colours")
    with torch.no_grad():
        for parameter in net.get_submodule("decoder").parameters():
            parameter.mul_(3)
    before = inputs("colours")["frame"]
    made = continued(net, before, 2, seed=0)
    logits = net({"frame": torch.cat([before, made], 1)})[:, T:]
    chosen = logits.softmax(-1).gather(-1, made[..., None])
    assert float(chosen.detach().mean()) > 0.7
    assert float(chosen.detach().min()) > 1e-6


def test_the_baseline_draws_all_pixels_at_once() -> None:
    net, told = network("binary", masked=False), inputs("binary")
    frame = told["frame"].clone()
    frame[:, 1] = 1 - frame[:, 1]
    before, after = net(told), net({"frame": frame})
    assert torch.equal(before[:, 1], after[:, 1])
    assert not torch.equal(before[:, 2], after[:, 2])
    assert continued(net, told["frame"], 1).shape == (B, 1, H, W, 1)


def test_nats_of_frames_are_summed_over_pixels() -> None:
    random = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 4, (B, T, H, W, 3), generator=random)
    logits = torch.randn(B, T, H, W, 3, 4, generator=random)
    wanted = -logits.log_softmax(-1).gather(-1, frames[..., None]).sum((2, 3, 4, 5))
    assert torch.allclose(surprises(logits, frames), wanted, rtol=1e-5)
    grey = torch.rand(B, T, H, W, 1, generator=random)
    told = functional.binary_cross_entropy(torch.full_like(grey, 0.3), grey, reduction="none").sum((2, 3, 4))
    assert torch.allclose(surprises(torch.full((*grey.shape, 1), 0.3).logit(), grey), told, rtol=1e-5)
    loss = FrameLikelihood(network("colours").outputs[0], first=1)
    assert torch.allclose(loss.value((logits,), {"frame": frames}), wanted[:, 1:].mean() / (H * W * 3), rtol=1e-5)


def test_nats_of_a_network_are_those_of_its_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_pixels, "CHUNK", 1)
    for name in ("colours", "led"):
        net, told = network(name), inputs(name)
        wanted = surprises(net(told), told["frame"])[:, 1:]
        assert torch.allclose(frame_nats(net, told["frame"], 1, told.get("action")), wanted)


def test_what_cannot_be_foretold_is_refused() -> None:
    with pytest.raises(PhysimError, match="blocks is 'round', wanted one of rectified, multiplicative"):
        video_pixel_network(blocks="round")  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="two_stacks are of a masked decoder"):
        video_pixel_network(masked=False, two_stacks=True)
    with pytest.raises(PhysimError, match="dilation is 0, wanted a whole number, 1 or more"):
        video_pixel_network(encoder=(1, 0))
    net, told = network("colours"), inputs("colours")
    with pytest.raises(PhysimError, match=r"frames have values from 0\.0 to 255\.0, wanted whole numbers from 0 to 3"):
        net({"frame": told["frame"] * 0 + torch.tensor([0, 255, 1])})
    with pytest.raises(PhysimError, match=r"videos have the shape \[.*\], wanted \[B, T, H, W, C\]"):
        continued(net, told["frame"][0], 1)
    with pytest.raises(PhysimError, match="actions are given, wanted none: the network is told no actions"):
        continued(net, told["frame"], 1, actions=torch.zeros(len(told["frame"]), 9, 2))
    with pytest.raises(PhysimError, match="first is 9, wanted a frame of the"):
        frame_nats(net, told["frame"], 9)
    led = video_pixel_network(1, 2, 2, (1,), 1, actions=2)
    film = torch.zeros(2, 3, 4, 4, 1)
    for steps in (3, 5):
        with pytest.raises(PhysimError, match=rf"actions have the shape \[2, {steps}, 2\], wanted \[2, 4, A\]"):
            continued(led, film, 1, actions=torch.zeros(2, steps, 2))
    with pytest.raises(PhysimError, match=r"actions are torch\.float32, wanted finite numbers"):
        frame_nats(led, film, 1, torch.full((2, 3, 2), torch.nan))
    with torch.no_grad():
        next(led.parameters()).fill_(torch.nan)
    with pytest.raises(PhysimError, match="what frames are drawn by is no number"):
        continued(led, film, 1, actions=torch.zeros(2, 4, 2))
    with pytest.raises(PhysimError, match="frames are drawn by graphs that video_pixel_network"):
        continued(ModuleGraph(), told["frame"], 1)
    with pytest.raises(PhysimError, match="count is 0, wanted a whole number, 1 or more"):
        continued(net, told["frame"], 0)


def test_it_comes_back_from_a_file(tmp_path: Path) -> None:
    net = network("colours")
    save_graph(tmp_path / "net", net)
    again, _ = load_graph(tmp_path / "net")
    assert torch.allclose(again(inputs("colours")), net(inputs("colours")), atol=1e-12)


def test_a_memory_of_pictures_starts_anew_after_a_reset() -> None:
    net = ModuleGraph()
    net.add("memory", ConvLSTM(2, 3), net.input("x"))
    reset = torch.zeros(B, 6, dtype=torch.bool)
    reset[0, 4] = True
    check_steps(net.double(), {"x": torch.randn(B, 6, 2, H, W, dtype=torch.float64)}, reset, split=3)


def test_features_that_are_not_shared_among_colours_are_refused() -> None:
    with pytest.raises(PhysimError, match="features are 3 and 8, wanted multiples of the 3 colours"):
        video_pixel_network(colours=3, classes=2, width=4)


def test_the_memory_of_a_convolutional_lstm_stays_in_its_weights_dtype() -> None:
    core, x = ConvLSTM(2, 3), torch.randn(B, T, 2, H, W)
    with torch.autocast("cpu", torch.bfloat16):
        reset = torch.tensor([[False, False, True]] * B)
        _, begun = core(x.bfloat16())
        states = [begun, core(x.bfloat16(), begun, reset)[1], core.step(x[:, 0].bfloat16(), begun, reset[:, 0])[1]]
    assert {value.dtype for state in states for value in state} == {torch.float32}
