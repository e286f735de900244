"""Pictures that somebody else makes, in a window."""

from __future__ import annotations

from typing import final

import numpy as np
import numpy.typing as npt

from physim.viewer.palette import GROUND
from physim.viewer.pixels import draw_pixels, within
from physim.viewer.stage import FRAME, Stage, Window


@final
class PictureView:
    """A window of (width, height) pixels; raises PhysimError where there is no display."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.stage: Stage = Window(size, "physim")

    def show(self, picture: npt.NDArray[np.uint8], seconds: float) -> None:
        """Show a picture [H, W, 3] for so long; what a user does to the window is let pass."""
        for _ in range(max(1, round(seconds / FRAME))):
            self.stage.events()
            surface = self.stage.surface
            surface.fill(GROUND)
            draw_pixels(surface, picture, within(picture.shape, surface.get_rect()))
            self.stage.present()

    def close(self) -> None:
        """Close the window."""
        self.stage.close()
