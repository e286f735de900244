"""The truth and what is compared with it, in lock-step; it knows nothing of windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, final

import torch

from physim.engines.base import Engine
from physim.errors import PhysimError
from physim.scenes.editing import with_body, without
from physim.scenes.scene import Scene
from physim.viewer.bodies import LABEL
from physim.viewer.comparison import Comparison
from physim.viewer.dragging import Drag
from physim.viewer.run import Run
from physim.viewer.settings import MOST_PANELS
from physim.viewer.snapshots import MOST, Kept, Snapshot
from physim.worlds import World

TRUTH, LEARNED = "truth", "learned"
COUNTS = ("bodies", "balls", "masses")
"""What worlds call the parameter that is the number of their bodies."""
MOST_USUAL = 4

Make = Callable[[str, World], Engine[Any]]
"""What makes the engine of a world by its name, as `engine_named` does."""


def usual_steps(dt: float) -> int:
    """How many steps a frame takes where nobody says: real time at 60 frames/s, or slower where that is many steps."""
    return min(MOST_USUAL, max(1, round(1 / (60 * dt))))


@final
class Simulation:
    """Runs of one world from the same scene, each in a panel of its own; the truth runs always, be it shown or not.

    `runs` are known by their titles, of which `panels` names those that have a panel, from left to right.
    Raises: PhysimError where the world or an engine refuses what it is first given.
    """

    def __init__(self, world: World, engines: Sequence[str], make: Make, seed: int) -> None:
        self.world, self.seed = world, seed
        self._make, self._places, self._labels = make, count(), 0
        self.runs: dict[str, Run] = {}
        self.panels: list[str] = []
        self.snapshots: list[Snapshot] = []
        self.selected: Snapshot | None = None
        self.comparison = Comparison(self.runs, TRUTH, world.dt)
        scene = self._scene(seed)
        self._begin(TRUTH, make(TRUTH, world), Kept(scene, 0))
        for name in engines:
            self.panels.append(TRUTH if name == TRUTH and TRUTH not in self.panels else self._opened(name))

    @property
    def truth(self) -> Run:
        """The run that all others are measured against."""
        return self.runs[TRUTH]

    @property
    def step(self) -> int:
        """How many steps the truth has taken since the world began."""
        return self.truth.clock

    def advance(self, steps: int, drags: Sequence[Drag] = ()) -> None:
        """Take steps, all runs together, with bodies in the user's hand or without."""
        stride = usual_steps(self.world.dt)
        for _ in range(steps):
            for drag in drags:
                drag.carry(self.world.dt)
            for run in self.runs.values():
                run.step()
                if run.clock % stride == 0:
                    run.trail.append(run.state.pos)
        for drag in drags:
            self.comparison.count_anew(drag.run)
        self.comparison.after(steps)

    def reset(self, seed: int) -> None:
        """Start all runs from the scene of a seed."""
        scene = self._scene(seed)
        self.seed = seed
        for run in self.runs.values():
            run.start(scene)
        self.comparison.begin()

    def resynchronise(self) -> None:
        """Put all runs where the truth is now."""
        for run in self.runs.values():
            if run is not self.truth:
                run.start(self.truth.state.scene, self.step)

    def set_bodies(self, bodies: int) -> None:
        """Start anew with another number of bodies, where the world has them as a parameter, and without snapshots."""
        if bodies < 1:
            raise PhysimError(f"{self.kind} must be above 0, got {bodies}")
        changed: dict[str, Any] = {self.kind: bodies}
        world = replace(self.world, **changed)
        engines = {name: self._make(name, world) for name in {run.name for run in self.runs.values()}}
        engines[TRUTH].start(world.scene(self.seed))
        self.world, self.snapshots, self.selected = world, [], None
        for run in self.runs.values():
            run.engine = engines[run.name]
        self.reset(self.seed)

    def open(self, name: str) -> None:
        """A new panel of an engine by its name, which joins where the truth is now."""
        self._check_room()
        self.panels.append(self._opened(name))

    def close(self, title: str) -> None:
        """Close a panel; the last one stays."""
        if len(self.panels) == 1:
            raise PhysimError("the last panel stays open")
        self.panels.remove(title)
        if title != TRUTH:
            del self.runs[title]

    def keep(self) -> None:
        """Keep the state of all runs."""
        kept = {title: Kept(run.state.scene, run.clock) for title, run in self.runs.items()}
        self.selected = Snapshot(self.seed, kept)
        self.snapshots = [*self.snapshots, self.selected][-MOST:]

    def restore(self, snapshot: Snapshot) -> None:
        """Bring back all runs that a snapshot holds."""
        self.seed, self.selected = snapshot.seed, snapshot
        for title, kept in snapshot.kept.items():
            if title in self.runs:
                self.runs[title].start(*kept)
        self.comparison.go_on(self.step)

    def branch(self, title: str, snapshot: Snapshot | None = None) -> str:
        """A new panel of a run's engine beside it, from a snapshot or from now; gives its title."""
        self._check_room()
        run = self.runs[title]
        if snapshot is not None and title not in snapshot.kept:
            raise PhysimError(f"the panel {title} is younger than the snapshot: keep the state anew")
        kept = Kept(run.state.scene, run.clock) if snapshot is None else snapshot.kept[title]
        branch = self._begin(run.name, run.engine, kept)
        self.panels.insert(self.panels.index(title) + 1, branch)
        return branch

    def new_label(self) -> int:
        """A label that no body has had."""
        self._labels += 1
        return self._labels - 1

    def add(self, body: Scene) -> None:
        """Add a body, the one object of a scene, to all runs; where an engine refuses it, to none."""
        self._edit({title: with_body(run.state.scene, body) for title, run in self.runs.items()})

    def remove(self, label: int) -> None:
        """Remove the body that has a label from all runs where it is; where an engine refuses, from none."""
        scenes = {}
        for title, run in self.runs.items():
            body = run.body_labelled(label)
            if body is None:
                continue
            scenes[title] = without(run.state.scene, body)
            if not bool((scenes[title].inverse_mass > 0).any()):
                raise PhysimError("the last body that can move stays")
        self._edit(scenes)

    @property
    def kind(self) -> str:
        """What the world calls its bodies."""
        return next((name for name in COUNTS if name in self.world.parameters), COUNTS[0])

    @property
    def bodies(self) -> int | None:
        """The world's number of bodies, None where it has no such parameter."""
        return self.world.parameters.get(self.kind)

    @property
    def count(self) -> int:
        """How many bodies there are, those that came and went among them: walls and what else stands still are none."""
        if not self.bodies:  # none, or as many as the world likes
            return int(self.truth.bodies.moving.sum())
        return self.bodies + self.truth.bodies.count - self._objects

    def _scene(self, seed: int) -> Scene:
        """The world's scene of a seed, its objects labelled in their order."""
        scene = self.world.scene(seed)
        self._objects = scene.num_bodies
        self._labels = max(self._labels, self._objects)
        return scene.moved(**{LABEL: torch.arange(self._objects, dtype=torch.float64)})

    def _check_room(self) -> None:
        if len(self.panels) == MOST_PANELS:
            raise PhysimError(f"there are {MOST_PANELS} panels, wanted fewer: close one first")

    def _opened(self, name: str) -> str:
        return self._begin(name, self._make(name, self.world), Kept(self.truth.state.scene, self.step))

    def _begin(self, name: str, engine: Engine[Any], kept: Kept) -> str:
        """A run of an engine; gives its title, which no other has."""
        plain = name.rpartition(":")[2]
        titles = (plain if number == 1 else f"{plain} {number}" for number in count(1))
        title = next(title for title in titles if title not in self.runs)
        run = Run(name, next(self._places), engine, self.world.energies, self.world.unit)
        run.begin(*kept)
        self.runs[title] = run
        return title

    def _edit(self, scenes: dict[str, Scene]) -> None:
        """Let runs go on with edited scenes, or none where one is refused: an altered state does not come back."""
        for title, scene in scenes.items():
            try:
                self.runs[title].engine.start(scene)
            except PhysimError as error:
                raise PhysimError(f"the panel {title} refuses: {error}") from error
        for title, scene in scenes.items():
            self.runs[title].edit(scene)
        self.comparison.go_on(self.step)
