"""Whether digits that a network draws, frame after frame from its own, are still those that it saw: a part of
video_pixel_networks.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.ndimage import center_of_mass, label
from torch import Tensor, nn
from torch.nn import functional

from physim.arrays import Integers
from physim.threads import one_thread
from worlds.real_data.idx import Bytes

BRIGHT = 127
EPOCHS, BATCH, HIDDEN, RATE = 3, 256, 128, 2e-3


class Reader:
    """Tells the digits in frames, where these do not meet; trained on digits as black and white as drawn ones are."""

    def __init__(self, images: Bytes, kinds: Integers) -> None:
        self.side = images.shape[1]
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(self.side**2, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))
        bright = torch.from_numpy(np.stack([_centred(image > BRIGHT, self.side) for image in images]))
        wanted = torch.from_numpy(kinds.astype(np.int64))
        optimiser = torch.optim.Adam(self.net.parameters(), RATE)
        with one_thread():
            for _ in range(EPOCHS):
                for rows in torch.randperm(len(bright)).split(BATCH):
                    optimiser.zero_grad()
                    functional.cross_entropy(self.net(bright[rows]), wanted[rows]).backward()
                    optimiser.step()

    @torch.no_grad()
    def read(self, frame: Bytes) -> tuple[int, ...]:
        """The digits of the parts of a frame [H, W] that hang together, sorted."""
        parts, count = label(frame > BRIGHT, np.ones((3, 3)))
        if not count:
            return ()
        each = np.stack([_centred(parts == number, self.side) for number in range(1, count + 1)])
        return tuple(sorted(self.net(torch.from_numpy(each)).argmax(1).tolist()))

    def kept(self, before: Bytes, after: Bytes, digits: int = 2) -> tuple[float, float]:
        """The shares of frames after others [N, T, H, W] that have so many parts, and of those that have the digits of
        the last frame before in which these could be told; videos without such a frame do not count.
        """
        counted, same = [], []
        for seen, drawn in zip(before, after, strict=True):
            known = [found for found in map(self.read, seen) if len(found) == digits]
            if known:
                told = [self.read(frame) for frame in drawn]
                counted += [len(found) == digits for found in told]
                same += [found == known[-1] for found in told]
        return float(np.mean(counted or [False])), float(np.mean(same or [False]))


def _centred(part: np.ndarray[Any, np.dtype[np.bool_]], side: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A part of a frame [H, W], its middle of mass in the middle of [side * side] numbers."""
    if not part.any():
        return np.zeros(side * side, np.float32)
    middle = np.rint(center_of_mass(part)).astype(int)
    room = np.pad(part, side)
    (top, left) = middle + side - side // 2
    return room[top : top + side, left : left + side].astype(np.float32).ravel()


def grey(frames: Tensor) -> Bytes:
    """Frames [N, T, H, W, 1] in 0 to 1 as bytes [N, T, H, W]."""
    found: Bytes = (255 * frames[..., 0]).round().byte().numpy()
    return found
