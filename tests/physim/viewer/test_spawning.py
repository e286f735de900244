from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch

from physim.contact_measures import penetration
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.scene import CIRCLE, POINT, POLYGON, Scene
from physim.scenes.spaces import scene_of
from physim.viewer.bodies import LABEL
from physim.viewer.playback import Playback
from physim.viewer.simulation import Simulation
from physim.viewer.spawning import KINDS, like_neighbours, reach_of, size_of, spawn
from physim.worlds import world as as_world
from worlds.balls import Balls
from worlds.nbody import NBody

Alone = Callable[..., Playback]


@as_world(dt=1 / 60)
def yard(rng: np.random.Generator) -> pymunk.Space:
    """Three balls far from one another."""
    space = pymunk.Space()
    for number in range(3):
        ball = pymunk.Body(1.0, 1.0)
        ball.position = 5.0 * number, 0.0
        space.add(ball, pymunk.Circle(ball, 0.4))
    return space


@as_world(dt=1 / 60)
def tight(rng: np.random.Generator) -> pymunk.Space:
    """A box with one ball that nearly fills it."""
    space = pymunk.Space()
    ball = pymunk.Body(1.0, 1.0)
    space.add(ball, pymunk.Circle(ball, 0.9))
    for first, second in [((-1, -1), (1, -1)), ((1, -1), (1, 1)), ((1, 1), (-1, 1)), ((-1, 1), (-1, -1))]:
        space.add(pymunk.Segment(space.static_body, first, second, 0.3))
    return space


def scene(turning: bool = True) -> Scene:
    """A plank with friction at 0, a ball at 10."""
    space = pymunk.Space()
    for place in (0.0, 10.0):
        body = pymunk.Body(2.0 + place, 3.0 if turning else math.inf)
        body.position, body.velocity = (place, 1.0), (4.0, 5.0)
        shape = pymunk.Circle(body, 0.5) if place else pymunk.Poly.create_box(body, (2.0, 0.5))
        shape.friction, shape.elasticity = 0.1 + place, 0.3
        space.add(body, shape)
    read = scene_of(space)
    return read.moved(**{LABEL: torch.arange(2, dtype=torch.float64)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("near", [0, 1])
def test_a_new_body_has_the_mass_area_and_surface_of_its_neighbour_and_is_at_rest(kind: str, near: int) -> None:
    around = scene()
    body = like_neighbours(around, kind, np.array([10.0 * near + 1.0, 2.0]), 7)
    for name in ("mass", "friction", "elasticity"):
        assert torch.equal(body[name], around[name][near : near + 1])
    assert size_of(body, 0) == pytest.approx(size_of(around, near))
    assert body.shape.item() == (CIRCLE if kind == "circle" else POLYGON)
    assert (body[LABEL].item(), body.vel.abs().max().item()) == (7, 0)
    made = pymunk.Body(1, 1)
    shape = pymunk.Circle(made, body.radius.item()) if kind == "circle" else pymunk.Poly(made, body.corner.tolist())
    shape.mass = body.mass.item()
    assert body.moment.item() == pytest.approx(shape.moment)


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_turns_the_new_body_does_not_either(kind: str) -> None:
    assert like_neighbours(scene(turning=False), kind, np.zeros(2), 2).moment.isinf().all()


def test_among_points_it_is_a_point_with_their_columns() -> None:
    points = NBody(bodies=3).scene(0)
    body = like_neighbours(points.moved(charge=points.mass, **{LABEL: points.mass}), "box", points.pos[2].numpy(), 3)
    assert (body.shape.item(), body.charge.item()) == (POINT, points.mass[2].item())
    assert reach_of(body) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_body_is_in_all_panels_and_in_nothing(kind: str, alone: Alone) -> None:
    simulation = alone(yard(), panels=3).simulation
    simulation.advance(5)
    label = spawn(simulation, "truth 2", kind, simulation.truth.state.pos[1] + np.array([0.6, 0.0]))
    for run in simulation.runs.values():
        assert run.body_labelled(label) == run.bodies.count - 1
        assert penetration(rollout(run.engine, run.state.scene, 1))[0].max() < 1e-9
    assert simulation.count == 4
    assert simulation.comparison.position_error("truth 3") == 0


def test_without_room_nothing_is_added(alone: Alone) -> None:
    simulation = alone(tight()).simulation
    with pytest.raises(PhysimError, match="no room for a circle"):
        spawn(simulation, "truth", "circle", np.array([0.1, 0.0]))
    assert simulation.count == 1


def test_a_body_that_one_engine_refuses_is_added_to_none(simulation: Simulation) -> None:
    simulation.truth.engine = Balls(balls=2).engine()  # takes circles, and the vectorised one beside it does not
    before = [run.state for run in simulation.runs.values()]
    body = like_neighbours(simulation.truth.state.scene, "circle", np.zeros(2), 9)
    with pytest.raises(PhysimError, match=r"panel learned refuses: .* points only"):
        simulation.add(body.moved(shape=torch.tensor([CIRCLE]), radius=torch.ones(1, dtype=torch.float64)))
    assert [run.state for run in simulation.runs.values()] == before
