from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from physim.errors import PhysimError
from worlds.maze.cameras import Camera, camera, drawn, euclidean
from worlds.maze.layout import Layout
from worlds.maze.raycaster import Mazes, material
from worlds.maze.things import BALL, BOX, CEILING, COLUMN, FIRST_THING, FLOOR, WALL

Floats = npt.NDArray[np.float64]


def rays(view: Camera, poses: Floats) -> Floats:
    """The directions [B, W, 2] of the columns, of which one is a metre of depth."""
    cos, sin = np.cos(poses[:, 2:]), np.sin(poses[:, 2:])
    return np.stack([cos + sin * view.across, sin - cos * view.across], axis=-1)


def entered(layout: Layout, start: Floats, along: Floats) -> Floats:
    """Where rays [R, 2] enter each of the wall cells [R, K], by the slab test, in float64; inf where they do not."""
    cells = np.argwhere(layout.walls)[:, ::-1]
    with np.errstate(divide="ignore"):
        near, far = (cells - start[:, None]) / along[:, None], (cells + 1 - start[:, None]) / along[:, None]
    enters, leaves = np.minimum(near, far).max(axis=-1), np.maximum(near, far).min(axis=-1)
    return np.where((enters <= leaves) & (enters >= 0), enters, np.inf)


def test_depth_and_cells_are_those_of_an_exact_reference(layout: Layout, mazes: Mazes, places: Floats) -> None:
    view = camera(5, 3, 90)
    frames = drawn(mazes, np.zeros(len(places), int), places, view)
    cells = np.argwhere(layout.walls)[:, ::-1].tolist()
    for first in range(0, len(places), 2000):
        part = slice(first, first + 2000)
        along = rays(view, places[part]).reshape(-1, 2)
        reference = entered(layout, np.repeat(places[part, :2], 5, axis=0), along)
        nearest = reference.min(axis=1)
        middle = frames.depth[part, 1].reshape(-1)  # the row of the horizon sees walls alone
        assert np.abs(middle - nearest).max() < 1e-4
        hit = [cells.index(cell) for cell in frames.cells[part].reshape(-1, 2).tolist()]
        found = reference[np.arange(len(hit)), hit]
        np.testing.assert_allclose(found, nearest, rtol=0, atol=1e-9)  # at a seam of two cells either is right


def test_rows_see_the_floor_and_the_ceiling_where_these_are_nearer(mazes: Mazes, places: Floats) -> None:
    view = camera(8, 7, 90)
    poses = places[:200]
    frames = drawn(mazes, np.zeros(len(poses), int), poses, view, ids=True)
    horizon = frames.depth[:, 3]
    for row in range(7):
        down = abs(row - 3) / view.focal
        ground = 0.5 / down if down else np.inf
        np.testing.assert_allclose(frames.depth[:, row], np.minimum(horizon, ground), rtol=1e-6)
        other = FLOOR if row > 3 else CEILING
        assert (frames.ids[:, row] == np.where(horizon <= np.float32(ground), WALL, other)).all()


def test_frames_depend_on_nothing_but_the_pose(mazes: Mazes, places: Floats) -> None:
    view = camera(84, 84, 90)
    which = np.zeros(16, int)
    together = drawn(mazes, which, places[:16], view)
    shared = drawn(mazes, which, places[:16], view, threads=3)
    alone = [drawn(mazes, which[:1], places[k : k + 1], view) for k in range(16)]
    for name in ("image", "depth", "cells"):
        assert np.array_equal(getattr(together, name), getattr(shared, name))
        assert np.array_equal(getattr(together, name), np.concatenate([getattr(each, name) for each in alone]))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (85, 63), (160, 120)])
@pytest.mark.parametrize("angle", [20, 90, 150])
def test_any_size_and_angle_sees_the_same_world(
    layout: Layout, mazes: Mazes, places: Floats, size: tuple[int, int], angle: float
) -> None:
    view = camera(*size, angle)
    frames = drawn(mazes, np.zeros(20, int), places[:20], view)
    along = rays(view, places[:20]).reshape(-1, 2)
    walls = entered(layout, np.repeat(places[:20, :2], size[0], axis=0), along).min(axis=1).reshape(20, 1, size[0])
    with np.errstate(divide="ignore"):
        ground = 0.5 / np.abs((np.arange(size[1]) + 0.5 - size[1] / 2) / view.focal)
    np.testing.assert_allclose(frames.depth, np.minimum(walls, ground[:, None]), rtol=1e-5)


def test_euclidean_depth_is_the_length_of_the_way(mazes: Mazes, places: Floats) -> None:
    view = camera(9, 7, 100)
    depth = drawn(mazes, np.zeros(5, int), places[:5], view).depth
    down = (np.arange(7) - 3) / view.focal
    want = depth * np.sqrt(1 + view.across**2 + down[:, None] ** 2)
    np.testing.assert_allclose(euclidean(depth, view), want, rtol=1e-6)


