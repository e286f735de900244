"""The Gymnasium ids of these worlds."""

from __future__ import annotations

from physim.environments.registration import register_environment

IDS = {
    "physim/Balls-v0": "balls",
    "physim/Charges-v0": "charges",
    "physim/NBody-v0": "nbody",
    "physim/Putty-v0": "putty",
    "physim/Rubber-v0": "rubber",
    "physim/Strings-v0": "strings",
    "physim/Swirl-v0": "swirl",
}
STEPS = 1000
"""The length of an episode: a second, with steps of 1 ms."""


def register() -> None:
    """Make the ids known to Gymnasium, which is not imported for it."""
    for name, world in IDS.items():
        register_environment(name, world, max_episode_steps=STEPS)
