"""Wires that do not wait: another gradient than the true one goes back, and a synthesizer learns from the true one."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, final

from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.context import Context
from physim.graph.crossings import crossed, replaced
from physim.graph.nodes import Later, checked_module
from physim.graph.ports import Node, Port, same_graph, same_place
from physim.graph.regression import Regression, guessed


class Cutting(Node):
    """A node that reads a value and what else is given, and cuts the way back; sequences are folded into items."""

    brief = True

    def __init__(self, kind: str, synthesizer: nn.Module, port: Port, given: tuple[Port, ...] = ()) -> None:
        checked_module(f"{kind}('{port.name}')", synthesizer)
        same_graph(kind, (port, *given))
        self.kind = kind
        super().__init__(port.graph, f"{kind}({port.label})", (port, *given))
        self.graph.connect(self, (same_place(kind, (port, *given)),))
        self.synthesizer = self.graph.equip(self.ports[0].name, synthesizer)

    @property
    def active(self) -> bool:
        """Whether anything is cut now: in graphs that train, where gradients are taken."""
        return self.graph.teaches

    @property
    def reads(self) -> tuple[Port, ...]:
        return self.sources if self.active else self.sources[:1]  # labels are wanted in training alone

    def tick(self, values: list[Any], context: Context) -> None:
        value, *given = (values[port.slot] for port in self.sources)
        values[self.ports[0].slot] = self.passed(value, given, context) if self.active else value

    def ticks(self, values: list[Any], context: Context) -> None:
        if context.changing(self.ports[0].place.kind) or not self.active:
            self.tick(values, context)
            return
        value, *given = (values[port.slot].flatten(0, 1) for port in self.sources)
        values[self.ports[0].slot] = self.passed(value, given, context).unflatten(0, (-1, context.length or 0))

    @abstractmethod
    def passed(self, value: Tensor, given: list[Tensor], context: Context) -> Tensor:
        """What goes on in the place of a value [B, ...]."""


@final
class Decoupled(Cutting):
    """The value goes on, and a synthetic gradient comes back; see `decoupled`."""

    def __init__(
        self, synthesizer: nn.Module, port: Port, given: tuple[Port, ...], scale: float, mix: float, prop: float
    ) -> None:
        super().__init__("decoupled", synthesizer, port, given)
        self.regression, self.prop = Regression(self.name, self.synthesizer, scale, mix), prop

    def passed(self, value: Tensor, given: list[Tensor], context: Context) -> Tensor:
        seen = value.detach()
        if self.prop:
            seen = seen + self.prop * (value - seen)
        return crossed(value, self.regression.guess(seen, *(one.detach() for one in given)), self.regression)


@final
class Echoed(Cutting):
    """The value goes on, and the gradient of another port comes back through a module; see `decoupled`."""

    def __init__(self, module: nn.Module, port: Port, error: Port) -> None:
        for name, parameter in checked_module(f"decoupled('{port.name}')", module).named_parameters():
            if parameter.requires_grad:
                raise PhysimError(
                    f"decoupled('{port.name}'): with `error` nothing is learned, but the module's '{name}' would be; "
                    f"wanted requires_grad=False, or a module of buffers, such as Feedback"
                )
        super().__init__("decoupled", module, port)
        self.error = error

    def passed(self, value: Tensor, given: list[Tensor], context: Context) -> Tensor:
        echo = _Echo(self.name, self.error.name)
        context.awaited.append((self.heard.slot, echo))
        return crossed(value, self.synthesizer(value), echo)

    @property
    def heard(self) -> Port:
        """The port whose gradient is heard: what the error is tied to, which runs whether or not the tie does."""
        port = self.error
        while isinstance(port.node, Later) and port.node.sources:
            port = port.node.sources[0]
        return port

    def check_heard(self) -> None:
        """Refuse to cut where the ticks of the error do not run with those of the wire.

        Raises: PhysimError with both names.
        """
        if self.active:
            raise PhysimError(
                f"{self.name} hears '{self.error.name}', but one of them is on a cycle through delays, whose ticks run "
                f"one by one, and the other is not; wanted both on it, or neither"
            )


class _Echo:
    """The gradient of an error, kept from when it comes until it is wanted."""

    def __init__(self, wire: str, error: str) -> None:
        self.wire, self.error = wire, error
        self.gradient: Tensor | None = None

    def __call__(self, gradient: Tensor) -> None:
        self.gradient = gradient

    def met(self, gradient: Tensor, synthetic: Tensor) -> tuple[None, Tensor]:
        """Nothing goes straight back; the error's gradient goes through the module."""
        if self.gradient is None:
            raise PhysimError(f"{self.wire} hears nothing of its error: the loss does not depend on '{self.error}'")
        return None, self.gradient.reshape(synthetic.shape)


