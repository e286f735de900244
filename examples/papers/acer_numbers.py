"""ACER for actions that are numbers: with parts left out, and beside PPO, which makes ten times as many decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from learners.agents.contest import Contest, Ranges
from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.graphs import PLAIN_WORTHS
from learners.agents.learning import Learning
from learners.agents.methods import ACERNumbers
from learners.agents.trial import Trial
from learners.experiment import Cell, markdown
from learners.judging import interquartile, ratio
from learners.papers import PaperSettings
from physim.errors import PhysimError
from physim.reports import Row

COUNT, REPLAY, RATIO = 8, 5000, 4.0
"""How many environments are played at a time; how many ticks of each are kept; how often they are learned from."""
WHOLE = 1e9
"""A ratio of probabilities that is never reached: no truncation."""
ACER = "acer"
ARMS = {
    ACER: ACERNumbers(),
    "fresh unrolls, too": ACERNumbers(fresh=True),
    "no duelling": ACERNumbers(duelling=PLAIN_WORTHS),
    "no region": ACERNumbers(region=None),
    "not truncated": ACERNumbers(truncation=WHOLE),
}
PPO, TIMES, TUNED_TIMES = "ppo", 10, 3
"""How many times as many decisions PPO makes, and in its tuning: it is tuned on more than the others are."""
LONGER_UNROLLS = 10
"""How many times as long PPO's unrolls are, all of whose ticks are learned from many times."""
TASKS = {"swing up": ("physim/CartPoleSwingUp-v0", 300.0), "chain": ("physim/Chain-v0", 150.0)}
"""Their ids, and the largest score that there could be, which counts 1."""
RANGES = Ranges({"rate": (3e-4, 1e-2)}, {"ticks": (10, 20, 50), "discount": (0.95, 0.97, 0.99)})
"""Of the learning rate, how many ticks unrolls have, and the discount."""
SEEDS, DECISIONS, POINTS = tuple(range(10)), 100_000, 20


def table(settings: PaperSettings, task: str) -> str:
    """All arms in a task; shares of the largest score."""
    contest = Contest(
        settings,
        {**dict.fromkeys(ARMS, 0.6 * 60 / 1e5), PPO: 0.75 * 60 / 1e5},
        settings.shortened(DECISIONS),
        RANGES,
        run,
        lambda _: {task: (0.0, TASKS[task][1])},
        {PPO: TIMES},
    )
    name = task.replace(" ", "_")
    chosen = replace(contest, times={PPO: TUNED_TIMES}).chosen(name, [task])
    found = contest.outcomes(name, settings.few(SEEDS, 2), [task], chosen)
    areas, lasts = ({arm: runs(arm) for arm in contest.arms} for runs in (found.areas, found.lasts))
    lines = [
        [arm, *map(str, (interquartile(areas[arm]), interquartile(lasts[arm]), ratio(lasts[arm], lasts[PPO])))]
        for arm in contest.arms
    ]
    return markdown(("", "mean score", "last score", f"last over {PPO}'s"), lines)


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    told: dict[str, Any] = dict(cell.setting)
    name, decisions, rate, ticks = TASKS[told["task"]][0], told["decisions"], told["rate"], told["ticks"]
    if cell.arm == PPO:
        return curve_rows(ppo(name, cell.seed, decisions, rate, LONGER_UNROLLS * ticks, told["discount"]))
    learning = Learning(
        rate=rate, reward_scale=0.1, replay=REPLAY, begin=0.05, sequences=COUNT, ratio=RATIO, average=0.995
    )
    trial = Trial(
        Environments(f"worlds:{name}", COUNT),
        decisions,
        cores=(),
        method=replace(ARMS[cell.arm], discount=told["discount"]),
        learning=learning,
        told=False,
        ticks=ticks,
        seed=cell.seed,
    )
    return curve_rows(trial.run().progress.curve)


def ppo(name: str, seed: int, decisions: int, rate: float, ticks: int, discount: float) -> list[dict[str, float]]:
    """The curve of Stable-Baselines3's PPO with its usual settings but the drawn ones.

    Raises: PhysimError where Stable-Baselines3 is not installed.
    """
    if find_spec("stable_baselines3") is None:
        raise PhysimError("PPO is Stable-Baselines3's, which is not installed: pip install 'physim[libraries]'")
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

    torch.manual_seed(seed)
    env = make_vec_env(name, COUNT, seed=seed, env_kwargs={"render_mode": None})
    peer = stable_baselines3.PPO(
        "MlpPolicy", env, rate, ticks, batch_size=COUNT * ticks // 8, gamma=discount, seed=seed
    )
    peer.learn(decisions, Heard())
    points: list[dict[str, float]] = []
    for number in range(1, POINTS + 1):
        low, high = decisions * (number - 1) / POINTS, decisions * number / POINTS
        scores = [score for done, score in ended if low < done <= high]
        points.append({"decisions": high, "seconds": 0.0} | ({"score": float(np.mean(scores))} if scores else {}))
    return points
