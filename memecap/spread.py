"""Map a function over many values: in this process, on worker processes, or on a Ray cluster; answers keep their order.

`on` is `here`, `workers` (one for each core), `workers:4`, `ray` (a cluster on this machine) or `ray://host:port`.
The function must be one that can be pickled: a function of a module, or `functools.partial` of one.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

from memecap.errors import ServiceError, UsageError

In = TypeVar("In")
Out = TypeVar("Out")

RAY_BLOCK = 64  # chunks sent to a Ray cluster at once
AHEAD = 3  # chunks in flight for each worker: enough to keep it busy, few enough to keep memory flat


def spread(function: Callable[[In], Out], values: Iterable[In], *, on: str = "here", chunk: int = 16) -> Iterator[Out]:
    """Yield `function(value)` for each value, in the values' order; values are drawn as they are needed.

    Raises:
        UsageError: `on` is none of the ways above, or Ray is not installed.
        ServiceError: no Ray cluster answers at the address.
    """
    if on == "here":
        return map(function, values)
    kind, _, count = on.partition(":")
    if kind == "workers" and (not count or (count.isdigit() and int(count) > 0)):
        return _on_workers(function, values, int(count or os.cpu_count() or 1), chunk)
    if kind == "ray":
        return _on_ray(function, values, on, chunk)
    raise UsageError(
        f"cannot run on {on!r}", where="--on", fix="Choose here, workers, workers:N, ray or ray://host:port."
    )


def _on_workers(function: Callable[[In], Out], values: Iterable[In], n_workers: int, chunk: int) -> Iterator[Out]:
    waiting: deque[Future[list[Out]]] = deque()
    source = iter(values)
    # Not fork: a forked child of a process with threads (torch, Arrow) can hang.
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn")) as pool:
        try:
            while True:
                while len(waiting) < n_workers * AHEAD and (piece := list(islice(source, chunk))):
                    waiting.append(pool.submit(_apply, function, piece))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _on_ray(function: Callable[[In], Out], values: Iterable[In], on: str, chunk: int) -> Iterator[Out]:
    """Blocks of values go through `ray.data` one after another, so neither side ever holds them all."""
    try:
        import ray
    except ImportError as error:
        raise UsageError("Ray is not installed", where=f"--on {on}", fix="pip install 'memecap[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=on if on != "ray" else None, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ServiceError(
                f"no Ray cluster answers: {error}", where=on, fix="Start it with `ray start --head`, check the address."
            ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    source = iter(values)
    while block := list(islice(source, chunk * RAY_BLOCK)):
        pieces = [{"piece": pickle.dumps(block[i : i + chunk])} for i in range(0, len(block), chunk)]
        answers = ray.data.from_items(pieces, override_num_blocks=len(pieces)).map(partial(_answer, function))
        for row in answers.iter_rows():
            yield from pickle.loads(row["answers"])


def _answer(function: Callable[[In], Out], row: dict[str, bytes]) -> dict[str, bytes]:
    return {"answers": pickle.dumps(_apply(function, pickle.loads(row["piece"])))}


def _apply(function: Callable[[In], Out], piece: list[In]) -> list[Out]:
    return [function(value) for value in piece]
