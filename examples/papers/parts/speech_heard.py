"""Phones heard by WaveNets with one loss and with two, and by the same head on cepstra: a part of wavenet.py.

The speech is synthetic, so that the time of every phone is known: errors are not those of TIMIT.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.kept import trained
from learners.sequences.listener import (
    BESIDE,
    CEPSTRA,
    FRAME,
    PHONE,
    cepstral_listener,
    edits,
    frame_targets,
    heard_in,
    listener,
    phones_in,
)
from learners.sequences.losses import UNCOUNTED, Likelihood
from learners.sequences.mu_law import LEVELS, encoded
from learners.sequences.rows import Batch, Crops, SymbolRow
from learners.sequences.wavenet import LOGITS, SYMBOL, ordered, receptive_field
from parts.sequence_cells import (
    CHANNELS,
    COSTS,
    DILATIONS,
    OVER_SEEDS,
    SKIPS,
    cells,
    curves,
    figures_of,
    less,
    means,
    outcome,
    rows_of,
    training_of,
    tuned,
)
from parts.speech_told import extra
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data.parts import Part
from worlds.spoken import PHONES, RATE, VOICES, Utterance, sentences, spoken

NEW = "awb"
"""The voice that is only tested on."""
KNOWN = tuple(voice for voice in VOICES if voice != NEW)
SENTENCES: dict[Part, int] = {"train": 600, "valid": 8, "test": 40}
"""Of each voice; every voice says others."""
UPDATES, VERDICTS = 2000, 6
RATES, TUNING_SHARE = (3e-3, 1e-2), 2
"""That are tried with sound, for a part of the updates."""
CEPSTRAL_RATES = (1e-3, 3e-3, 1e-2)
"""That are tried with cepstra, by all updates."""
LENGTH, BATCH = 12_000, 2
"""Samples that count of a piece of sound, and how many pieces an update has."""
BOTH, ALONE = "both losses", "phones alone"
CEPSTRAL = {"cepstra": (LENGTH // FRAME, BATCH), "cepstra, more heard": (200, 8)}
"""Frames of a piece, and pieces of an update: as many as of sound, or as many as take no longer."""
ARMS = {BOTH: 0.4, ALONE: 0.33, **dict.fromkeys(CEPSTRAL, 0.02)}
"""Seconds an update takes on one core, about."""
SHORTEST = (1, 2, 3, 4)
"""How many frames a phone must be heard to count: what is best on the validation part, for every arm."""
JUDGED = [f"{voices}: {name} (%)" for voices in ("known voices", "a new voice") for name in ("frames", "phones")]
"""What is heard wrongly."""
PAUSE = PHONES.index("pau")
AFTER = (1 + BESIDE) * FRAME
"""Samples of silence behind a sentence, so that its last frame is heard too."""


def table(args: PaperSettings) -> str:
    """Errors on sentences that were not trained on, by voices that were and by one that was not."""
    work, cepstral = partial(run, args.folder), {arm: ARMS[arm] for arm in CEPSTRAL}
    sounds = {arm: seconds for arm, seconds in ARMS.items() if arm not in CEPSTRAL}
    rates = tuned(args, "phones_of_sound", sounds, UPDATES // TUNING_SHARE, RATES, work).rates
    rates |= tuned(args, "phones_of_cepstra", cepstral, UPDATES, CEPSTRAL_RATES, work).rates
    asked = cells(args, ARMS, UPDATES, rates)
    rows = rows_of(args, "phones", asked, work)
    args.draw("phones", curves(rows, "share of frames heard wrongly"))
    values = figures_of(rows, ("arm", "name"))
    heard = {cell.arm: cell["updates"] * frames_of(cell.arm) for cell in asked}
    lines = [[arm, frames, *means(values, (*JUDGED, *COSTS), arm)] for arm, frames in heard.items()]
    pairs = [(BOTH, ALONE), *((BOTH, arm) for arm in CEPSTRAL)]
    beside = [
        [f"{one} - {other}", *(less(values.get((one, name)), values.get((other, name))) for name in JUDGED)]
        for one, other in pairs
    ]
    table = markdown(("", "frames learned from, at most", *JUDGED, *COSTS.values()), lines)
    return f"{table}\n{markdown(('difference, seed by seed', *JUDGED), beside)}\n{OVER_SEEDS}\n"


def check() -> None:
    """Refuse to begin without what is said, what speaks and what finds cepstra."""
    sentences("test")
    extra("parselmouth")
    spoken("yes")


def frames_of(arm: str) -> int:
    """How many frames an update learns from, at most."""
    length, batch = CEPSTRAL.get(arm, (LENGTH // FRAME, BATCH))
    return length * batch


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Shares of frames and of phones that are heard wrongly."""
    torch.manual_seed(cell.seed)
    cepstral = cell.arm in CEPSTRAL
    net = cepstral_listener(len(PHONES), 39) if cepstral else ordered(listener(len(PHONES), CHANNELS, SKIPS, DILATIONS))
    losses = [Likelihood(net[PHONE], "hearing", PHONE)]
    if cell.arm == BOTH:
        losses.append(Likelihood(net[LOGITS]))
    train, valid = (rows_said(part, KNOWN, cepstral) for part in ("train", "valid"))
    if cepstral:
        length, batch = CEPSTRAL[cell.arm]
        crops = Crops(train, length, 2 * BESIDE, 0, batch, cell.seed)
    else:
        context = receptive_field(DILATIONS) + (2 * BESIDE + 1) * FRAME
        crops = Crops(train, LENGTH, context, LEVELS, BATCH, cell.seed)
    path, batches, told = net_path(folder, "phones", cell), partial(_batch, net, crops), said("valid", KNOWN)

    def judge(judged: ModuleGraph) -> float:
        return errors(hear(judged, valid), told)["frames"]

    progress = trained(path, net, training_of(cell, VERDICTS), batches, judge, losses)
    return outcome(cell, net, progress, partial(figures, net, cepstral))


