from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pymunk
import pytest
import torch

from physim.engines.base import Engine, Floats
from physim.engines.contract import check_engine
from physim.engines.hybrid import HybridEngine
from physim.engines.hybrid_contacts import HybridContactsEngine
from physim.engines.hybrids import Hybrid
from physim.engines.learned import LearnedEngine
from physim.engines.named import engine_named
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.forces import Gravity
from physim.scenes.scene import CORNER_FIELDS, OBJECT_FIELDS, PIN, POINT, SCENE_FIELDS, Scene
from physim.scenes.spaces import scene_of
from worlds import Balls, NBody, Playground, Strings

Falling = Callable[..., LearnedEngine]


def stack(boxes: int = 5) -> Scene:
    """Boxes on one another, on a floor, in pixels."""
    space = pymunk.Space()
    space.gravity = 0, 900
    for number in range(boxes):
        body = pymunk.Body(1, pymunk.moment_for_box(1, (40, 40)))
        body.position = 0, -20 - 40 * number
        shape = pymunk.Poly.create_box(body, (40, 40))
        shape.friction = 0.7
        space.add(body, shape)
    floor = pymunk.Segment(space.static_body, (-300, 5), (300, 5), 5)
    floor.friction = 0.7
    space.add(floor)
    return scene_of(space)


