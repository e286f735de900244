"""An agent that finds its way in mazes it never saw, and what it thinks: python examples/maze_agent.py --render."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.reports import Row, check_report, report, row
from physim.scripts import run_script
from physim.viewer import WalkSettings, walk
from physim.walks import Pixels, Walk


class Stage(NamedTuple):
    """A part of the training: its share of all decisions, how much imitation counts, the learning rate, the entropy's
    weight, and the ticks of an unroll.
    """

    share: float
    imitation: float
    rate: float
    entropy: float
    ticks: int


FAMILY = "physim/NavMazeAllRandom01-v0"
MAZE: dict[str, Any] = {"kind": "rooms", "width": 2, "height": 2, "seconds": 45.0, "away": 8, "size": (42, 42)}
"""Four rooms, 7 by 7 cells in all, in each episode others, with fruit somewhere, and the goal at least 8 cells away."""
ADDED = ("pixel_control", "depth_2", "loop_closure")
"""What the agent tells of its thoughts."""
WEIGHTS = Path(__file__).parents[1] / "learners" / "agents" / "weights" / "maze.safetensors"
STAGES = (
    Stage(0.35, 1.0, 1e-3, 1e-3, 40),
    Stage(0.2, 0.1, 7e-4, 1e-3, 20),
    Stage(0.2, 0.0, 5e-4, 5e-4, 20),
    Stage(0.25, 0.0, 2e-4, 3e-4, 20),
)
"""First it does as an explorer advises, who sees no more than the agent does; at last it learns by rewards alone."""
MAZES, REPLAY = 32, 2000
"""In how many mazes it learns at a time, and how many ticks of each it learns from again."""
TOLD = 150
"""Of how many decisions the value is shown."""
CHART = 360, 120
"""Width and height of a chart; the map of changes beside two of them is as high as they are."""


@dataclass(frozen=True)
class Args:
    """A trained agent walks through mazes it never saw, beside what it thinks: L takes the lead, H shows all keys."""

    render: bool = False
    """Open a window; what happens anyway unless --headless is given."""
    headless: bool = False
    """Draw without a window, as fast as it goes."""
    seed: int = 0
    """Which episode to begin with, counted from the first that is kept for tests."""
    steps: int | None = None
    """Stop after so many decisions, 15 a second."""
    weights: Path = WEIGHTS
    """The agent's weights."""
    episodes: int | None = None
    """Show nothing, but play so many test episodes and print how good the agent was, beside chance and an oracle."""
    train: int | None = None
    """Train an agent for so many decisions, at least 320000, into --weights; one that was interrupted goes on when
    asked for as many."""
    size: tuple[int, int] = (1280, 720)
    """Width and height of the picture in pixels."""
    record: Path | None = None
    """Write what is shown to this .gif, .mp4 or .png file, or as pictures to a new folder (a name without ending)."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""

    def run(self) -> list[Row]:
        """Do what is asked for and return its figures."""
        check_report(self.json)
        check_positive(episodes=self.episodes, steps=self.steps)
        if self.train is not None:
            if self.weights == WEIGHTS:
                raise PhysimError("train writes into --weights: name a file, those that ship stay as they are")
            train(self.train, self.weights)
            return []
        rows = self.show() if self.episodes is None else judged(self.weights, self.episodes)
        if rows:
            report(rows, self.json)
        return rows

    def show(self) -> list[Row]:
        """The window, or what would be in it."""
        if self.render and self.headless:
            raise PhysimError("render and headless exclude one another: give one of them")
        names = ("seed", "steps", "headless", "size", "record")
        return walk(WalkSettings(walk=self.walk, led=True, **{name: getattr(self, name) for name in names}))

    def walk(self) -> Walk:
        """The agent in its maze; imports much, so it is called when the window is open."""
        from learners.agents.mind import Mind
        from physim.graph import load_graph
        from worlds.maze.families import FAMILIES
        from worlds.maze.game import Game
        from worlds.maze.walk import MazeWalk

        game = Game.of(**FAMILIES[FAMILY] | MAZE | {"test": True})
        return AgentWalk(MazeWalk(game, FAMILY), Mind(load_graph(self.weights)[0]))


@final
class AgentWalk(Walk):
    """A maze that an agent walks through, seen with its eyes, and what it thinks."""

    def __init__(self, maze: Any, mind: Any) -> None:
        self.maze, self.mind = maze, mind
        self._seen: list[float] = []

    @property
    def name(self) -> str:
        return "agent"

    @property
    def dt(self) -> float:
        return float(self.maze.dt)

    @property
    def actions(self) -> Mapping[str, int]:
        found: Mapping[str, int] = self.maze.actions
        return found

    @property
    def done(self) -> bool:
        return bool(self.maze.done)

    def restart(self, seed: int) -> None:
        self.maze.restart(seed)
        self.mind.begin(seed)
        self.values: list[float] = []
        self.way: list[Sequence[float]] = []
        self._think(0.0)

    def step(self, action: int | None) -> float:
        reward: float = self.maze.step(action)
        self._think(reward)
        return reward

    def lead(self) -> int:
        return int(self.thought.action)

    def pictures(self) -> Mapping[str, Pixels]:
        from physim.charts import bars, line
        from worlds.maze.depth_colours import shaded
        from worlds.maze.plan import plan

        shown = self.maze.pictures()
        height, width = shown["map"].shape[:2]
        found = {"view": shown["view"]}
        found["map, and the way so far"] = plan(self.maze.episodes, 0, (width, height), np.array(self.way))
        if self.thought.depth is not None:
            told = shaded(self.thought.depth.astype(np.float32))
            band = shown["depth"][int(0.4 * shown["depth"].shape[0]) : int(0.6 * shown["depth"].shape[0])]
            found["depth about the horizon: true, told"] = np.concatenate([band, grown(told, band.shape)])
        charts = [bars(self.thought.probabilities, CHART), line(self.values[-TOLD:], CHART)]
        control = np.zeros((1, 1)) if self.thought.control is None else self.thought.control
        found["change it expects; policy; value"] = np.concatenate([heat(control), np.concatenate(charts)], axis=1)
        return found

    def lines(self) -> Sequence[str]:
        names = {number: word.replace("_", " ") for word, number in self.actions.items()}
        been = [] if self.thought.loop is None else [f"been here before: {self.thought.loop:.0%}"]
        return [*self.maze.lines(), f"next: {names[self.thought.action]}", *been]

    def _think(self, reward: float) -> None:
        seen = self.maze.game.sight.look(self.maze.episodes)
        self.thought = self.mind.decide({name: value[0] for name, value in seen.items()}, reward)
        self.values.append(self.thought.value)
        self.way.append(self.maze.episodes.motion[0, :2].tolist())


def grown(picture: Pixels, shape: Sequence[int]) -> Pixels:
    """A picture in larger pixels, to a shape [H, W, ...]."""
    rows, columns = (np.arange(long) * short // long for long, short in zip(shape[:2], picture.shape[:2], strict=True))
    return picture[rows[:, None], columns]


def heat(values: Any) -> Pixels:
    """A map as a picture, from dark to bright."""
    low, high = values.min(), values.max()
    share = (values - low) / max(high - low, 1e-9)
    colours = np.array([(12, 14, 20), (120, 60, 110), (250, 190, 90)], float)
    ramp = np.stack([np.interp(share, (0, 0.5, 1), colours[:, channel]) for channel in range(3)], axis=-1)
    return grown(ramp.round().astype(np.uint8), (2 * CHART[1], 2 * CHART[1]))


def train(decisions: int, weights: Path) -> None:
    """Train an agent into a file, stage by stage; their curves and checkpoints lie beside it."""
    from learners.agents.environments import Environments, recipe_of
    from learners.agents.learning import Learning
    from learners.agents.losses import AgentLoss, Imitation
    from learners.agents.methods import A3C, heads_of, losses_of
    from learners.agents.training import Training, TrainingSettings
    from learners.agents.transports import Playing
    from physim.graph import ModuleGraph, save_graph

    least = math.ceil(MAZES * REPLAY / min(stage.share for stage in STAGES))
    if decisions < least:
        raise PhysimError(f"train is {decisions}, wanted at least {least}: each stage fills the replay first")
    folder = weights.with_suffix(".training")
    if others := sorted({path.name for path in folder.glob("[0-9]*")} - {str(decisions)}):
        told = f"train is {decisions}, but {folder} holds a training of {others[0]} decisions"
        raise PhysimError(f"{told}: wanted as many, or another file for --weights")
    mazes = Environments(f"worlds:{FAMILY}", MAZES, MAZE)
    env = mazes.make()
    recipe = recipe_of(env) | {"cores": [64, 256], "heads": list(heads_of(ADDED))}
    env.close()
    graph: ModuleGraph | None = None
    for number, stage in enumerate(STAGES):

        def losses(net: ModuleGraph, stage: Stage = stage) -> list[AgentLoss]:
            found = losses_of(ADDED, A3C(entropy=stage.entropy))(net)
            return [*found, Imitation(net, stage.imitation)] if stage.imitation else found

        out = folder / str(decisions) / f"stage_{number}"
        settings = TrainingSettings(
            round(decisions * stage.share),
            begin={} if graph is None else graph.state_dict(),
            out=out,
            resume=(out / "checkpoint.safetensors").exists(),
        )
        labels = ("loop_closure", "advice") if stage.imitation else ("loop_closure",)
        told = replace(mazes, settings={**mazes.settings, "labels": labels})
        playing = Playing(told, recipe, stage.ticks, labels, number, precision="bf16-mixed")
        learning = Learning(rate=stage.rate, reward_scale=0.1, precision="bf16-mixed", replay=REPLAY)
        training = Training(playing, losses, learning, settings)
        try:
            training.run()
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(f": {folder} keeps what is learned, and the same command goes on") from stop
        graph = training.graph
    assert graph is not None
    save_graph(weights, graph, {"family": FAMILY, "maze": MAZE, "decisions": decisions})


def judged(weights: Path, episodes: int) -> list[Row]:
    """How often the agent found the goal of test mazes, and its score, beside chance's and the oracle's in the same."""
    from learners.agents.environments import Environments
    from learners.agents.transports import Playing
    from learners.agents.visits import latency, searches
    from learners.agents.watching import watched
    from physim.checks import TEST_SEEDS_FROM
    from physim.graph import load_graph
    from worlds.maze.families import FAMILIES
    from worlds.maze.game import Game
    from worlds.maze.scores import explorer_of, oracle_of, played, wandering

    game = Game.of(**FAMILIES[FAMILY] | MAZE | {"test": True})
    chance, explorer, oracle = (played(game, policy, episodes) for policy in (wandering, explorer_of, oracle_of))
    graph, _ = load_graph(weights)
    mazes = Environments(f"worlds:{FAMILY}", episodes, MAZE | {"test": True})
    ticks, _ = watched(Playing(mazes, {}, episodes=TEST_SEEDS_FROM), graph, game.ticks + 1)
    found = latency(searches(ticks))
    score = float(ticks["reward"].sum(1).mean())
    worst, careful, best = (float(each.returns.mean()) for each in (chance, explorer, oracle))
    told = {"episodes": episodes}
    return [
        row("goal found", found.found, "share", "chance", float(np.isfinite(chance.first).mean())) | told,
        row("score", score, "points", "oracle", best) | told,
        row("score", score, "points", "explorer", careful) | told,
        row("score", score, "points", "chance", worst) | told,
        row("first goal", found.first * game.dt, "s", "oracle", float(np.nanmedian(oracle.first))) | told,
        row("later goals", found.later * game.dt, "s") | told,
    ]


if __name__ == "__main__":
    run_script(Args.run, Args)