def figures(net: ModuleGraph, cepstral: bool) -> dict[str, float]:
    """What is heard wrongly (%) in test sentences; how long a phone must be heard is chosen by others."""
    heard, told = hear(net, rows_said("valid", KNOWN, cepstral)), said("valid", KNOWN)
    least = min(SHORTEST, key=lambda each: errors(heard, told, each)["phones"])
    found = {}
    for label, voices in {"known voices": KNOWN, "a new voice": (NEW,)}.items():
        wrong = errors(hear(net, rows_said("test", voices, cepstral)), said("test", voices), least)
        found |= {f"{label}: {name} (%)": 100 * share for name, share in wrong.items()}
    return found


def _batch(net: ModuleGraph, crops: Crops, update: int) -> Batch:
    return _read(net, crops(update))


def _read(net: ModuleGraph, batch: Batch) -> Batch:
    """What a graph reads of a batch."""
    return {name: value for name, value in batch[0].items() if name in net.inputs}, batch[1]


def hear(net: ModuleGraph, rows: Sequence[SymbolRow]) -> list[Tensor]:
    """Of each row, the phones of its frames: those that are heard, and those that are said [2, S]."""
    found = []
    for row in rows:
        before = torch.cat([torch.tensor([LEVELS]), row.symbols[:-1]])
        inputs = {name: value[None] for name, value in ({SYMBOL: before} | dict(row.ticks)).items()}
        wanted = row.wanted[PHONE]
        heard = heard_in(net, net[PHONE], _read(net, (inputs, {}))[0], wanted)
        found.append(torch.stack([heard.cpu(), wanted[wanted != UNCOUNTED]]))
    return found


def errors(heard: Sequence[Tensor], utterances: Sequence[Utterance], least: int = 1) -> dict[str, float]:
    """The shares of frames that are heard wrongly, and of phones: how many edits a phone that is said.

    Phones count that are heard for as many frames as `least`.
    """
    wrong = sum(int((one != other).sum()) for one, other in heard)
    said = [[int(phone) for phone in one.phones if phone != PAUSE] for one in utterances]
    changes = [edits(phones_in(one.tolist(), PAUSE, least), told) for (one, _), told in zip(heard, said, strict=True)]
    return {"frames": wrong / sum(each.shape[1] for each in heard), "phones": sum(changes) / sum(map(len, said))}


@lru_cache(maxsize=8)
def rows_said(part: Part, voices: tuple[str, ...], cepstral: bool) -> list[SymbolRow]:
    """The sentences of a part as rows of sound, or of cepstra."""
    return [cepstral_row(one) if cepstral else sound_row(one) for one in said(part, voices)]


@lru_cache(maxsize=8)
def said(part: Part, voices: tuple[str, ...]) -> list[Utterance]:
    """Sentences of a part, each by one of these voices."""
    texts, wanted = sentences(part), SENTENCES[part] * len(VOICES)
    if len(texts) < wanted:
        raise PhysimError(f"the {part} part has {len(texts)} sentences, wanted {wanted}")
    texts = texts[:: len(texts) // wanted]
    return [
        spoken(texts[len(VOICES) * number + VOICES.index(voice)], voice)
        for number in range(SENTENCES[part])
        for voice in voices
    ]


def sound_row(one: Utterance) -> SymbolRow:
    """A sentence of whole frames in mu-law, with what is to be heard."""
    count = len(one.sound) // FRAME * FRAME
    symbols = functional.pad(encoded(torch.from_numpy(one.sound[:count].copy())), (0, AFTER), value=LEVELS // 2)
    labels = functional.pad(torch.from_numpy(one.labels[:count].copy()), (0, AFTER), value=PAUSE)
    return SymbolRow(symbols, wanted={PHONE: frame_targets(labels)})


def cepstral_row(one: Utterance) -> SymbolRow:
    """The cepstra of a sentence, frame by frame, with what is to be heard."""
    cepstra = _cepstra(one)
    middles = torch.from_numpy(one.labels[FRAME // 2 :: FRAME][: len(cepstra)].copy())
    wanted = functional.pad(middles, (BESIDE, 0), value=UNCOUNTED)
    ticks = functional.pad(cepstra[: len(middles)], (0, 0, 0, BESIDE))
    return SymbolRow(torch.zeros(len(wanted), dtype=torch.int64), ticks={CEPSTRA: ticks}, wanted={PHONE: wanted})


def _cepstra(one: Utterance) -> Tensor:
    """13 cepstra of each frame of 10 ms, and how they and these change, normalised over the sentence [S, 39]."""
    found = extra("parselmouth").Sound(one.sound.astype(np.float64), RATE).to_mfcc(12, 0.025, FRAME / RATE)
    values, times = found.to_array().T, found.xs()
    middles = (np.arange(len(one.sound) // FRAME) + 0.5) * FRAME / RATE
    places = np.rint((middles - times[0]) * RATE / FRAME).astype(int).clip(0, len(times) - 1)
    still = values[places]
    moving = np.gradient(still, axis=0)
    every = np.concatenate([still, moving, np.gradient(moving, axis=0)], axis=1)
    return torch.from_numpy((every - every.mean(0)) / (every.std(0) + 1e-6)).float()
