"""Pictures of environments; the viewer, and with it pygame, is imported when the first one is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from physim.errors import PhysimError

if TYPE_CHECKING:  # neither torch nor pygame is loaded before it is wanted
    from physim.environments.episodes import Beginning
    from physim.viewer.scene_view import SceneView

Frame = npt.NDArray[np.uint8]


def check_mode(mode: str | None, modes: Sequence[str]) -> None:
    """Refuse a render mode that an environment does not have; None draws nothing."""
    if mode is not None and mode not in modes:
        raise PhysimError(f"render_mode must be {' or '.join(modes)}, got {mode!r}")


def frames_per_second(dt: float) -> int:
    """How many steps of dt make a second: films of every step then run at the scene's own pace."""
    return max(1, round(1 / dt))


def view_of(view: SceneView | None, beginning: Beginning, with_goal: bool, live: bool, unit: str) -> SceneView:
    """The view of an episode that begins, in a world whose lengths are told in `unit`: that of before, or a new one."""
    goal = beginning.goal if with_goal else None
    if view is not None:
        view.begin(beginning.scene, goal)
        return view
    from physim.viewer.scene_view import SceneView

    return SceneView(beginning.scene, goal, live, unit)
