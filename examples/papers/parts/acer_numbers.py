"""ACER for actions that are numbers: with parts left out, and beside PPO, which makes ten times as many decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import NamedTuple

import gymnasium
import numpy as np

from learners.agents.contest import Contest, Ranges
from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.graphs import PLAIN_WORTHS
from learners.agents.methods import ACERContinuous
from learners.agents.trial import FORWARD, REPLAYING, Trial
from learners.agents.watching import Decide, chances_of, means_of, rewards_of
from learners.experiment import Cell, grouped, markdown
from learners.judging import difference, interquartile, ratio
from learners.papers import PaperSettings
from parts.off_policy_tasks import WHOLE, noted, notes_in
from physim.checks import TEST_SEEDS_FROM
from physim.errors import PhysimError
from physim.reports import Row

COUNT, REPLAY, BEGIN = 8, 5000, 0.02
"""How many environments are played at a time, how many ticks of each are kept, and the share of them from which on they
are learned from.
"""
OURS = "acer"
ARMS = {
    OURS: ACERContinuous(),
    "no duelling": ACERContinuous(duelling=PLAIN_WORTHS),
    "no region": ACERContinuous(region=None),
    "not truncated": ACERContinuous(truncation=WHOLE),
}
PPO, TIMES, DRAW_TIMES = "ppo", 10, 3
"""How many times as many decisions PPO makes, and while all its draws are tried: the best of them are tried by all."""
LONGER_UNROLLS = 20
"""How many times as long PPO's unrolls are, all of whose ticks are learned from many times."""


class Task(NamedTuple):
    """A task's id, how many decisions our arms make, and the largest score that there could be, which counts 1; what
    chance has counts 0.
    """

    id: str
    decisions: int
    largest: float


TASKS = {
    "swing up": Task("physim/CartPoleSwingUp-v0", 100_000, 300.0),
    "chain": Task("physim/Chain-v0", 200_000, 150.0),
}
"""In half as many, poles are spun, and not yet held; a chain of six joints is hardly learned."""
RANGES = Ranges(
    {"rate": (1e-4, 3e-3), "region": (0.01, 0.3)},
    {"ticks": (5, 10, 20), "discount": (0.95, 0.97, 0.99), "again": (8, 16)},
    spread=True,
)
"""Of the learning rate, of ACER's region, which in rewards that are not scaled would be ten times as large, of how many
ticks unrolls have, of the discount, and of how often all is learned from: replayed by ACER, by epochs in PPO.
"""
OURS_SECONDS, PPO_SECONDS = 1e-3, 2.5e-4
"""Of a decision on one core, about: ours learn from each a dozen times, PPO ten times, in larger batches."""
SEEDS, POINTS = tuple(range(10)), 20
Learned = tuple[list[dict[str, float]], dict[str, Decide]]
"""The curve of a training, and what it learned to do, by its means and by draws about them: nothing where it diverged.
"""
BY_MEANS, BY_DRAWS = "tested by its means", "tested as it explores"
"""How trained agents are judged: PPO learns how far it explores about its means, ACER's is given."""
TESTED = range(TEST_SEEDS_FROM, TEST_SEEDS_FROM + 20)
"""The seeds of the episodes in which trained agents are judged."""


