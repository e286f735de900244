from __future__ import annotations

import subprocess
import sys

import gymnasium
import pytest

from physim.environments.registration import register_environment

BEFORE = """
import importlib.util, sys
import worlds
assert "gymnasium" not in sys.modules
assert importlib.util.find_spec("gymnasium") is not None  # a question alone changes nothing
import gymnasium
env = gymnasium.make("worlds:physim/NBody-v0", engine="learned", bodies=5)
assert env.reset(seed=1)[0]["pos"].shape == (5, 2)
assert "pygame" not in sys.modules
"""


def test_worlds_does_not_load_gymnasium_and_is_known_to_it_all_the_same() -> None:
    subprocess.run([sys.executable, "-c", BEFORE], check=True, timeout=200)


def test_registering_does_not_load_gymnasium_or_torch() -> None:
    code = (
        "import sys; from physim import register_environment as register; register('a/B-v0', 'nbody'); "
        "register('a/C-v0', 'balls'); assert not {'torch', 'gymnasium'} & set(sys.modules); "
        "import gymnasium; assert {'a/B-v0', 'a/C-v0'} <= set(gymnasium.registry); "
        "assert not any(type(finder).__name__ == '_Later' for finder in sys.meta_path)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)


def test_anybodys_world_has_an_id_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gymnasium.envs.registration, "registry", {})
    register_environment("mine/Strings-v3", "strings", max_episode_steps=7, masses=5)
    spec = gymnasium.envs.registration.registry["mine/Strings-v3"]
    assert (spec.max_episode_steps, spec.kwargs) == (7, {"world": "strings", "masses": 5})
    assert spec.make().action_space.shape == (4, 2)
    assert spec.make(masses=4).action_space.shape == (3, 2)
