"""The Gymnasium ids of control tasks."""

from __future__ import annotations

from physim.environments.registration import with_gymnasium

FAMILIES = {
    "physim/CartPoleSwingUp-v0": "cart_pole",
    "physim/Reacher-v0": "reacher",
    "physim/Chain-v0": "chain",
}
"""What each controls: a pole on a cart, and arms of two and of six links."""


def register() -> None:
    """Make the ids known to Gymnasium, which is not imported for it."""
    for name, plant in FAMILIES.items():
        with_gymnasium(id=name, entry_point="worlds.control.env:ControlEnv", kwargs={"plant": plant})