def table(settings: PaperSettings, task: str) -> str:
    """All arms in a task: shares of the way from chance to the largest score."""
    chance, largest = score_of(task, by_chance(task)), TASKS[task].largest
    contest = Contest(
        settings,
        {**dict.fromkeys(ARMS, OURS_SECONDS), PPO: PPO_SECONDS},
        settings.shortened(TASKS[task].decisions),
        RANGES,
        run,
        lambda _: {task: (chance, largest)},
        {PPO: TIMES},
        {PPO: DRAW_TIMES},
        like=dict.fromkeys([arm for arm in ARMS if arm != OURS], OURS),
        at_last=True,
        final=True,
    )
    name = task.replace(" ", "_")
    chosen = contest.chosen(name, [task])
    found = contest.outcomes(name, settings.few(SEEDS, 2), [task], chosen)
    tested = grouped(found.rows, ("name", "arm"))
    by_means, by_draws = (
        {arm: [[(score - chance) / (largest - chance) for score in tested[how, arm]]] for arm in contest.arms}
        for how in (BY_MEANS, BY_DRAWS)
    )
    as_long = replace(found, decisions=contest.decisions)
    lines: list[list[object]] = []
    for arm in contest.arms:
        scores = [as_long.areas(arm), by_draws[arm], by_means[arm]]
        over = None if arm == PPO else ratio(by_means[arm], by_means[PPO])
        less = None if arm == OURS else difference(by_means[arm], by_means[OURS])
        lines.append([f"{arm}, {TIMES} times as long" if arm == PPO else arm, *map(interquartile, scores), over, less])
    head = (f"mean score in the first {contest.decisions}", BY_DRAWS, BY_MEANS, f"over {PPO}'s", f"less {OURS}'s")
    return f"{markdown(('', *head), lines)}\n{noted(found.rows, list(contest.arms))}"


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training, and how good it was at last: as good as chance where it diverged."""
    curve, learned = ppo(cell) if cell.arm == PPO else acer(cell)
    rows = [*curve_rows(curve), *notes_in(curve)]
    for how in (BY_MEANS, BY_DRAWS):
        rows.append({"name": how, "value": score_of(cell["task"], learned.get(how) or by_chance(cell["task"]))})
    return rows


def acer(cell: Cell) -> Learned:
    """The curve of an arm of ours, and its decisions."""
    name, decisions, method = TASKS[cell["task"]].id, cell["decisions"], ARMS[cell.arm]
    region = None if method.region is None else cell["region"]
    method = replace(method, discount=cell["discount"], region=region)
    training = Trial(
        Environments(f"worlds:{name}", COUNT),
        decisions,
        cores=FORWARD,
        method=method,
        learning=replace(
            REPLAYING,
            rate=cell["rate"],
            replay=REPLAY,
            begin=BEGIN,
            sequences=COUNT,
            ratio=cell["again"],
            average_decay=0.995,
        ),
        told=False,
        ticks=cell["ticks"],
        every=decisions // POINTS,
        seed=cell.seed,
    ).run()
    space = gymnasium.make(f"worlds:{name}").action_space
    ways = {BY_MEANS: means_of, BY_DRAWS: chances_of}
    learned = {} if training.diverged else {how: way(training.graph, space) for how, way in ways.items()}
    return training.progress.curve, learned


def score_of(task: str, decide: Decide) -> float:
    """The mean score in test episodes."""
    env = gymnasium.make(f"worlds:{TASKS[task].id}")
    return float(np.mean([sum(rewards_of(env, seed, decide)) for seed in TESTED]))


def by_chance(task: str) -> Decide:
    """Actions of a task by chance."""
    random, shape = np.random.default_rng(0), gymnasium.make(f"worlds:{TASKS[task].id}").action_space.shape
    return lambda _: random.uniform(-1, 1, shape)


def check_peer() -> None:
    """Refuse to begin where Stable-Baselines3 is not installed."""
    if find_spec("stable_baselines3") is None:
        raise PhysimError("PPO is Stable-Baselines3's, which is not installed: pip install 'physim[libraries]'")


def ppo(cell: Cell) -> Learned:
    """The curve of Stable-Baselines3's PPO with its usual settings but the drawn ones, and its decisions."""
    import stable_baselines3
    import torch
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    import worlds  # noqa: F401 (registers the ids)

    ended: list[tuple[int, float]] = []

    class Heard(BaseCallback):  # type: ignore[misc] # its types are not installed
        def _on_step(self) -> bool:
            ended.extend(
                (self.num_timesteps, info["episode"]["r"]) for info in self.locals["infos"] if "episode" in info
            )
            return True

    torch.manual_seed(cell.seed)
    env = make_vec_env(TASKS[cell["task"]].id, COUNT, seed=cell.seed, env_kwargs={"render_mode": None})
    ticks = LONGER_UNROLLS * cell["ticks"]
    peer = stable_baselines3.PPO(
        "MlpPolicy",
        env,
        cell["rate"],
        ticks,
        batch_size=COUNT * ticks // 8,
        n_epochs=cell["again"],
        gamma=cell["discount"],
        seed=cell.seed,
    )
    try:
        peer.learn(cell["decisions"], Heard())
    except ValueError:  # torch refuses normal distributions about means that are no numbers
        return points_of(ended, peer.num_timesteps, cell["decisions"]), {}
    learned: dict[str, Decide] = {
        how: lambda seen, still=how == BY_MEANS: peer.predict(seen, deterministic=still)[0]
        for how in (BY_MEANS, BY_DRAWS)
    }
    return points_of(ended, peer.num_timesteps, cell["decisions"]), learned


def points_of(ended: Sequence[tuple[int, float]], played: int, decisions: int) -> list[dict[str, float]]:
    """A curve of the scores of episodes, each with the decisions after which it ended, up to where was `played`."""
    points: list[dict[str, float]] = []
    for number in range(1, POINTS + 1):
        low, high = decisions * (number - 1) / POINTS, decisions * number / POINTS
        if high <= played:
            scores = [score for done, score in ended if low < done <= high]
            points.append({"decisions": high, "seconds": 0.0} | ({"score": float(np.mean(scores))} if scores else {}))
    return points
