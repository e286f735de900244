"""Connections between all processes that carry nothing but a last word, and break at once where a process ends."""

from __future__ import annotations

import os
import socket

from torch import distributed as dist

from physim.errors import PhysimError

SIZE = 4
"""Bytes of a word, a whole number."""
PATIENCE = 60.0
"""Seconds within which all processes, which are there, have called one another."""


def lines() -> dict[int, socket.socket]:
    """Connect this process with all others, which do so too; gives its connections by rank.

    These are not gloo's: what waits there for a process that dies may wait for ever.

    Raises: PhysimError where another process dies meanwhile.
    """
    rank, found = dist.get_rank(), dict[int, socket.socket]()
    family, own = _address()
    with socket.create_server((own, 0), family=family) as server:
        server.settimeout(PATIENCE)
        addresses: list[tuple[str, int]] = [("", 0)] * dist.get_world_size()
        dist.all_gather_object(addresses, server.getsockname()[:2])
        try:
            for other in range(rank):
                found[other] = socket.create_connection(addresses[other], PATIENCE)
                send(found[other], rank)
            while len(found) < len(addresses) - 1:
                line, _ = server.accept()
                found[received(line)] = line
        except OSError as error:
            raise PhysimError(f"a process died before all were connected: rank {rank} ends too") from error
    for line in found.values():
        line.settimeout(None)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a host that vanishes says nothing
    return found


def send(line: socket.socket, word: int) -> None:
    """Say a word; raises OSError where the connection broke."""
    line.sendall(word.to_bytes(SIZE, "big", signed=True))


def received(line: socket.socket) -> int:
    """The next word, which is waited for; raises OSError where the connection breaks before."""
    said = line.recv(SIZE, socket.MSG_WAITALL)
    if len(said) < SIZE:
        raise ConnectionResetError("the other process ended")
    return int.from_bytes(said, "big", signed=True)


def _address() -> tuple[int, str]:
    """The address of this host, as the first process sees it, and its family."""
    first = socket.getaddrinfo(os.environ.get("MASTER_ADDR", "127.0.0.1"), 1, type=socket.SOCK_DGRAM)[0]
    with socket.socket(first[0], socket.SOCK_DGRAM) as probe:
        probe.connect(first[4])  # which sends nothing
        return first[0], probe.getsockname()[0]
