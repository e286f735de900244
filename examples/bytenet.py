"""A ByteNet that translates, letter by letter: python examples/bytenet.py "Click the button to open the file."."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tyro

from physim.errors import PhysimError
from physim.outputs import check_writable
from physim.reports import Row, check_report, report, row
from physim.scripts import run_script

WEIGHTS = Path(__file__).parents[1] / "learners" / "sequences" / "weights" / "german.safetensors"
WIDTH, SLOPE = 96, 1.2
UPDATES_A_MINUTE = 100
"""About, on one core."""
LONGEST = 400
BEAM = 12


@dataclass(frozen=True)
class Args:
    """A ByteNet writes English sentences in German, as it learned from the help pages of an office suite.

    Without a sentence it asks for one after the other.
    """

    sentences: tyro.conf.Positional[tuple[str, ...]] = ()
    """What to translate, at most 400 characters each."""
    beam: int = BEAM
    """How many beginnings it follows at a time; with more it is slower, and sometimes better."""
    weights: Path = WEIGHTS
    """The ByteNet's weights."""
    train: float | None = None
    """Train one for about so many minutes of one core, into --weights, and judge it; an interrupted one goes on. It
    wants `physim fetch manual`."""
    json: str | None = None
    """Write the figures of a training as JSON to this file, or with - to standard output."""

    def run(self) -> None:
        """Do what is asked for."""
        check_report(self.json)
        if self.train is not None:
            if self.weights == WEIGHTS:
                raise PhysimError("train writes into --weights: name a file, for others to translate with")
            report(train(self.train, self.weights), self.json)
            return
        for sentence in self.sentences:
            if not 0 < len(sentence) <= LONGEST:
                raise PhysimError(f"sentences: one has {len(sentence)} characters, wanted 1 to {LONGEST}")
        translate = translator(self.weights, self.beam)
        for sentence in self.sentences:
            print(translate(sentence))
        while not self.sentences:
            try:
                asked = input("> ").strip()
            except EOFError:
                return
            if len(asked) > LONGEST:
                print(f"that has {len(asked)} characters, wanted at most {LONGEST}")
            elif asked:
                print(translate(asked))


def translator(weights: Path, beam: int) -> Callable[[str], str]:
    """A function that translates a sentence."""
    from learners.sequences.beams import search
    from learners.sequences.bytenet import SOURCE, padded
    from learners.sequences.pairs import END, Alphabet
    from physim.graph import load_graph
    from physim.threads import one_thread

    if not weights.exists():
        raise PhysimError(f"there are no weights {weights}: --train 60 makes some in about an hour, into --weights")
    net, told = load_graph(weights)
    net.eval()
    english, german = Alphabet(told["english"]), Alphabet(told["german"])

    def translate(sentence: str) -> str:
        source = padded([english.encoded(sentence)], english.size, SLOPE)
        with one_thread():
            found = search(net, {SOURCE: source}, END, 40 + 2 * len(sentence), beam)
        return german.decoded(found.symbols[0])

    return translate


def train(minutes: float, weights: Path) -> list[Row]:
    """Train a ByteNet on help pages, and judge it by bits a character on others."""
    import torch

    from learners.sequences.bytenet import SET, bytenet
    from learners.sequences.pairs import Languages, pair_bits
    from learners.sequences.training import SequenceTraining
    from physim.graph import save_graph
    from physim.threads import one_thread
    from worlds.real_data.parts import PARTS
    from worlds.real_data.translations import pairs

    if minutes <= 0:
        raise PhysimError(f"train is {minutes}, wanted a positive number of minutes")
    check_writable(weights, "--weights", ".safetensors")
    languages = Languages.of(pairs("train"))
    batches = {part: languages.batches(pairs(part), SLOPE) for part in PARTS}
    few = languages.batches(pairs("valid")[::6], SLOPE)
    torch.manual_seed(0)
    net = bytenet(languages.source.size, languages.target.size, WIDTH, 2 * SET)
    updates = max(1, round(minutes * UPDATES_A_MINUTE))
    checkpoint = weights.with_name(f"{weights.name}.checkpoint")
    with one_thread():
        settings = SequenceTraining(updates, rate=2e-3, every=max(1, updates // 10), checkpoint=checkpoint)
        progress = settings.run(net, batches["train"], lambda judged: pair_bits(judged, few))
        found = pair_bits(net, batches["test"])
    letters = {"english": languages.source.characters, "german": languages.target.characters}
    save_graph(weights, net, {"updates": updates, "bits": found, "curve": progress.curve, **letters})
    checkpoint.unlink(missing_ok=True)
    return [row("unseen pages", found, "bits/character")]


def main(args: Args) -> None:
    """Do what is asked for."""
    args.run()


if __name__ == "__main__":
    run_script(main, Args, __doc__)