def discs_that_attract() -> tuple[Scene, Gravity]:
    """Discs in a box that pull each other together and bounce."""
    rng = np.random.default_rng(0)
    space = pymunk.Space()
    for number in range(6):
        body = pymunk.Body(float(rng.uniform(1, 9)), math.inf)
        body.position = 25.0 * (number % 3) - 25, 25.0 * (number // 3)
        body.velocity = tuple((rng.normal(size=2) * 40).tolist())
        disc = pymunk.Circle(body, 8)
        disc.elasticity = 0.8
        space.add(body, disc)
    corners = [(-50, -25), (50, -25), (50, 50), (-50, 50)]
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        wall = pymunk.Segment(space.static_body, a, b, 1)
        wall.elasticity = 0.8
        space.add(wall)
    return scene_of(space), Gravity(6e4, floor=6.0)


def final_error(engine: Engine, truth: Engine, scene: Scene, steps: int) -> float:
    one, other = (rollout(item, scene, steps).pos[-1] for item in (engine, truth))
    return float((one - other).norm(dim=-1).max())


def test_learned_gravity_is_as_good_as_pymunks_own_in_a_stack(falling: Falling) -> None:
    hybrid = HybridEngine(falling(), PymunkEngine(1 / 60, substeps=2))
    assert final_error(hybrid, PymunkEngine(1 / 60, substeps=2), stack(), steps=300) < 1e-6
    pos = rollout(hybrid, stack(), 600).pos
    assert float((pos[-1] - pos[0]).norm(dim=-1).max()) < 2.0


def test_without_its_learned_part_nothing_falls(falling: Falling) -> None:
    trajectory = rollout(HybridEngine(falling(), silenced=True), stack(), 60)
    assert float(trajectory.vel[-1].norm(dim=-1).max()) < 1.0  # the stack is pushed apart by the slop at most


def test_the_share_is_that_of_the_learned_impulses(falling: Falling) -> None:
    hybrid = HybridEngine(falling())
    assert math.isnan(hybrid.impulses.share)
    state = hybrid.start(stack(1))
    for _ in range(300):
        state = hybrid.step(state)
    assert hybrid.impulses.learned == pytest.approx(300 * 900 / 60)
    assert hybrid.impulses.share == pytest.approx(0.5, abs=1e-3)  # the floor gives as much as gravity
    in_the_air = HybridEngine(falling())
    in_the_air.driven(in_the_air.start(stack(1).moved(gravity=torch.tensor([[3.0, -4.0]]).double())), *push(2))
    assert (in_the_air.impulses.learned, in_the_air.impulses.share) == (pytest.approx(5 / 60), pytest.approx(1.0))


def push(objects: int) -> tuple[Floats, Floats]:
    return np.tile([2.0, -7.0], (objects, 1)), np.zeros(objects)


def test_a_force_is_solved_with_the_contacts_as_by_pymunk(falling: Falling) -> None:
    engines = HybridEngine(falling()), PymunkEngine(1 / 60)
    states = [engine.start(stack()) for engine in engines]
    force, torque = np.tile([300.0, 200.0], (6, 1)), np.full(6, 50.0)
    for _ in range(60):
        states = [engine.driven(state, force, torque) for engine, state in zip(engines, states, strict=True)]
    assert np.abs(states[0].pos - states[1].pos).max() < 1e-4
    assert np.abs(states[0].pos - stack().pos.numpy()).max() > 100


def test_points_under_pair_forces_move_as_by_the_learned_engine_alone() -> None:
    world = NBody(bodies=5)
    scene = Scene.batch_of(world.scenes(3, 2))
    assert final_error(engine_named("hybrid", world), LearnedEngine.load("nbody"), scene, 200) < 1e-9


def test_weights_for_points_pull_discs_that_pymunk_lets_bounce() -> None:
    scene, forces = discs_that_attract()
    truth, hybrid = PymunkEngine(1e-3, forces=forces), HybridEngine(LearnedEngine.load("nbody"))
    check_engine(hybrid, scene)
    error = final_error(hybrid, truth, scene, 600)
    without = final_error(HybridEngine(LearnedEngine.load("nbody"), silenced=True), truth, scene, 600)
    assert error < 0.05 * without
    assert 0.1 < hybrid.impulses.share < 0.95
    walls = (scene.inverse_mass == 0).numpy()
    assert np.array_equal(rollout(hybrid, scene, 5).pos[-1][walls], scene.pos[walls])


@pytest.mark.parametrize("substeps", [1, 3])
def test_learned_springs_hang_as_pymunks(substeps: int) -> None:
    world = Strings(pins=1, substeps=substeps)
    scene = world.scene(90_001)
    hybrid = engine_named("hybrid", world)
    assert isinstance(hybrid, HybridEngine)
    silenced = HybridEngine(LearnedEngine.load("strings"), PymunkEngine(world.dt, substeps), silenced=True)
    error = final_error(hybrid, world.engine(), scene, 500)
    assert error < 0.01 * final_error(silenced, world.engine(), scene, 500)


@pytest.mark.parametrize(("name", "kind"), [("balls", HybridContactsEngine), ("strings", HybridEngine)])
def test_several_steps_of_the_graph_make_one_of_the_engine(name: str, kind: type[Hybrid]) -> None:
    fine = LearnedEngine.load(name)
    coarse = LearnedEngine(fine.graph, replace(fine.terms, dt=2 * fine.dt, steps=2))
    scene = {"balls": Balls(balls=4), "strings": Strings()}[name].scene(90_001)
    one, other = kind(fine, PymunkEngine(fine.dt, 2)), kind(coarse, PymunkEngine(coarse.dt, 4))
    slow = scene.moved(dt=torch.tensor([coarse.dt], dtype=torch.float64))
    assert torch.equal(rollout(other, slow, 90).pos, rollout(one, scene, 180).pos[::2])
    assert other.impulses.share == one.impulses.share


def test_weights_without_free_motion_leave_all_to_pymunk() -> None:
    world = Balls(balls=4)
    hybrid = engine_named("hybrid", world)
    assert final_error(hybrid, world.engine(), world.scene(90_001), 300) == 0.0
    assert isinstance(hybrid, HybridEngine)
    assert hybrid.impulses.share == 0.0


def joined_bodies(collide: bool, anchor: float = 0.0) -> Scene:
    """Two discs that overlap, on a spring that pulls them together."""
    space = pymunk.Space()
    for x in (-0.1, 0.1):
        body = pymunk.Body(1, 1)
        body.position = x, 0
        space.add(body, pymunk.Circle(body, 0.2))
    spring = pymunk.DampedSpring(*space.bodies, (0, anchor), (0, anchor), 0.01, 50, 0)
    spring.collide_bodies = collide
    space.add(spring)
    return scene_of(space)


def test_what_a_learned_spring_lets_pass_still_passes(falling: Falling) -> None:
    engine = falling(relations=("pairs", "springs"))
    for collide in (False, True):
        pos = rollout(HybridEngine(engine), joined_bodies(collide), 30).pos
        assert bool(torch.equal(pos[-1], pos[0])) != collide


def test_a_spring_that_the_graph_cannot_read_stays_pymunks(falling: Falling) -> None:
    engine, scene = falling(relations=("pairs", "springs")), joined_bodies(False, anchor=0.1)
    assert final_error(HybridEngine(engine), PymunkEngine(1 / 60), scene, 60) < 1e-12
    scene = joined_bodies(False)
    assert final_error(HybridEngine(falling()), PymunkEngine(1 / 60), scene, 60) < 1e-12


def test_a_scene_of_a_batch_starts_anew_while_the_others_rest(falling: Falling) -> None:
    engine = HybridEngine(falling())
    state, plain = (engine.start(Scene.batch_of([stack(2), stack(2)])) for _ in range(2))
    for step in range(40):
        state, plain = engine.step(state), engine.step(plain)
        if step == 20:
            state = engine.restarted(state, {1: stack(2)})
    rows = slice(3)
    assert np.array_equal(state.pos[rows], plain.pos[rows])
    alone = engine.start(stack(2))
    for _ in range(19):
        alone = engine.step(alone)
    assert np.array_equal(state.pos[3:], alone.pos)


def test_a_scene_that_leaves_the_finite_numbers_stops_no_other() -> None:
    world = NBody(bodies=3)
    engine = engine_named("hybrid", world)
    state = engine.start(Scene.batch_of(world.scenes(3, 2)))
    alone = engine.start(world.scene(3, 1))
    broken = np.zeros((6, 2))
    broken[1] = math.inf
    state = engine.pushed(state, broken)
    for _ in range(3):
        state, alone = engine.step(state), engine.step(alone)
    assert not np.isfinite(state.pos[1]).any()
    assert np.allclose(state.pos[3:], alone.pos)


def test_a_stack_stands_while_other_bodies_come(falling: Falling) -> None:
    engine, boxes = HybridEngine(falling()), 3
    state = engine.start(stack(boxes))
    for step in range(120):
        if step % 10 == 0:
            state = engine.altered(state, *with_a_body_more(state.scene))
        state = engine.step(state)
    assert len(state.pos) == boxes + 1 + 12
    assert np.abs(state.pos[:boxes] - stack(boxes).pos[:boxes].numpy()).max() < 1.0


def with_a_body_more(scene: Scene) -> tuple[Scene, list[int]]:
    """A scene with a point far away, and where its objects come from."""
    count = scene.num_bodies
    fields = {name: torch.cat([scene[name], scene[name][:1]]) for name in OBJECT_FIELDS}
    fields["pos"][-1], fields["shape"][-1] = torch.tensor([1e4 * count, 0.0]), POINT
    rest = {name: scene[name] for name in (*CORNER_FIELDS, *SCENE_FIELDS)}
    return Scene.of(**fields, **rest), [*range(count), -1]


def test_what_does_not_fit_is_refused(falling: Falling) -> None:
    with pytest.raises(PhysimError, match="a hybrid wants weights whose graph has a node 'free'"):
        HybridEngine(LearnedEngine.load("nbody_paper"))
    with pytest.raises(PhysimError, match=r"dt: these weights take steps of 0.001 s, pymunk's are 0.01 s"):
        HybridEngine(LearnedEngine.load("nbody"), PymunkEngine(0.01))
    with pytest.raises(PhysimError, match=r"damping: these weights were trained with 1, the scene's is 0.5"):
        HybridEngine(falling()).start(stack().moved(damping=torch.tensor([0.5]).double()))
    with pytest.raises(PhysimError, match=r"columns: these weights read \['charge'\]"):
        HybridEngine(LearnedEngine.load("charges")).start(stack())
    engine = HybridEngine(falling())
    state = engine.start(stack())
    engine.step(state)
    with pytest.raises(PhysimError, match="stepped before"):
        engine.step(state)


def test_joints_that_the_graph_solves_with_contacts_stay_pymunks() -> None:
    """The network of rigid bodies has no joints in its free motion."""
    world = Playground(joints=1.0)
    scene = next(scene for scene in world.scenes(5, 20) if bool((scene.edge_kind == PIN).any()))
    motion = rollout(HybridEngine(LearnedEngine.load("playground"), PymunkEngine(world.dt, world.substeps)), scene, 30)
    pins = scene.edge_kind == PIN
    one, other = scene.held_at(pins, motion.pos, motion.angle)
    lengths = (one - other).norm(dim=-1)
    torch.testing.assert_close(lengths, scene.edge_attr[pins, 0].expand_as(lengths), rtol=0.02, atol=0.5)
