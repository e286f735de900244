"""The speeds behind `physim bench sequences`: generation, plain and fast, beside what it would be without memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import product
from statistics import median

import torch
from tqdm import trange

from learners.sequences.bytenet import SET, byte_model
from learners.sequences.compiled import Compiled
from learners.sequences.fused import Fused
from learners.sequences.masked import MaskedDecoder
from learners.sequences.pixels import drawn_frame
from learners.sequences.streams import Stream
from learners.sequences.video_pixels import DECODER, video_pixel_network
from learners.sequences.wavenet import BLOCK, SYMBOL, receptive_field, wavenet
from learners.sequences.ways import Plain, Sampling, Way
from physim.graph import ModuleGraph
from physim.reports import Row, row
from physim.threads import one_thread

ROUNDS = 5
FUSED_SAMPLES, PLAIN_SAMPLES, NAIVE_SAMPLES, COMPILED_SYMBOLS = 16_000, 200, 3, 500
LAYERS = range(1, 13)
"""How many layers, each of twice the dilation of the one before, the law of cost is shown for."""
SIDES = (16, 32, 64)
LENGTHS = (500, 1000, 2000)
"""Characters that a ByteNet writes."""


def sequences(progress: bool = True) -> list[Row]:
    """Symbols a second that one stream is made at, on one core, by models of random weights."""
    with one_thread():
        rounds = trange(ROUNDS, desc="rounds", disable=None if progress else True)
        found = wavenet_speeds(rounds, FUSED_SAMPLES, PLAIN_SAMPLES)
        laws = trange(len(LAYERS), desc="layers", disable=None if progress else True)
        found += cost_law([LAYERS[number] for number in laws], NAIVE_SAMPLES)
        found += length_law(LENGTHS, ROUNDS) + pixel_speeds(SIDES, ROUNDS)
        return found + (compiled_speed(range(ROUNDS), COMPILED_SYMBOLS) if Compiled.possible() else [])


def wavenet_speeds(rounds: Iterable[object], fused: int, plain: int) -> list[Row]:
    """A WaveNet of 30 layers, 32 residual and 64 skip channels: medians of rounds in which all are measured."""
    net = wavenet(channels=32, skips=64, dilations=3 * BLOCK).eval()
    ours, theirs = speeds_of(net, {Fused: fused, Plain: plain}, rounds)
    return [
        row("WaveNet of 30 layers, fused step", ours, "samples/s", "the plain step", theirs),
        row("WaveNet of 30 layers, plain step", theirs, "samples/s"),
    ]


def compiled_speed(rounds: Iterable[object], count: int) -> list[Row]:
    """A ByteNet by the compiled step, beside the plain one: medians of rounds in which both are measured."""
    net = byte_model(128, width=64, dilations=2 * SET).eval()
    ours, theirs = speeds_of(net, {Compiled: count, Plain: count}, rounds)
    return [row("ByteNet, compiled step", ours, "characters/s", "the plain step", theirs)]


def speeds_of(
    net: ModuleGraph, ways: Mapping[Callable[[ModuleGraph], Way], int], rounds: Iterable[object]
) -> list[float]:
    """Symbols a second by each way, which is asked for so many in each round: medians."""
    streams = [(Stream(net, way=way(net)), count) for way, count in ways.items()]
    speeds: dict[Stream, list[float]] = {stream: [] for stream, _ in streams}
    for stream, _ in streams:
        stream.step(8)  # compiled and warm
    for number, _ in enumerate(rounds):
        for stream, count in streams if number % 2 else reversed(streams):
            speeds[stream].append(_speed(partial(stream.step, count), count))
    return [median(each) for each in speeds.values()]


def cost_law(layers: Iterable[int], samples: int) -> list[Row]:
    """Milliseconds a sample, by how many layers there are: with memory, and from the whole receptive field anew."""
    found: list[Row] = []
    for count in layers:
        dilations = [2**number for number in range(count)]
        net = wavenet(channels=32, skips=64, dilations=dilations).eval()
        seen = torch.zeros(1, receptive_field(dilations), dtype=torch.int64)
        stream = Stream(net, way=Plain(net))
        stream.step(2)
        cached = 1 / _speed(partial(stream.step, PLAIN_SAMPLES // 4), PLAIN_SAMPLES // 4)
        naive = 1 / _speed(partial(_again, net, seen, samples), samples)
        found.append(row(f"WaveNet of {count} layers, with memory", 1e3 * cached, "ms/sample", "without", 1e3 * naive))
    return found


def length_law(lengths: Iterable[int], rounds: int) -> list[Row]:
    """Seconds that a ByteNet takes for texts of some lengths: medians."""
    net = byte_model(128, width=64, dilations=2 * SET).eval()
    seconds: dict[int, float] = {}
    for length in lengths:
        seconds[length] = median(1 / _speed(partial(Stream(net).step, length), 1) for _ in range(rounds))
    return [
        row(f"ByteNet, {length} characters", value, "s", "half as many", seconds.get(length // 2))
        for length, value in seconds.items()
    ]


@torch.no_grad()
def pixel_speeds(sides: Iterable[int], rounds: int) -> list[Row]:
    """Seconds that a Video Pixel Network takes to draw a frame, beside running its decoder anew for each pixel."""
    net = video_pixel_network(1, 2, 16, (1,), 6).eval()
    decoder = net.get_submodule(DECODER)
    assert isinstance(decoder, MaskedDecoder)
    found: list[Row] = []
    for side in sides:
        context, random = torch.randn(1, 32, side, side), torch.Generator()
        drawn_frame(decoder, context, random)  # compiled
        cached = median(1 / _speed(partial(drawn_frame, decoder, context, random), 1) for _ in range(rounds))
        plain = 1 / _speed(partial(drawn_anew, decoder, context, random), 1)
        found.append(row(f"VPN, a frame of {side} x {side}", cached, "s", "without memory", plain))
    return found


@torch.no_grad()
def drawn_anew(decoder: MaskedDecoder, context: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """The frame [1, H, W, 1] of two classes that `drawn_frame` draws, the whole of it foretold for each pixel."""
    _, _, height, width = context.shape
    chances = torch.rand(1, height, width, 1, generator=random, dtype=torch.float64)
    seen, sampling = -context.new_ones(1, 1, height, width), Sampling()
    for line, column in product(range(height), range(width)):
        value = sampling.draw(decoder(context, seen)[:, line, column, 0], chances[:, line, column, 0])
        seen[0, 0, line, column] = 2 * value - 1
    return (seen[0, 0, None, :, :, None] > 0).long()


@torch.no_grad()
def _again(net: ModuleGraph, seen: torch.Tensor, samples: int) -> None:
    for _ in range(samples):
        net({SYMBOL: seen})


def _speed(work: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)
