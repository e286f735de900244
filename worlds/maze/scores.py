"""What can be reached in each family of mazes: by chance, and by a walker that knows the maze."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from gymnasium.utils import seeding
from tqdm import tqdm

from physim.arrays import Floats, Integers
from physim.checks import TEST_SEEDS_FROM
from physim.reports import Row, row
from worlds.maze.episodes import Episodes
from worlds.maze.explorer import Explorer
from worlds.maze.families import FAMILIES
from worlds.maze.game import Game
from worlds.maze.oracle import Oracle

EPISODES = 200
Policy = Callable[[], Integers]


class Played(NamedTuple):
    """Of episodes: the sums of rewards [B], and after how many seconds the goal was first reached [B], or nan."""

    returns: Floats
    first: Floats


def maze_scores(progress: bool = True, episodes: int = EPISODES, names: Sequence[str] = tuple(FAMILIES)) -> list[Row]:
    """The mean return of random walks, of the oracle, and of the explorer where it finds its way, in each family, on
    test seeds; and how many goals the oracle found.
    """
    rows = []
    for name in tqdm(names, desc="families", disable=None if progress else True):
        game = Game.of(**FAMILIES[name])
        random, oracle = (played(game, policy, episodes) for policy in (wandering, oracle_of))
        found = float(np.isfinite(oracle.first).mean()) if game.task.goal else None
        first = float(np.nanmedian(oracle.first)) if game.task.goal else None
        moves = not {"doors", "blocks", "obstacles"}.isdisjoint(FAMILIES[name])
        explores = game.task.goal and not moves
        explorer = float(played(game, explorer_of, episodes).returns.mean()) if explores else None
        told: Row = {"family": name, "episodes": episodes, "goal_found": found, "first_goal_s": first}
        told["explorer"] = explorer
        rows.append(
            row("return", float(oracle.returns.mean()), "oracle", "random", float(random.returns.mean())) | told
        )
    return rows


def wandering(episodes: Episodes) -> Policy:
    """Actions by chance."""
    rng = np.random.default_rng(0)
    return lambda: rng.integers(len(episodes.table), size=episodes.count)


def oracle_of(episodes: Episodes) -> Policy:
    """The actions of a walker that knows the maze."""
    return Oracle(episodes).actions


def explorer_of(episodes: Episodes) -> Policy:
    """The actions of a walker that knows what it has seen."""
    return Explorer(episodes).actions


def played(game: Game, policy: Callable[[Episodes], Policy], count: int) -> Played:
    """One episode each of so many test seeds."""
    episodes = game.episodes(count)
    generators = [seeding.np_random(TEST_SEEDS_FROM + k)[0] for k in range(count)]
    episodes.begin({k: game.beginning(generator) for k, generator in enumerate(generators)})
    returns, first, over = np.zeros(count), np.full(count, np.nan), np.zeros(count, np.bool_)
    act = policy(episodes)
    for tick in range(1, game.ticks + 1):
        outcome = episodes.step(act(), over)
        returns += np.where(over, 0.0, outcome.rewards)
        first[outcome.reached & np.isnan(first)] = tick * game.dt
        over |= outcome.gathered
        if over.all():
            break
    return Played(returns, first)
