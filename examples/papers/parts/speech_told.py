"""A voice that is told what to say, by phones and by pitch: a part of wavenet.py.

The speech is synthetic, and judged by bits and by a recogniser: neither is an opinion of listeners.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.generation import generate
from learners.sequences.kept import trained
from learners.sequences.listener import edits
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.sounds import read_wav, spectrograms, write_wav
from learners.sequences.wavenet import FEATURES, ordered, receptive_field, wavenet
from parts.sequence_cells import (
    CHANNELS,
    COSTS,
    DILATIONS,
    OVER_SEEDS,
    SKIPS,
    cells,
    figures_of,
    less,
    mean_or_diverged,
    means,
    outcome,
    rows_of,
    training_of,
    tuned,
)
from physim.arrays import Singles
from physim.checks import TEST_SEEDS_FROM
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data.parts import PARTS, Part
from worlds.spoken import PHONES, RATE, Utterance, sentences, spoken

VOICE = "slt"
SENTENCES: dict[Part, int] = {"train": 600, "valid": 8, "test": 24}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COUNTED, ROW = 120, 6
"""How many digits are said for the recogniser, and in rows of how many."""
STRIDES = (4, 4, 5)
FRAME = 80
"""Samples of a frame, 5 ms."""
LENGTH, BATCH = 4000, 4
UPDATES, SECONDS, VERDICTS = 2400, 0.22, 4
"""Updates, and how long one takes on one core, about."""
RATES, TUNING_SHARE = (3e-3, 1e-2), 3
"""Rates that are tried, for a part of the updates, on the validation part."""
TEMPERATURE = 0.8
"""Of what is said: at 1 a voice hisses that has learned for minutes."""
MIDDLE_PITCH = np.log(180.0)
PHONES_TOLD = 2 * len(PHONES) + 2
"""Features of a frame that tell phones; the others tell the pitch."""
MOST = "phones and pitch"
ARMS = {MOST: PHONES_TOLD + 2, "phones": PHONES_TOLD, "nothing": 0}
"""How many features each is told, from the first on."""


def table(args: PaperSettings) -> str:
    """Bits a sample of each arm, and the digits that a recogniser gets wrong of what it says.

    The first row of digits of each is kept, as sound and as spectra.
    """
    seconds, work = dict.fromkeys(ARMS, SECONDS), partial(run, args.folder)
    rates = tuned(args, "told", seconds, UPDATES // TUNING_SHARE, RATES, work).rates
    asked = cells(args, seconds, UPDATES, rates)
    asked += [Cell(arm, 0, (("updates", 0), ("rate", 0.0)), 0.5) for arm in NATURAL]
    values = figures_of(rows_of(args, "told", asked, work), ("arm", "name"))
    written = {arm: path for arm in (*ARMS, *NATURAL) if (path := clip(args.folder, arm)).exists()}  # not who diverged
    clips = {arm: read_wav(path) for arm, path in written.items()}
    args.draw("told", spectrograms(clips, RATE))
    lines: list[list[object]] = []
    for arm in ARMS:
        found = [values.get((arm, name)) for name in ("bits", "words")]
        beside = [less(each, values.get((MOST, name))) for name, each in zip(("bits", "words"), found, strict=True)]
        less_most = [None, None] if arm == MOST else beside
        lines.append([arm, *map(mean_or_diverged, found), *less_most, *means(values, COSTS, arm)])
    lines += [[arm, None, mean_or_diverged(values.get((arm, "words"))), *(2 + len(COSTS)) * [None]] for arm in NATURAL]
    names = (
        "bits/sample",
        f"digits wrong of {COUNTED}, as a share",
        f"bits, less those of {MOST}",
        "wrong, less those",
    )
    told = (
        f"Times of phones and pitches are flite's own; words are said at a temperature of {TEMPERATURE}. What is "
        "told enters by transposed convolutions, which are most of the parameters that are more than those of nothing. "
        f"{OVER_SEEDS}"
    )
    return f"{markdown(('slt, 16 kHz', *names, *COSTS.values()), lines)}\n{told}\n"


def check() -> None:
    """Refuse to begin without what is said, what speaks, what finds pitches and what hears."""
    sentences("test")
    for name in ("parselmouth", "pocketsphinx"):
        extra(name)
    spoken("yes", VOICE)


def clip(folder: Path, arm: str) -> Path:
    """Where the first row of digits that an arm says is kept."""
    return folder / f"told_{arm.replace(' ', '_').replace(',', '')}.wav"


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """What comes of an arm, or of the speech that it learned from."""
    if cell.arm in NATURAL:
        sounds = [NATURAL[cell.arm](one.sound) for one in counted()]
        write_wav(clip(folder, cell.arm), sounds[0], RATE)
        return [{"name": "words", "value": words_wrong(sounds, counted())}]
    torch.manual_seed(cell.seed)
    features = ARMS[cell.arm]
    net = ordered(wavenet(LEVELS, CHANNELS, SKIPS, DILATIONS, features=features, strides=STRIDES if features else ()))
    context = (1 - -receptive_field(DILATIONS) // FRAME) * FRAME  # a frame more: the first is blended with none
    train, valid, test = ([row(one, features) for one in said(part)] for part in PARTS)
    crops = Crops(train, LENGTH, context, LEVELS, BATCH, cell.seed, FRAME)
    path, settings = net_path(folder, "told", cell), training_of(cell, VERDICTS)
    progress = trained(path, net, settings, crops, lambda judged: bits(judged, valid, LEVELS))
    show = partial(keep, clip(folder, cell.arm), net, features)
    return outcome(cell, net, progress, partial(figures, net, test, features), show)


def figures(net: ModuleGraph, test: Sequence[SymbolRow], features: int) -> dict[str, float]:
    """Bits a sample of a network, and words wrong of what it says."""
    sounds = [speech(net, row(one, features), seed) for seed, one in enumerate(counted())]
    return {"bits": bits(net, test, LEVELS), "words": words_wrong(sounds, counted())}


def keep(path: Path, net: ModuleGraph, features: int) -> None:
    """Write the first row of digits as a network says it."""
    write_wav(path, speech(net, row(counted()[0], features), 0), RATE)


def speech(net: ModuleGraph, told: SymbolRow, seed: int) -> Singles:
    """What a voice says that is told as a row is."""
    given = {name: value[None] for name, value in told.frames.items()}
    symbols = generate(net, len(told.symbols), given=given, seed=seed, temperature=TEMPERATURE)
    return decoded(symbols[0]).numpy()


@lru_cache(maxsize=3)
def said(part: Part) -> list[Utterance]:
    """Sentences of a part."""
    texts = sentences(part)
    return [spoken(text, VOICE) for text in texts[:: max(1, len(texts) // SENTENCES[part])][: SENTENCES[part]]]


@lru_cache(maxsize=1)
def counted() -> list[Utterance]:
    """Rows of digits, which a recogniser of digits is to hear."""
    random = np.random.default_rng(TEST_SEEDS_FROM)
    return [spoken(" ".join(random.choice(DIGITS, ROW)), VOICE) for _ in range(COUNTED // ROW)]


def row(one: Utterance, features: int) -> SymbolRow:
    """A sentence of whole frames in mu-law, and so many features of each."""
    count = len(one.sound) // FRAME
    symbols = encoded(torch.from_numpy(one.sound[: count * FRAME].copy()))
    return SymbolRow(symbols, frames={FEATURES: _frames(one)[:count, :features]} if features else {})


def _frames(one: Utterance) -> Tensor:
    """The phone of each frame and the next one, both one-hot, the share of it that is past, its length (s), whether it
    has a pitch, and the logarithm of that about the voice's [S, 86].
    """
    times = (np.arange(len(one.sound) // FRAME) + 0.5) * FRAME / RATE
    places = np.searchsorted(one.ends, times, side="right").clip(max=len(one.phones) - 1)
    begins = np.concatenate([[0.0], one.ends[:-1]])
    lengths = np.maximum(one.ends - begins, 1e-3)
    known = np.eye(len(PHONES))
    after = np.append(one.phones[1:], PHONES.index("pau"))
    past = (times - begins[places]) / lengths[places]
    pitch = _pitch(one, times)
    columns = [past, 5 * lengths[places], pitch > 0, np.where(pitch > 0, 3 * (np.log(pitch.clip(1)) - MIDDLE_PITCH), 0)]
    told = np.concatenate([known[one.phones[places]], known[after[places]], np.column_stack(columns)], axis=1)
    return torch.from_numpy(told).float()


def _pitch(one: Utterance, times: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The pitch (Hz) at times (s), 0 where there is none."""
    praat = extra("parselmouth")
    found = praat.Sound(one.sound.astype(np.float64), RATE).to_pitch(time_step=FRAME / RATE)
    places = np.rint((times - found.xs()[0]) * RATE / FRAME).astype(int).clip(0, len(found.xs()) - 1)
    pitch: np.ndarray[Any, np.dtype[np.float64]] = found.selected_array["frequency"][places]
    return pitch


