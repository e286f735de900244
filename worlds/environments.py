"""The Gymnasium ids of these worlds."""

from __future__ import annotations

from physim.environments.registration import register_environment, with_gymnasium

IDS = {
    "physim/Balls-v0": "balls",
    "physim/Charges-v0": "charges",
    "physim/NBody-v0": "nbody",
    "physim/Playground-v0": "playground",
    "physim/Putty-v0": "putty",
    "physim/Rubber-v0": "rubber",
    "physim/Strings-v0": "strings",
    "physim/Swirl-v0": "swirl",
}
STEPS = dict.fromkeys(IDS, 1000) | {"physim/Playground-v0": 600}
"""The lengths of episodes: a second, with steps of 1 ms; ten seconds of a playground."""
PARAMETERS = {"physim/Playground-v0": {"bodies": 6, "kind": "thrown"}}
"""What makes the scenes of a world be of one size, where they are not by default."""


def register() -> None:
    """Make the ids known to Gymnasium, which is not imported for it."""
    for name, world in IDS.items():
        register_environment(name, world, STEPS[name], **PARAMETERS.get(name, {}))
    with_gymnasium(
        id="physim/Steering-v0",
        entry_point="worlds.steering:Steering",
        vector_entry_point="worlds.steering:SteeringVectorEnv",
    )
