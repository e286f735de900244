"""Simulating on the machines of a Ray cluster; needs the extra `cluster`."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, final
from urllib.parse import urlsplit

from physim.errors import PhysimError
from physim.scenes.files import Packed
from physim.workers import TRIES, Chunk, Workers, given_up


@final
class Cluster(Workers):
    """The Ray cluster that RAY_ADDRESS names, or else the one that this machine is part of.

    Every node wants physim in this version, but no files: chunks bring the text of a user's world along, and what they
    simulate comes back through Ray. Where a node dies, Ray simulates its chunks again on another.
    Raises: PhysimError where Ray is not installed or there is no cluster.
    """

    def __init__(self) -> None:
        self._ray, self._leave = joined_cluster()
        self._remote = self._ray.remote(max_retries=TRIES - 1)(_simulated)

    @property
    def ahead(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 1))

    def submit(self, chunk: Chunk, numbers: range) -> Callable[[], Packed]:
        return partial(self._result, self._remote.remote(chunk, numbers), numbers)

    def close(self) -> None:
        self._leave()

    def _result(self, reference: Any, numbers: range) -> Packed:
        errors = self._ray.exceptions
        try:
            packed: Packed = self._ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, PhysimError):
                raise error.cause from None
            raise
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.ObjectLostError, errors.OutOfMemoryError):
            raise given_up(numbers) from None
        except errors.RayError as error:
            raise PhysimError(f"cluster: the Ray cluster failed ({_first_line(error)})") from error
        return packed


def joined_cluster() -> tuple[Any, Callable[[], None]]:
    """The module ray, part of a cluster, and what leaves that again; a program that was part of one stays so.

    Raises: PhysimError as `Cluster` does.
    """
    ray = _ray()
    if ray.is_initialized():
        return ray, lambda: None
    try:
        _reach(os.environ.get("RAY_ADDRESS", ""))
        ray.init("auto", log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise PhysimError(
            "cluster: no Ray cluster answers; wanted one in RAY_ADDRESS, or here by `ray start --head`: "
            + _first_line(error)
        ) from error
    return ray, ray.shutdown


def _ray() -> Any:
    try:
        import ray
    except ModuleNotFoundError:
        raise PhysimError("cluster wants Ray, which is not installed: pip install 'physim[cluster]'") from None
    return ray


def _reach(address: str) -> None:
    """Raise OSError where nobody listens at an address host:port or ray://host:port; Ray would try for minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), timeout=10).close()


def _simulated(chunk: Chunk, numbers: range) -> Packed:
    return chunk(numbers)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
