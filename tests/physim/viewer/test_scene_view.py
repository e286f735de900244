from __future__ import annotations

import numpy as np

from physim.colours import body_colour
from physim.viewer.palette import PANEL
from physim.viewer.scene_view import SIZE, SceneView
from worlds.balls import Balls
from worlds.strings import Strings

SCENE = Balls(balls=3).scene(seed=1)


def colours(frame: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, frame.reshape(-1, 3).tolist()))


def test_a_frame_is_an_image_in_the_order_of_rows() -> None:
    frame = SceneView(SCENE, None, live=False).frame()
    assert frame.shape == (SIZE[1], SIZE[0], 3)
    assert frame.flags.owndata
    assert PANEL in colours(frame)


def test_frames_show_where_the_bodies_are() -> None:
    view = SceneView(SCENE, None, live=False)
    first = view.frame()
    view.move(SCENE.pos.numpy() + 0.1, SCENE.angle.numpy(), 1e-3)
    moved = view.frame()
    view.begin(SCENE, None)
    assert (moved != first).any()
    assert np.array_equal(view.frame(), first)


def test_the_goal_is_a_ring_in_its_bodys_colour() -> None:
    scene = Strings(masses=4, pins=2).scene(seed=1)
    goal = scene.pos[1].numpy() + np.array([0.0, -0.2])
    plain, ringed = (SceneView(scene, aim, live=False).frame() for aim in (None, goal))
    changed = np.argwhere((plain != ringed).any(axis=2))
    assert body_colour(1) in colours(ringed[tuple(changed.T)])
    assert np.ptp(changed, axis=0).max() < 30


def test_a_goal_beyond_the_bodies_is_in_view() -> None:
    scene = Strings(masses=4).scene(seed=1)
    view = SceneView(scene, np.array([7.0, 9.0]), live=False)
    first = int(np.flatnonzero(scene.inverse_mass.numpy())[0])
    assert body_colour(first) in colours(view.frame()[:60])
