"""What the user has chosen: the state behind the keys and the mouse, without a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from physim.errors import PhysimError
from physim.viewer.dragging import Drag
from physim.viewer.settings import Engines
from physim.viewer.simulation import LEARNED, TRUTH, Simulation

PACES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
SHOWN: dict[Engines, tuple[str, ...]] = {"truth": (TRUTH,), "learned": (LEARNED,), "both": (TRUTH, LEARNED)}
NEXT: dict[Engines, Engines] = {"both": "truth", "truth": "learned", "learned": "both"}


@final
class Playback:
    """A simulation with its pace: what each key does, and how many steps the next frame takes."""

    def __init__(self, simulation: Simulation, engines: Engines, steps_per_frame: int, last_step: int | None) -> None:
        self.simulation, self.engines, self.steps_per_frame = simulation, engines, steps_per_frame
        self.last_step = last_step
        self.steps_taken = 0
        self.paused, self.helping, self.leaving, self.plotting = False, False, False, False
        self.drag: Drag | None = None
        self.notice = ""
        self._single = False
        if engines != "truth":
            simulation.need_learned()

    @property
    def shown(self) -> tuple[str, ...]:
        """The runs to draw, from left to right."""
        return SHOWN[self.engines]

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
        if self.drag is None:
            self.simulation.advance(steps)
        else:
            self._carry(self.drag, steps)
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
        self.drag = None
        self._try(lambda: self.simulation.reset(self.simulation.seed + 1))

    def resynchronise(self) -> None:
        """Put the learned world where the truth is."""
        self.simulation.resynchronise()

    def faster(self) -> None:
        """More steps a frame."""
        self.steps_per_frame = next((pace for pace in PACES if pace > self.steps_per_frame), self.steps_per_frame)

    def slower(self) -> None:
        """Fewer steps a frame."""
        slower = (pace for pace in reversed(PACES) if pace < self.steps_per_frame)
        self.steps_per_frame = next(slower, self.steps_per_frame)

    def more_bodies(self) -> None:
        """One body more."""
        self._change_bodies(1)

    def fewer_bodies(self) -> None:
        """One body fewer."""
        self._change_bodies(-1)

    def switch_engines(self) -> None:
        """Show the truth, the learned world, or both."""
        self.drag = None
        self._try(self.simulation.need_learned)
        self.engines = NEXT[self.engines] if LEARNED in self.simulation.runs else "truth"

    def toggle_help(self) -> None:
        """Show the keys, or hide them."""
        self.helping = not self.helping

    def toggle_plots(self) -> None:
        """Show the plots, or hide them."""
        self.plotting = not self.plotting

    def grab(self, name: str, body: int) -> None:
        """Hold a body of a run."""
        self.drag = Drag(name, self.simulation.runs[name], body)

    def release(self) -> None:
        """Let go: the body flies on with the velocity of the mouse."""
        self.drag = None

    def _carry(self, drag: Drag, steps: int) -> None:
        """Take the held body to the mouse while the others go on, or, paused, put it there."""
        if steps == 0:
            drag.place()
            self.simulation.count_anew(drag.name)
            return
        seconds = steps * self.simulation.world.dt
        drag.aim(seconds)
        self.simulation.advance(steps, drag)
        drag.measure(seconds)

    def _change_bodies(self, difference: int) -> None:
        bodies = self.simulation.bodies
        if bodies is None:
            self.notice = f"the world {self.simulation.world.name} has no number of bodies to change"
            return
        self.drag = None
        self._try(lambda: self.simulation.set_bodies(bodies + difference))

    def _try(self, action: Callable[[], None]) -> None:
        """Do it, or say why it cannot be done."""
        self.notice = ""
        try:
            action()
        except PhysimError as error:
            self.notice = str(error)
