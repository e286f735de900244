from __future__ import annotations

from collections.abc import Callable

import pymunk
import pytest
import torch

from physim.errors import PhysimError
from physim.scenes.editing import with_body, without
from physim.scenes.scene import PAIR, SPRING, Scene
from physim.scenes.spaces import scene_of, space_of

SEEDS = range(6)


def same(first: Scene, second: Scene) -> bool:
    """Whether two scenes hold the same bytes."""
    names = set(first.keys())
    return names == set(second.keys()) and all(
        first[name].dtype == second[name].dtype
        and first[name].shape == second[name].shape
        and first[name].numpy().tobytes() == second[name].numpy().tobytes()
        for name in names
    )


def shuffled(scene: Scene) -> Scene:
    """The same scene with its pairs in another order."""
    pairs, links = (scene.edge_kind == PAIR).nonzero().ravel(), (scene.edge_kind != PAIR).nonzero().ravel()
    order = torch.cat([links, pairs.flip(0)])
    fields = {name: scene[name][order] for name in ("edge_kind", "edge_attr", "edge_anchor")}
    return scene.moved(edge_index=scene.edge_index[:, order], **fields)


def crate(x: float = 5.0) -> tuple[pymunk.Body, pymunk.Shape]:
    body = pymunk.Body(2.0, 3.0)
    body.position, body.velocity, body.angle = (x, 1.0), (0.3, -2.0), 0.4
    shape = pymunk.Poly.create_box(body, (1.0, 0.5), 0.02)
    shape.friction = 0.7
    return body, shape


def one_crate() -> Scene:
    space = pymunk.Space()
    space.add(*crate())
    return scene_of(space)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("order", [lambda scene: scene, shuffled], ids=["as read", "shuffled"])
def test_a_body_added_and_removed_leaves_the_same_bytes(
    seed: int, order: Callable[[Scene], Scene], random_space: Callable[..., pymunk.Space]
) -> None:
    scene = order(scene_of(random_space(seed)))
    more = with_body(scene, one_crate())
    assert more.num_bodies == scene.num_bodies + 1
    assert same(without(more, scene.num_bodies), scene)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_body_added_to_a_scene_is_a_body_added_to_its_space(
    seed: int, random_space: Callable[..., pymunk.Space]
) -> None:
    space = random_space(seed, joints=0)
    space.remove(*space.static_body.shapes)  # the shapes of static_body stand behind all bodies
    more = with_body(scene_of(space), one_crate())
    space.add(*crate())
    assert same(more, scene_of(space))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_is_what_a_space_without_the_body_holds(
    seed: int, random_space: Callable[..., pymunk.Space]
) -> None:
    scene = scene_of(random_space(seed))
    for number in (0, 1, scene.num_bodies - 1):
        space = space_of(scene)
        body = list(space.bodies)[number]
        space.remove(body, *body.shapes, *body.constraints)
        fewer = scene_of(space)
        left = without(scene, number)
        assert torch.equal(left.pos, fewer.pos)
        assert torch.equal(left.corner_index, fewer.corner_index)
        assert torch.equal(left.edge_index, fewer.edge_index)
        assert torch.equal(left.edge_anchor, fewer.edge_anchor)


def test_removing_the_middle_of_a_chain_keeps_the_other_links_whole() -> None:
    index = torch.tensor([[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]])
    chain = Scene.of(
        torch.arange(8.0).reshape(4, 2),
        torch.zeros(4, 2),
        torch.ones(4),
        charge=torch.tensor([1.0, 2.0, 3.0, 4.0]),
        edge_index=index,
        edge_kind=torch.full((6,), SPRING),
    )
    left = without(chain, 1)
    assert left.charge.tolist() == [1.0, 3.0, 4.0]
    assert left.edge_index.tolist() == [[1, 2], [2, 1]]


def test_shapes_of_the_new_bodys_group_are_no_pairs_with_it() -> None:
    body = one_crate()
    scene = with_body(one_crate().moved(group=torch.tensor([3])), body.moved(group=torch.tensor([3])))
    assert scene.edge_index.shape[1] == 0
    assert with_body(scene, body).edge_index.shape[1] == 4


def test_what_does_not_fit_is_refused_by_name() -> None:
    scene = one_crate()
    with pytest.raises(PhysimError, match="one object, got 2"):
        with_body(scene, with_body(scene, scene))
    with pytest.raises(PhysimError, match="charge"):
        with_body(scene.moved(charge=torch.ones(1)), scene)
    with pytest.raises(PhysimError, match="1 objects, from 0 on, got 1"):
        without(scene, 1)
    with pytest.raises(PhysimError, match="batch of 2"):
        without(Scene.batch_of([scene, scene]), 0)