@final
class Imagined(Cutting):
    """Another value goes on while the graph trains, made from what is given alone; see `imagined`."""

    def __init__(self, synthesizer: nn.Module, port: Port, given: tuple[Port, ...]) -> None:
        super().__init__("imagined", synthesizer, port, given)

    def passed(self, value: Tensor, given: list[Tensor], context: Context) -> Tensor:
        guess = guessed(self.name, self.synthesizer, *(one.detach() for one in given))
        if guess.shape != value.shape:
            raise PhysimError(f"{self.name}: imagined is {list(guess.shape)} for a value of {list(value.shape)}")
        return replaced(value, guess)


def decoupled(
    port: Port,
    synthesizer: nn.Module,
    *,
    given: Port | tuple[Port, ...] = (),
    error: Port | None = None,
    scale: float = 1.0,
    mix: float = 0.0,
    prop: float = 0.0,
) -> Port:
    """The value of a port, to which a synthetic gradient comes back at once (arXiv:1608.05343).

    `synthesizer(value, *given)` guesses the gradient of the loss by the value: a `Synthesizer`, or any module that
    gives a tensor like the value. One `backward` does it all: below the wire goes `scale` times the guess; the
    synthesizer's own parameters receive the gradient of its loss, the mean over items of the squared error of an item's
    gradient, once the true one arrives from above; that may stem from further synthesizers. `mix` of the true gradient
    goes back in the guess's place (BP(lambda) of the paper), and `prop` times the slope of the synthesizer's loss is
    added (SG+prop of arXiv:1703.00522). Graphs in `eval()` have no cuts: gradients are the true ones.

    With `error`, a port downstream, nothing is learned: what goes back is the gradient of the error through the module,
    G^T dL/d(error) with G its Jacobian. A fixed random matrix makes that feedback alignment (the error is what the next
    layer computes first) or direct feedback alignment (it is the output), ones make it Kickback: see `Feedback`.

    Shapes: the port's [B, ...], which the guess has too; ticks are folded into items.
    Raises: PhysimError where ports do not fit, now, or a guess does not, when the graph runs.
    """
    several = (given,) if isinstance(given, Port) else tuple(given)
    if error is None:
        return Decoupled(synthesizer, port, several, scale, mix, prop).ports[0]
    if several or (scale, mix, prop) != (1.0, 0.0, 0.0):
        raise PhysimError("decoupled: with `error` the module sees the value alone, and nothing is scaled or mixed")
    same_graph("decoupled", (port, error))
    return Echoed(synthesizer, port, error).ports[0]


def imagined(port: Port, synthesizer: nn.Module, given: Port | tuple[Port, ...]) -> Port:
    """Another value in the place of a port's while the graph trains: what reads it need not wait for the port.

    `synthesizer(*given)` guesses the value, as in the paper's complete unlock from the network's input; its loss is the
    mean over items of the squared error. The gradient of the guess goes back to the port as if it were the port's; cut
    that too by `imagined(decoupled(port, ...), ...)`. Graphs in `eval()` pass the true value.

    Shapes: the port's, which the guess has too; ticks are folded into items.
    """
    several = (given,) if isinstance(given, Port) else tuple(given)
    if not several:
        raise PhysimError("imagined: `given` is empty, wanted a port at least that the value is guessed from")
    return Imagined(synthesizer, port, several).ports[0]
