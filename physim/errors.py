"""What physim says when something cannot be done."""

from __future__ import annotations


class PhysimError(ValueError):
    """One clear sentence for the user: it names the field, what it got and what was wanted."""


class BlowUp(PhysimError):
    """A rollout left the finite numbers: `body` (within its scene) at `step`."""

    def __init__(self, body: int, step: int, where: str = "") -> None:
        super().__init__(f"the rollout blew up: body {body}{where} is no longer finite at step {step}")
        self.body = body
        self.step = step
