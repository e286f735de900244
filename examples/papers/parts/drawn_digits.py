"""Whether digits that a network draws, frame after frame from its own, are still those that it saw: a part of
video_pixel_networks.py.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import center_of_mass, label
from torch import Tensor, nn
from torch.nn import functional

from physim.arrays import Floats, Integers, Singles, Truths
from physim.threads import one_thread
from worlds.real_data.idx import Bytes

BRIGHT, WHITE = 127, 255
SPECK = 4
"""Parts of fewer bright pixels are no digits: some that are drawn stray."""
EPOCHS, BATCH, HIDDEN, RATE = 6, 256, 256, 2e-3


class Reader:
    """Tells the digits in frames, where these do not meet; trained on what it reads: the largest part of a digit."""

    def __init__(self, images: Bytes, kinds: Integers) -> None:
        self.side = images.shape[1]
        read = [_centred(next(iter(_parts(image)), image), self.side) for image in images > BRIGHT]
        bright = torch.from_numpy(np.stack(read))
        wanted = torch.from_numpy(kinds.astype(np.int64))
        with torch.random.fork_rng(devices=[]), one_thread():
            torch.manual_seed(0)
            self.net = nn.Sequential(nn.Linear(self.side**2, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))
            optimiser = torch.optim.Adam(self.net.parameters(), RATE)
            for _ in range(EPOCHS):
                for rows in torch.randperm(len(bright)).split(BATCH):
                    optimiser.zero_grad()
                    functional.cross_entropy(self.net(bright[rows]), wanted[rows]).backward()
                    optimiser.step()

    @torch.no_grad()
    def read(self, frame: Bytes) -> tuple[int, ...]:
        """The digits of the parts of a frame [H, W] that hang together and are no specks, sorted."""
        each = [_centred(part, self.side) for part in _parts(frame > BRIGHT)]
        if not each:
            return ()
        found = self.net(torch.from_numpy(np.stack(each))).argmax(1)
        return tuple(sorted(found.tolist()))

    def kept(self, before: Bytes, after: Bytes, digits: int = 2) -> tuple[Floats, Floats]:
        """Frame by frame [T], the shares of frames after others [N, T, H, W] that have so many parts, and of those that
        have the digits of the last frame before in which these could be told; videos without such a frame do not count.
        """
        counted, same = [], []
        for seen, drawn in zip(before, after, strict=True):
            known = [found for found in map(self.read, seen) if len(found) == digits]
            if known:
                told = [self.read(frame) for frame in drawn]
                counted.append([len(found) == digits for found in told])
                same.append([found == known[-1] for found in told])
        none = [[False] * after.shape[1]]
        return np.mean(counted or none, 0), np.mean(same or none, 0)


def _parts(frame: Truths) -> list[Truths]:
    """The parts of a frame [H, W] that hang together and are no specks, the largest first."""
    parts, _ = label(frame, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())[1:]
    return [parts == 1 + number for number in np.argsort(-sizes) if sizes[number] >= SPECK]


def _centred(part: Truths, side: int) -> Singles:
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
