"""Recurrent networks of characters and samples, that others are measured by."""

from __future__ import annotations

from torch import nn

from learners.sequences.wavenet import EMBEDDING, LOGITS, SPEAKER, SYMBOL
from physim.checks import check_whole
from physim.graph import LSTM, ModuleGraph, added, builder, repeated


@builder("lstm_model")
def lstm_model(classes: int, units: int = 128, embedded: int = 32, speakers: int = 0) -> ModuleGraph:
    """Foretells each symbol from those before it, by an LSTM of so many `units`.

    Inputs: "symbol" [B, T] int64, at each tick the one *before* (`classes` at the first); "speaker" [B] int64, whole,
    where there are speakers. Ports: "logits" [B, T, classes].
    """
    check_whole(1, classes=classes, units=units, embedded=embedded)
    net = ModuleGraph()
    value = net.add(EMBEDDING, nn.Embedding(classes + 1, embedded), net.input(SYMBOL))
    if speakers:
        voice = net.add("voice", nn.Embedding(speakers, embedded), net.input(SPEAKER, whole=True))
        value = added(value, repeated(voice))
    core = net.add("core", LSTM(embedded, units), value)
    net.returns(net.add(LOGITS, nn.Linear(units, classes), core))
    return net
