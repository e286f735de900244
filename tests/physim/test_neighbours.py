from __future__ import annotations

import numpy as np
import pymunk
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from physim import neighbours
from physim.errors import PhysimError
from physim.neighbours import Neighbours, may_touch
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of


def all_boxes(low: Tensor, high: Tensor, owners: Tensor, allowed: Tensor) -> Tensor:
    """The pairs that overlap, by comparing all of them."""
    finite = (low.isfinite() & high.isfinite()).all(dim=1)
    overlap = ((low[:, None] <= high) & (low <= high[:, None])).all(dim=-1)
    overlap &= (owners[:, None] == owners) & finite[:, None] & finite & allowed
    return overlap.triu(1).nonzero().T


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=5), seed=st.integers(0, 10**6),
    speed=st.sampled_from([0.0, 0.02, 0.3, 5.0]), spread=st.sampled_from([3.0, 10.0]),
    offset=st.sampled_from([0.0, 1e9]),
)  # fmt: skip
def test_what_is_found_is_what_comparing_all_boxes_finds(
    counts: list[int], seed: int, speed: float, spread: float, offset: float
) -> None:
    """Of bodies of mixed sizes in scenes of mixed sizes that move, jump, grow and get lost; of pairs that may touch."""
    rng = np.random.default_rng(seed)
    owners = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    count = len(owners)
    allowed = torch.from_numpy(rng.random((count, count)) < 0.9)
    search = Neighbours(owners, lambda first, second: allowed.numpy()[first, second])
    size = rng.choice([0.0, 0.1, 0.5, 20.0], (count, 2), p=[0.1, 0.5, 0.35, 0.05])
    pos, vel = offset + spread * rng.normal(size=(count, 2)), speed * rng.normal(size=(count, 2))
    for _ in range(12):
        pos = pos + vel
        jumps = rng.random(count) < 0.02
        pos[jumps] = offset + spread * rng.normal(size=(int(jumps.sum()), 2))
        size = size * np.where(rng.random((count, 1)) < 0.05, 1.3, 1.0)
        shown = pos.copy()
        shown[rng.random((count, 2)) < 0.01] = rng.choice([np.nan, np.inf, -np.inf, 1e308])
        low, high = torch.from_numpy(shown - size), torch.from_numpy(shown + size)
        assert torch.equal(search.pairs(low, high), all_boxes(low, high, owners, allowed))


def test_boxes_that_only_touch_are_found_and_a_little_later_no_more() -> None:
    low = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 1.0], [5.0, 2.0]]).double()
    search = Neighbours(torch.zeros(4, dtype=torch.int64), lambda first, second: first >= 0)
    assert search.pairs(low, low + 1).tolist() == [[0, 2], [1, 3]]
    low[1, 0] += 1e-15
    assert search.pairs(low, low + 1).tolist() == [[2], [3]]


def crossings(step: float, calls: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often candidates were looked for while 100 boxes move by a step between calls."""
    sweeps: list[int] = []
    sweep = neighbours._sweep
    monkeypatch.setattr(neighbours, "_sweep", lambda *given: sweeps.append(1) or sweep(*given))
    rng = np.random.default_rng(0)
    pos, way = 10 * rng.random((100, 2)), rng.normal(size=(100, 2))
    way = step * way / np.linalg.norm(way, axis=1)[:, None]
    search = Neighbours(torch.zeros(100, dtype=torch.int64), lambda first, second: first >= 0)
    for call in range(calls):
        low = torch.from_numpy(pos + call * way)
        search.pairs(low, low + 1)
    monkeypatch.undo()
    return len(sweeps)


def test_a_list_serves_as_long_as_bodies_stay_near_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    assert crossings(0.0, 50, monkeypatch) == 1
    assert crossings(0.01, 70, monkeypatch) == 2
    assert crossings(0.1, 50, monkeypatch) < 10
    assert crossings(3.0, 50, monkeypatch) <= 50


def test_a_lost_body_costs_no_new_list(monkeypatch: pytest.MonkeyPatch) -> None:
    low = torch.randn(20, 2, dtype=torch.float64)
    search = Neighbours(torch.zeros(20, dtype=torch.int64), lambda first, second: first >= 0)
    search.pairs(low, low + 1)
    monkeypatch.setattr(neighbours, "_sweep", None)
    low[3] = torch.nan
    assert 3 not in search.pairs(low, low + 1)


def scene_with_groups_and_joints() -> Scene:
    """Six discs on one heap; 0 and 1 of one group, 2 static, 3 kinematic, a joint lets 4 pass 5; 6 has no shape."""
    space = pymunk.Space()
    kinds = [pymunk.Body.DYNAMIC] * 7
    kinds[2], kinds[3] = pymunk.Body.STATIC, pymunk.Body.KINEMATIC
    bodies = [pymunk.Body(1, 1, body_type=kind) for kind in kinds]
    space.add(*bodies)
    for number, body in enumerate(bodies[:6]):
        shape = pymunk.Circle(body, 1.0)
        shape.filter = pymunk.ShapeFilter(group=5 if number < 2 else 0)
        space.add(shape)
    joint = pymunk.PinJoint(bodies[5], bodies[4])
    joint.collide_bodies = False
    space.add(joint, pymunk.PinJoint(bodies[0], bodies[4]))
    return scene_of(space)


def test_only_what_may_touch_is_found() -> None:
    scene = scene_with_groups_and_joints()
    batch = Scene.batch_of([scene, scene])
    search = Neighbours.of(batch)
    low = torch.zeros(14, 2, dtype=torch.float64)
    kept = {(0, 1), (2, 3), (4, 5)}
    wanted = [(a, b) for a in range(6) for b in range(a + 1, 6) if (a, b) not in kept]
    wanted += [(a + 7, b + 7) for a, b in wanted]
    assert search.pairs(low, low + 1).T.tolist() == [list(pair) for pair in wanted]
    first, second = np.triu_indices(7, 1)
    assert may_touch(scene)(first, second).sum() == len(wanted) / 2


def test_boxes_that_are_no_boxes_of_these_bodies_are_refused() -> None:
    search = Neighbours(torch.zeros(3, dtype=torch.int64), lambda first, second: first >= 0)
    with pytest.raises(PhysimError, match=r"shapes \(2, 2\) and \(3, 2\), wanted \(3, 2\)"):
        search.pairs(torch.zeros(2, 2), torch.zeros(3, 2))
