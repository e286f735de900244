"""What the commands are made of: records that tyro fills from the command line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import tyro

from physim import plugins
from physim.data_sets import DataSet
from physim.errors import PhysimError
from physim.learner import Learner

WorldName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="WORLD")]


@dataclass(frozen=True)
class PlainCommand(ABC):
    """A command that is about no world in particular."""

    @abstractmethod
    def run(self) -> None:
        """Do it."""


@dataclass(frozen=True)
class WorldCommand(ABC):
    """A command about one world, whose parameters are flags too; with `sweeps` these take several values."""

    sweeps: ClassVar[bool] = False

    world: WorldName
    """A registered world (see: physim worlds) or path/to/file.py:function."""

    @abstractmethod
    def run(self, parameters: Mapping[str, Any]) -> None:
        """Do it with the world of these parameters, those at their defaults left out."""


def learner_of(name: str) -> Learner:
    """The registered learner of that name, made."""
    learner = plugins.load(plugins.LEARNERS, name)()
    if not isinstance(learner, Learner):
        raise PhysimError(f"learner {name} must be a physim.learner.Learner, got {type(learner).__name__}")
    return learner


def data_set_of(name: str) -> DataSet:
    """The registered data set of that name."""
    found = plugins.load(plugins.DATA, name)
    if not isinstance(found, DataSet):
        raise PhysimError(f"data set {name} must be a physim.data_sets.DataSet, got {type(found).__name__}")
    return found
