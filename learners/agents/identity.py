"""What tells the training of an agent from others, so that each goes on from its own checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from learners.agents.learning import Learner
from learners.agents.losses.base import AgentLoss
from learners.agents.transports import Playing

PLAYED = ("ticks", "seed", "precision", "remembered")


def identity_of(playing: Playing, learner: Learner, frozen: Sequence[str]) -> dict[str, str]:
    """Environments, agent, losses and settings, each by a name of its own, so that what differs can be told alone."""
    environments = playing.environments
    told = {"environments": environments.id, "environments count": str(environments.count)}
    told |= _each("environments", environments.settings) | _each("recipe", playing.recipe)
    for loss in learner.losses:
        told |= {f"loss {loss.name}": type(loss).__name__} | _each(f"loss {loss.name}", _settings_of(loss))
    told |= _each("learning", vars(learner.settings)) | {"frozen": ", ".join(frozen)}
    return told | _each("playing", {name: getattr(playing, name) for name in PLAYED})


def _each(what: str, settings: Mapping[str, object]) -> dict[str, str]:
    return {f"{what} {name}": str(value) for name, value in settings.items()}


def _settings_of(loss: AgentLoss) -> dict[str, object]:
    return {name: value for name, value in vars(loss).items() if isinstance(value, int | float | str | None)}