def words_wrong(sounds: Sequence[Singles], said: Sequence[Utterance]) -> float:
    """How many edits a word what a recogniser hears of sounds is from what was said."""
    wrong = [edits(_recognised(sound), _words(one.text)) for sound, one in zip(sounds, said, strict=True)]
    return sum(wrong) / sum(len(_words(one.text)) for one in said)


def _recognised(sound: Singles) -> list[str]:
    decoder = _recogniser()
    decoder.start_utt()
    decoder.process_raw((sound.clip(-1, 1) * (2**15 - 1)).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return [] if found is None else _words(found.hypstr)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


@lru_cache(maxsize=1)
def _recogniser() -> Any:
    """A recogniser that knows digits only, any number of them."""
    decoder = extra("pocketsphinx").Decoder(samprate=RATE, loglevel="FATAL")
    decoder.add_jsgf_string("digits", f"#JSGF V1.0; grammar digits; public <said> = ({' | '.join(DIGITS)})*;")
    decoder.activate_search("digits")
    return decoder


def extra(name: str) -> Any:
    """A module of the extra `speech`."""
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise PhysimError(f"{name} is not installed: pip install 'physim[speech]'") from None


def _in_levels(sound: Singles) -> Singles:
    levels: Singles = decoded(encoded(torch.from_numpy(sound.copy()))).numpy()
    return levels


NATURAL: Mapping[str, Any] = {"flite itself": lambda sound: sound, "flite in 256 levels": _in_levels}
"""What the recogniser is told that no WaveNet made."""
