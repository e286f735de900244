"""Video Pixel Networks (arXiv:1610.00527) as module graphs, and the baseline that draws all pixels at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import final, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from learners.precision import whole
from learners.sequences.blocks import Block
from learners.sequences.conv_lstm import ConvLSTM
from learners.sequences.layers import Blocks
from learners.sequences.masked import MaskedDecoder
from physim.checks import check_among, check_whole
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, Port, added, builder, delayed

FRAME, ACTION, MEMORY, CONTEXT, DECODER = "frame", "action", "memory", "context", "decoder"
CHUNK = 16
"""Of how many videos nats are told at a time."""


@builder("video_pixel_network")
def video_pixel_network(  # noqa: PLR0913 (a file names them all)
    colours: int = 1,
    classes: int = 1,
    width: int = 16,
    encoder: Sequence[int] = (1, 2, 4),
    decoder: int = 4,
    blocks: Blocks = "multiplicative",
    *,
    masked: bool = True,
    two_stacks: bool = False,
    actions: int = 0,
) -> ModuleGraph:
    """Foretells each colour of each pixel of a frame from the frames before it and what was drawn before in the frame.

    A frame passes blocks with the dilations of `encoder`, 2 `width` features wide; a convolutional LSTM remembers; and
    `decoder` masked blocks draw, or, if not `masked`, as many plain ones draw all pixels at once: the paper's baseline.
    The paper's masks leave earlier pixels to the right unseen; `two_stacks` see them all (see MaskedDecoder).
    Values are of so many `classes`, or, if that is 1, between 0 and 1, of which a sigmoid tells the mean.

    Inputs: "frame" [B, T, H, W, colours], int64 or float; "action" [B, T, A], what led to the frame, where there are
    `actions`: they are added where frames come in, and to what the memory tells of the next, which passes one more
    block: it sees all around, and what an action moves is moved there (the paper's bias all layers).
    Ports: "memory" [B, T, 2 width, H, W]; "decoder": logits [B, T, H, W, colours, classes].
    """
    check_whole(1, colours=colours, classes=classes, width=width, decoder=decoder)
    check_whole(1, dilation=min(encoder, default=1))
    check_among("blocks", blocks, get_args(Blocks))
    if two_stacks and not masked:
        raise PhysimError("two_stacks are of a masked decoder: a plain one sees no pixel of its frame")
    net = ModuleGraph()
    seen = net.add("seen", Seen(classes), net.input(FRAME))
    value = net.add("entrance", nn.Conv2d(colours, 2 * width, 3, padding="same"), seen)
    led = net.input(ACTION) if actions else None
    value = _led(net, "led_there", value, led, actions, width)
    for number, dilation in enumerate(encoder):
        value = net.add(f"encode_{number}", Block(width, blocks, partial(_around, dilation)), value)
    memory = net.add(MEMORY, ConvLSTM(2 * width, 2 * width), value)
    context = _led(net, "led_on", delayed(memory), led, actions, width)
    moved = Block(width, blocks, partial(_around, 1)) if actions else nn.Identity()
    context = net.add(CONTEXT, moved, context)
    if masked:
        drawing = MaskedDecoder(width, decoder, colours, classes, blocks, two_stacks=two_stacks)
        logits = net.add(DECODER, drawing, context, seen)
    else:
        logits = net.add(DECODER, PlainDecoder(width, decoder, colours, classes, blocks), context)
    net.returns(logits)
    return net


def _around(dilation: int, into: int, out: int, size: int) -> nn.Conv2d:
    """A convolution that sees all around."""
    return nn.Conv2d(into, out, size, dilation=dilation, padding="same")


def _led(net: ModuleGraph, name: str, value: Port, led: Port | None, actions: int, width: int) -> Port:
    """A value that knows what was done."""
    if led is None:
        return value
    return added(value, net.add(name, nn.Sequential(nn.Linear(actions, 2 * width), nn.Unflatten(1, (-1, 1, 1))), led))


@final
class Seen(nn.Module):
    """Frames [B, H, W, C] of so many classes, or of numbers between 0 and 1, as features [B, C, H, W] in -1 to 1."""

    like: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.top = max(1, classes - 1)
        self.register_buffer("like", torch.zeros(()))

    def forward(self, frame: Tensor) -> Tensor:
        """The features; raises PhysimError where the frame has other values."""
        if frame.numel() and not 0 <= float(frame.min()) <= float(frame.max()) <= self.top:
            kind = f"whole numbers from 0 to {self.top}" if self.top > 1 else "numbers from 0 to 1"
            raise PhysimError(f"frames have values from {float(frame.min())} to {float(frame.max())}, wanted {kind}")
        # where features lie last, PyTorch 2.13 gets gradients of dilated convolutions wrong in bfloat16 on processors,
        # unless their features are a multiple of 16: they were NaN at the first update
        return 2 * frame.permute(0, 3, 1, 2).to(self.like.dtype).contiguous() / self.top - 1


@final
class PlainDecoder(nn.Module):
    """Foretells all pixels from a context [B, 2 width, H, W] alone -> logits [B, H, W, colours, classes]."""

    def __init__(
        self, width: int, layers: int, colours: int = 1, classes: int = 2, blocks: Blocks = "multiplicative"
    ) -> None:
        super().__init__()
        self.colours, self.classes = colours, classes
        self.blocks = nn.Sequential(*(Block(width, blocks, partial(_around, 1)) for _ in range(layers)))
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(2 * width, 2 * width, 1), nn.ReLU(), nn.Conv2d(2 * width, colours * classes, 1)
        )

    def forward(self, context: Tensor) -> Tensor:
        """The logits."""
        logits: Tensor = self.head(self.blocks(context))
        return logits.unflatten(1, (self.colours, self.classes)).permute(0, 3, 4, 1, 2)


@final
class FrameLikelihood(Loss):
    """Nats a value, the mean: of target "frame" [B, T, H, W, C] by logits [B, T, H, W, C, K], from tick `first` on.

    Times the values of a frame it is nats a frame, which `surprises` tells. Of one class, the cross-entropy of numbers
    between 0 and 1, whose least is not 0.
    """

    def __init__(self, port: Port, first: int = 0, name: str = "likelihood") -> None:
        super().__init__(name, port)
        self.first = first

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        if FRAME not in targets:
            raise PhysimError(f"targets lack '{FRAME}', wanted it beside {', '.join(sorted(targets)) or 'nothing'}")
        frames = targets[FRAME][:, self.first :]
        if not frames.shape[1]:
            raise PhysimError(f"first is {self.first}, wanted a frame of the {targets[FRAME].shape[1]} that there are")
        return surprises(values[0][:, self.first :], frames).mean() / frames[0, 0].numel()


@torch.no_grad()
def frame_nats(net: ModuleGraph, videos: Tensor, first: int, actions: Tensor | None = None) -> Tensor:
    """Nats of each frame [N, T] from one on, by a network that sees all true frames before it, and perhaps actions.

    Videos are [N, first + T, H, W, C], actions [N, first + T, A], on any device.
    """
    check_films(net, videos, actions, videos.shape[1] if videos.dim() == 5 else 0)
    if not 0 <= first < videos.shape[1]:
        raise PhysimError(f"first is {first}, wanted a frame of the {videos.shape[1]} that there are")
    parts, device = [], next(net.parameters()).device
    for rows in torch.arange(len(videos)).split(CHUNK):
        told = {FRAME: videos[rows], **({} if actions is None else {ACTION: actions[rows]})}
        told = {name: value.to(device) for name, value in told.items()}
        parts.append(surprises(net(told)[:, first:], told[FRAME][:, first:]).cpu())
    return torch.cat(parts)


def check_films(net: ModuleGraph, videos: Tensor, actions: Tensor | None, frames: int) -> None:
    """Refuse videos, or the actions that lead to so many frames, which a network cannot read."""
    if videos.dim() != 5 or not videos.shape[1]:
        raise PhysimError(f"videos have the shape {list(videos.shape)}, wanted [B, T, H, W, C] of at least a frame")
    if (actions is not None) != (ACTION in net.inputs):
        wanted = "actions, which the network is told" if actions is None else "none: the network is told no actions"
        raise PhysimError(f"actions are {'none' if actions is None else 'given'}, wanted {wanted}")
    if actions is None:
        return
    if actions.dim() != 3 or tuple(actions.shape[:2]) != (len(videos), frames):
        raise PhysimError(f"actions have the shape {list(actions.shape)}, wanted [{len(videos)}, {frames}, A]")
    if not (actions.is_floating_point() and bool(actions.isfinite().all())):
        raise PhysimError(f"actions are {actions.dtype}, wanted finite numbers as the network's weights are")


def surprises(logits: Tensor, frames: Tensor) -> Tensor:
    """Nats of each frame [B, T]; see FrameLikelihood."""
    logits = whole(logits)
    if logits.shape[-1] > 1 and frames.is_floating_point():
        raise PhysimError(f"frames are {frames.dtype}, wanted whole numbers, of {logits.shape[-1]} classes")
    if logits.shape[-1] == 1:
        told = functional.binary_cross_entropy_with_logits(logits[..., 0], frames.to(logits.dtype), reduction="none")
    else:
        told = functional.cross_entropy(logits.flatten(0, -2), frames.flatten().long(), reduction="none")
        told = told.unflatten(0, frames.shape)
    return told.flatten(2).sum(2)
