"""Gymnasium ids of worlds, registered without importing gymnasium before it is wanted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, final

GYMNASIUM = "gymnasium"


def register_environment(name: str, world: str, max_episode_steps: int | None = None, **parameters: Any) -> None:
    """Give a world a Gymnasium id such as physim/NBody-v0: at once, or as soon as anybody imports gymnasium.

    `world` is the name under which it is registered, or path/to/file.py:function, with its parameters beside; arguments
    of `gymnasium.make` go to WorldEnv, and those of `make_vec` to WorldVectorEnv, in the place of these.
    """

    with_gymnasium(
        id=name,
        entry_point="physim.environments.world_env:WorldEnv",
        vector_entry_point="physim.environments.vector_env:WorldVectorEnv",
        max_episode_steps=max_episode_steps,
        kwargs={"world": world, **parameters},
    )


def with_gymnasium(**spec: Any) -> None:
    """Call Gymnasium's `register` with these arguments: at once, or as soon as anybody imports it."""

    def register() -> None:
        from gymnasium.envs.registration import register

        register(**spec)

    if GYMNASIUM in sys.modules:
        register()
    else:
        _LATER.add(register)


@final
class _Later(MetaPathFinder):
    """Calls what waits for gymnasium once it is imported, by whoever imports it."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def add(self, action: Callable[[], None]) -> None:
        """Wait with an action."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._waiting.append(action)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find gymnasium as the others would; that it is looked for does not say that it will be imported."""
        if fullname != GYMNASIUM:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_act(module: ModuleType) -> None:
                run(module)
                self._act()

            spec.loader.exec_module = run_and_act  # type: ignore[method-assign]
        return spec

    def _act(self) -> None:
        sys.meta_path.remove(self)
        while self._waiting:
            self._waiting.pop(0)()


_LATER = _Later()