def room(*things: list[float]) -> Mazes:
    """A room of 9 x 9 cells with things in it."""
    grid = np.full((11, 11), material(0, 0), np.uint8)
    grid[1:-1, 1:-1] = 0
    return Mazes(grid[None], np.array(things, float).reshape(1, -1, 9))


def seen(mazes: Mazes, pose: list[float]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]]:
    frames = drawn(mazes, np.zeros(1, int), np.array([pose]), camera(101, 101, 90), ids=True)
    return frames.depth[0], frames.ids[0]


@pytest.mark.parametrize(("kind", "front"), [(BALL, 3.0), (COLUMN, 2.7), (BOX, 2.7)])
def test_things_stand_where_they_are(kind: int, front: float) -> None:
    depth, ids = seen(room([kind, 5, 5, 0.3, 0.3, 0.0, 1.0, 10, 3]), [2.0, 5.0, 0.0])
    assert ids[50, 50] == FIRST_THING
    assert depth[50, 50] == pytest.approx(front)
    assert (depth[ids == FIRST_THING] >= front - 1e-6).all()
    columns = np.flatnonzero((ids == FIRST_THING).any(axis=0))
    assert columns.min() + columns.max() == 100  # it is seen in the middle
    edge = (columns.max() + 0.5 - 50.5) / 50.5  # the tangent at its edge
    true = {BALL: 0.1, COLUMN: 0.3 / math.sqrt(9 - 0.09), BOX: 0.3 / 2.7}[kind]
    assert edge == pytest.approx(true, abs=0.02)


def test_what_is_nearer_hides_what_is_farther_in_any_order() -> None:
    near, far = [COLUMN, 4, 5, 0.2, 0.2, 0.0, 1.0, 10, 3], [BOX, 6, 5, 0.6, 0.6, 0.0, 0.7, 10, 4]
    one, one_ids = seen(room(near, far), [2.0, 5.0, 0.0])
    other, other_ids = seen(room(far, near), [2.0, 5.0, 0.0])
    assert np.array_equal(one, other)
    assert np.array_equal(one_ids == FIRST_THING, other_ids == FIRST_THING + 1)
    assert {FIRST_THING, FIRST_THING + 1} <= set(one_ids.ravel().tolist())


def test_what_is_behind_a_wall_or_the_camera_is_not_seen() -> None:
    grid = room([BALL, 8, 5, 0.3, 0.3, 0.0, 0.6, 10, 3])
    grid.grids[0, :, 6] = material(0, 0)
    assert not (seen(grid, [2.0, 5.0, 0.0])[1] >= FIRST_THING).any()
    assert not (seen(room([BALL, 1.5, 5, 0.3, 0.3, 0.0, 0.6, 10, 3]), [2.0, 5.0, 0.0])[1] >= FIRST_THING).any()


def test_what_is_left_and_right_near_and_far_is_told_by_its_colour() -> None:
    mazes = room()
    grid = mazes.grids[0]
    grid[-1, :], grid[0, :], grid[:, -1] = material(7, 2), material(7, 10), material(7, 6)  # red, blue, green
    image = drawn(mazes, np.zeros(1, int), np.array([[7.0, 5.5, 0.0]]), camera(90, 60, 120)).image[0].astype(int)
    left, ahead, right = image[28:32, 5].mean(axis=0), image[28:32, 45].mean(axis=0), image[28:32, -5].mean(axis=0)
    assert (left.argmax(), ahead.argmax(), right.argmax()) == (0, 1, 2)
    near = drawn(mazes, np.zeros(1, int), np.array([[8.0, 5.5, 0.0]]), camera(9, 9, 20)).image.mean()
    far = drawn(mazes, np.zeros(1, int), np.array([[1.5, 5.5, 0.0]]), camera(9, 9, 20)).image.mean()
    assert far < 0.9 * near
    assert len(np.unique(image[20:40, 40:50].reshape(-1, 3), axis=0)) > 5  # patterns


@pytest.mark.parametrize(
    ("pose", "which"), [((50.0, 50.0, 0.0), 0), ((5.0, 5.0, 0.0), 7), ((math.nan, 5.0, 0.0), 0), ((0.5, 0.5, 0.0), 0)]
)
def test_cameras_in_walls_or_nowhere_are_refused(pose: tuple[float, ...], which: int) -> None:
    with pytest.raises(PhysimError, match=r"pose 1 is .* wanted one in a free cell"):
        drawn(room(), np.array([0, which]), np.array([(5.0, 5.0, 0.0), pose]), camera(8, 8, 90))
    assert drawn(room(), np.zeros(0, int), np.zeros((0, 3)), camera(8, 8, 90)).image.shape == (0, 8, 8, 3)


def test_cameras_that_see_nothing_are_refused() -> None:
    with pytest.raises(PhysimError, match="width must be"):
        camera(0, 84, 90)
    with pytest.raises(PhysimError, match="field_of_view must be from 1 to 170 degrees, got 180"):
        camera(84, 84, 180)
