"""What the user has chosen: the state behind the keys and the mouse, without a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np

from physim.errors import PhysimError
from physim.viewer.bodies import Floats
from physim.viewer.dragging import Drag
from physim.viewer.simulation import LEARNED, TRUTH, Simulation, usual_steps
from physim.viewer.snapshots import Snapshot
from physim.viewer.spawning import KINDS, Kind, spawn

PACES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


class Spot(NamedTuple):
    """What is under the mouse: a panel by its title, a place in its world [2] (m), and a body, if one is near."""

    title: str
    place: Floats
    body: int | None


@final
class Playback:
    """A simulation with its pace: what each key does, and how many steps a frame takes (None: the usual ones)."""

    def __init__(
        self, simulation: Simulation, steps_per_frame: int | None = None, last_step: int | None = None
    ) -> None:
        self.simulation, self.last_step = simulation, last_step
        self.steps_per_frame = steps_per_frame or usual_steps(simulation.world.dt)
        self.steps_taken = 0
        self.paused, self.helping, self.leaving, self.plotting = False, False, False, False
        self.drags: list[Drag] = []
        self.adding: Kind | None = None
        self.notice = ""
        self._single, self._alone = False, ""
        self._grip = np.zeros(2)

    @property
    def shown(self) -> tuple[str, ...]:
        """The runs to draw, from left to right."""
        return (self._alone,) if self._alone else tuple(self.simulation.panels)

    @property
    def done(self) -> bool:
        """Whether the user leaves or the last step is taken."""
        return self.leaving or self.steps_taken == self.last_step

    def frame(self) -> None:
        """Take the steps of one frame: none where paused, but for a single step."""
        steps = 1 if self._single else 0 if self.paused else self.steps_per_frame
        if self.last_step is not None:
            steps = min(steps, self.last_step - self.steps_taken)
        self._single = False
        if self.drags:
            self._carry(steps)
        else:
            self.simulation.advance(steps)
        self.steps_taken += steps

    def leave(self) -> None:
        """End."""
        self.leaving = True

    def pause(self) -> None:
        """Pause, or go on."""
        self.paused = not self.paused

    def single_step(self) -> None:
        """Take one step, and pause."""
        self.paused = self._single = True

    def reset(self) -> None:
        """Start from a new seed."""
        self._try(lambda: self.simulation.reset(self.simulation.seed + 1))

    def resynchronise(self) -> None:
        """Put all worlds where the truth is."""
        self._try(self.simulation.resynchronise)

    def faster(self) -> None:
        """More steps a frame."""
        self.steps_per_frame = next((pace for pace in PACES if pace > self.steps_per_frame), self.steps_per_frame)

    def slower(self) -> None:
        """Fewer steps a frame."""
        slower = (pace for pace in reversed(PACES) if pace < self.steps_per_frame)
        self.steps_per_frame = next(slower, self.steps_per_frame)

    def more_bodies(self) -> None:
        """One body more in the world's own scene."""
        self._change_bodies(1)

    def fewer_bodies(self) -> None:
        """One body fewer in the world's own scene."""
        self._change_bodies(-1)

    def switch_engines(self) -> None:
        """Show each panel alone, in turn, then all; beside the truth alone the learned engine joins first."""
        panels = self.simulation.panels
        if panels == [TRUTH]:
            self._try(lambda: self.simulation.open(LEARNED))
            return
        self.release()
        order = ["", *panels] if len(panels) > 1 else [""]
        self._alone = order[(order.index(self._alone) + 1) % len(order)]

    def toggle_help(self) -> None:
        """Show the keys, or hide them."""
        self.helping = not self.helping

    def toggle_plots(self) -> None:
        """Show the plots, or hide them."""
        self.plotting = not self.plotting

    def choose_new(self) -> None:
        """What a click adds: circles, boxes, nothing, in turn."""
        order = [None, *KINDS]
        self.adding = order[(order.index(self.adding) + 1) % len(order)]

    def spawn(self, title: str, place: Floats) -> None:
        """Add a body to all panels, held in all of them until it is let go."""
        kind = self.adding or KINDS[0]
        labels: list[int] = []
        self._try(lambda: labels.append(spawn(self.simulation, title, kind, place)))
        for label in labels:
            body = self.simulation.runs[title].body_labelled(label)
            if body is not None:
                self.grab(title, body, place, everywhere=True)

    def delete(self, title: str, body: int) -> None:
        """Take a body of a run out of all panels."""
        label = int(self.simulation.runs[title].bodies.label[body])
        self._try(lambda: self.simulation.remove(label))

    def keep(self) -> None:
        """Keep the state of all panels."""
        self.simulation.keep()

    def restore(self, number: int) -> None:
        """Bring back a snapshot by its number, from 1 on."""
        snapshots = self.simulation.snapshots
        if number > len(snapshots):
            self.notice = f"there is no snapshot {number}: K keeps the state of now"
            return
        self._try(lambda: self.simulation.restore(snapshots[number - 1]))

    def branch(self, title: str, snapshot: Snapshot | None = None) -> None:
        """Open a new panel of a run's engine, from a snapshot, or the one kept or brought back last, or from now."""
        chosen = snapshot or self.simulation.selected
        self._alone = ""
        self._try(lambda: self.simulation.branch(title, chosen))

    def close(self, title: str) -> None:
        """Close a panel."""
        self._alone = ""
        self._try(lambda: self.simulation.close(title))

    def grab(self, title: str, body: int, place: Floats, everywhere: bool = False) -> None:
        """Hold a body of a run, or of all runs that have it, at a place [2] (m)."""
        run = self.simulation.runs[title]
        label = int(run.bodies.label[body])
        self.drags = [Drag(run, body)]
        self._grip = run.state.pos[body] - place
        for other in self.simulation.runs.values() if everywhere else ():
            found = other.body_labelled(label)
            if other is not run and found is not None:
                self.drags.append(Drag(other, found))
        self.drags = [drag for drag in self.drags if not drag.run.message]

    def move(self, place: Floats) -> None:
        """The hand goes to a place [2] (m), and keeps hold of the body where it took it."""
        for drag in self.drags:
            drag.position = place + self._grip

    def release(self) -> None:
        """Let go: bodies fly on with the velocity of the hand."""
        for drag in self.drags:
            drag.release()
        self.drags = []

    def _carry(self, steps: int) -> None:
        """Take held bodies to the mouse while the others go on, or, paused, put them there."""
        if steps == 0:
            for drag in self.drags:
                drag.place()
                self.simulation.comparison.count_anew(drag.run)
            return
        seconds = steps * self.simulation.world.dt
        for drag in self.drags:
            drag.aim(seconds)
        self.simulation.advance(steps, self.drags)
        for drag in self.drags:
            drag.measure(seconds)

    def _change_bodies(self, difference: int) -> None:
        bodies = self.simulation.bodies
        if bodies is None:
            self.notice = f"the world {self.simulation.world.name} has no number of bodies to change"
            return
        self._try(lambda: self.simulation.set_bodies((bodies or self.simulation.count) + difference))

    def _try(self, action: Callable[[], object]) -> None:
        """Let go, and do it, or say why it cannot be done."""
        self.release()
        self.notice = ""
        try:
            action()
        except PhysimError as error:
            self.notice = str(error)
