"""A voice that is told what to say, by phones and by pitch: a part of wavenet.py.

The speech is synthetic, and judged by bits and by a recogniser: neither is an opinion of listeners.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean_if_known
from learners.papers import PaperSettings, net_path
from learners.sequences.fused import Fused
from learners.sequences.generation import generate
from learners.sequences.kept import trained
from learners.sequences.listener import edits
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.rows import Batch, Crops, SymbolRow, bits
from learners.sequences.sounds import read_wav, spectrograms, write_wav
from learners.sequences.wavenet import FEATURES, receptive_field, wavenet
from parts.sequence_cells import COSTS, cells, outcome, training_of
from physim.arrays import Singles
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data.parts import Part
from worlds.spoken import PHONES, RATE, Utterance, sentences, spoken

VOICE = "slt"
SENTENCES: dict[Part, int] = {"train": 600, "valid": 8, "test": 24}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COUNTED, ROW, TEST_SEED = 120, 6, 90_000
"""How many digits are said for the recogniser, and in rows of how many."""
STRIDES = (4, 4, 5)
FRAME = 80
"""Samples of a frame, 5 ms."""
DILATIONS = 2 * tuple(2**power for power in range(9))
CHANNELS, SKIPS = 32, 64
UPDATES, STEP, SECONDS, VERDICTS = 1500, 3e-3, 0.45, 4
"""Updates, their rate, and how long one takes on one core, about."""
MIDDLE_PITCH = np.log(180.0)


class Telling(NamedTuple):
    """What a voice is told: phones, their pitch too, and whether it learns to spread frames over their samples."""

    phones: bool = True
    pitch: bool = True
    spread: bool = True


ARMS = {
    "told nothing": Telling(phones=False, pitch=False),
    "phones": Telling(pitch=False),
    "phones and pitch": Telling(),
    "phones and pitch, frames repeated": Telling(spread=False),
}


def table(args: PaperSettings) -> str:
    """Bits a sample of each arm, and the digits that a recogniser gets wrong of what it says.

    The first row of digits of each is kept, as sound and as spectra.
    """
    asked = cells(args, dict.fromkeys(ARMS, SECONDS), UPDATES, dict.fromkeys(ARMS, STEP))
    asked += [Cell(arm, 0, (("updates", 0), ("rate", 0.0)), 0.5) for arm in NATURAL]
    values = grouped(args.rows("told", asked, partial(run, args.folder)), ("arm", "name"))
    clips = {arm: read_wav(clip(args.folder, arm)) for arm in (*ARMS, *NATURAL) if clip(args.folder, arm).exists()}
    if clips:
        args.draw("told", spectrograms(clips, RATE))
    names = {"bits": "bits/sample", "words": f"digits wrong of {COUNTED}, as a share", **COSTS}
    lines = [[arm, *(mean_if_known(values.get((arm, name))) for name in names)] for arm in (*ARMS, *NATURAL)]
    return markdown(("slt, 16 kHz", *names.values()), lines)


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
    telling = ARMS[cell.arm]
    net = network(telling)
    context = -(-receptive_field(DILATIONS) // FRAME) * FRAME
    crops = Crops([row(one, telling, framed=True) for one in said("train")], 4000, context, LEVELS, 4, cell.seed, FRAME)
    valid, test = ([row(one, telling) for one in said(part)] for part in ("valid", "test"))
    path, batches = net_path(folder, "told", cell), partial(_batch, telling, crops)
    settings = training_of(cell, VERDICTS)
    progress = trained(path, net, settings, batches, lambda judged: bits(judged, valid, LEVELS))
    found = outcome(cell, net, progress, lambda: {"bits": bits(net, test, LEVELS)})
    if telling.phones:
        sounds = [speech(net, row(one, telling), seed) for seed, one in enumerate(counted())]
        if cell.seed == 0:
            write_wav(clip(folder, cell.arm), sounds[0], RATE)
        found.append({"name": "words", "value": words_wrong(sounds, counted())})
    return found


def _batch(telling: Telling, crops: Crops, update: int) -> Batch:
    """The batch of an update; frames are repeated here, where they are few."""
    inputs, targets = crops(update)
    if FEATURES in inputs and not telling.spread:
        inputs[FEATURES] = inputs[FEATURES].repeat_interleave(FRAME, 1)
    return inputs, targets


def network(telling: Telling) -> ModuleGraph:
    """The WaveNet of an arm."""
    features = len(_columns(telling))
    strides = STRIDES if telling.spread and features else ()
    return wavenet(LEVELS, CHANNELS, SKIPS, DILATIONS, features=features, strides=strides)


def speech(net: ModuleGraph, told: SymbolRow, seed: int) -> Singles:
    """What a voice says that is told as a row is."""
    given = {name: value[None] for name, value in ({**told.frames, **told.ticks}).items()}
    symbols = generate(net, len(told.symbols), given=given, seed=seed, way=Fused(net))
    return decoded(symbols[0]).numpy()


@lru_cache(maxsize=3)
def said(part: Part) -> list[Utterance]:
    """Sentences of a part."""
    texts = sentences(part)
    return [spoken(text, VOICE) for text in texts[:: max(1, len(texts) // SENTENCES[part])][: SENTENCES[part]]]


@lru_cache(maxsize=1)
def counted() -> list[Utterance]:
    """Rows of digits, which a recogniser of digits is to hear."""
    random = np.random.default_rng(TEST_SEED)
    return [spoken(" ".join(random.choice(DIGITS, ROW)), VOICE) for _ in range(COUNTED // ROW)]


def row(one: Utterance, telling: Telling, framed: bool = False) -> SymbolRow:
    """A sentence of whole frames in mu-law, and what an arm is told of it: frames where it reads them, or `framed`."""
    count = len(one.sound) // FRAME
    symbols = encoded(torch.from_numpy(one.sound[: count * FRAME].copy()))
    wanted = _columns(telling)
    if not wanted:
        return SymbolRow(symbols)
    told = _frames(one)[:count, wanted]
    if telling.spread or framed:
        return SymbolRow(symbols, frames={FEATURES: told})
    return SymbolRow(symbols, ticks={FEATURES: told.repeat_interleave(FRAME, 0)})


def _columns(telling: Telling) -> list[int]:
    """Which columns of the frames are told."""
    phones = 2 * len(PHONES) + 2
    return [*range(phones if telling.phones else 0), *((phones, phones + 1) if telling.pitch else ())]


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
