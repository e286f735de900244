"""Agents that learn to act: graphs of modules, losses that combine, actors near and far, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physim.lazy import on_first_use

if TYPE_CHECKING:
    from learners.agents.actor import Actor as Actor
    from learners.agents.environments import Environments as Environments
    from learners.agents.environments import recipe_of as recipe_of
    from learners.agents.graphs import agent as agent
    from learners.agents.graphs import decide as decide
    from learners.agents.learning import Learner as Learner
    from learners.agents.learning import Learning as Learning
    from learners.agents.mind import Mind as Mind
    from learners.agents.placed import train_placed as train_placed
    from learners.agents.training import Training as Training
    from learners.agents.training import TrainingSettings as TrainingSettings
    from learners.agents.transports import Playing as Playing

_HOMES = {
    "Actor": "learners.agents.actor",
    "Environments": "learners.agents.environments",
    "Learner": "learners.agents.learning",
    "Learning": "learners.agents.learning",
    "Mind": "learners.agents.mind",
    "Playing": "learners.agents.transports",
    "Training": "learners.agents.training",
    "TrainingSettings": "learners.agents.training",
    "agent": "learners.agents.graphs",
    "decide": "learners.agents.graphs",
    "recipe_of": "learners.agents.environments",
    "train_placed": "learners.agents.placed",
}
__all__ = list(_HOMES)

__getattr__ = on_first_use(__name__, _HOMES)
