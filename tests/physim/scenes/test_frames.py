from __future__ import annotations

import pymunk
import pytest
import torch

from physim.scenes.frames import placed, rotated

ANGLE = torch.tensor([0.3, -2.0], dtype=torch.float64)


def test_vectors_turn_as_pymunk_turns_them() -> None:
    vectors = torch.tensor([[3.0, 4.0], [-1.0, 0.5]], dtype=torch.float64)
    for turned, vector, angle in zip(rotated(vectors, ANGLE).tolist(), vectors.tolist(), ANGLE.tolist(), strict=True):
        assert turned == pytest.approx(pymunk.Vec2d(*vector).rotated(angle))


def test_points_of_bodies_lie_where_pymunk_says() -> None:
    pos = torch.tensor([[1.0, 2.0], [5.0, -3.0]], dtype=torch.float64)
    points = torch.tensor([[0.5, 0.1], [0.0, 0.2], [-0.3, 0.4]], dtype=torch.float64)
    bodies = [pymunk.Body(1, 1), pymunk.Body(1, 1)]
    for body, place, angle in zip(bodies, pos.tolist(), ANGLE.tolist(), strict=True):
        body.position, body.angle = place, angle
    owner = torch.tensor([1, 0, 1])
    wanted = [bodies[body].local_to_world(point) for body, point in zip([1, 0, 1], points.tolist(), strict=True)]
    torch.testing.assert_close(placed(points, owner, pos, ANGLE), torch.tensor(wanted, dtype=torch.float64))


def test_centres_are_their_bodies_positions_to_the_last_bit() -> None:
    pos, angle = torch.randn(5, 4, 2, dtype=torch.float64), torch.full((5, 4), torch.nan, dtype=torch.float64)
    owner = torch.tensor([3, 0])
    assert torch.equal(placed(torch.zeros(2, 2), owner, pos, angle), pos[:, owner])
