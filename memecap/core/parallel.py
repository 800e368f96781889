"""Map a function over many values: in this process, on worker processes, or on a Ray cluster; answers keep their order.

`on` is `here`, `workers` (one for each core), `workers:4`, `ray` (a cluster on this machine) or `ray://host:port`.
The function must be one that can be pickled: a function of a module, or `functools.partial` of one. A part (a reader, a
translator, an encoder) does not travel: `with_part` sends its settings, and each process builds it once.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import islice
from multiprocessing import active_children, get_context
from typing import Any, Protocol, TypeVar

from memecap.core import config
from memecap.core.config import PartConfig
from memecap.errors import ServiceError, UsageError

In = TypeVar("In")
Out = TypeVar("Out")

RAY_BLOCK = 64  # chunks sent to a Ray cluster at once
AHEAD = 3  # chunks in flight for each worker: enough to keep it busy, few enough to keep memory flat


class Place(Protocol):
    """Somewhere functions run: answers come in the values' order, and values are drawn as they are needed."""

    def __call__(self, function: Callable[[In], Out], values: Iterable[In], *, chunk: int = 16) -> Iterator[Out]: ...


def parallel_map(
    function: Callable[[In], Out], values: Iterable[In], *, on: str = "here", chunk: int = 16
) -> Iterator[Out]:
    """Yield `function(value)` for each value, in the values' order; values are drawn as they are needed.

    Raises:
        UsageError: `on` is none of the ways above, or Ray is not installed.
        ServiceError: no Ray cluster answers at the address.
    """
    place = open_place(on)

    def answers() -> Iterator[Out]:
        with place as run:
            yield from run(function, values, chunk=chunk)

    return answers()


def open_place(on: str) -> AbstractContextManager[Place]:
    """A place for several calls, whose workers and the parts they build stay. Raises as `parallel_map`."""
    kind, _, count = on.partition(":")
    if on == "here":
        return nullcontext(_here)
    if kind == "workers" and (not count or (count.isdigit() and int(count) > 0)):
        return _workers(int(count or os.cpu_count() or 1))
    if on == "ray" or on.startswith("ray://"):
        return _ray(on)
    fix = "Choose here, workers, workers:N, ray or ray://host:port."
    raise UsageError(f"cannot run on {on!r}", where="--on", fix=fix)


def chunks(values: Iterable[In], size: int) -> Iterator[list[In]]:
    """The values in lists of `size`, the last one shorter."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def with_part(function: Callable[[Any, In], Out], part: Any, *, family: str, on: str) -> Callable[[In], Out]:
    """`value -> function(part, value)`; elsewhere than here, with the part that its settings (`part.config`) build."""
    if on == "here":
        return partial(function, part)
    settings = getattr(part, "config", None)
    if not isinstance(settings, PartConfig):
        what = f"{type(part).__name__} has no settings to build it from elsewhere"
        raise UsageError(what, where=f"--on {on}", fix="Use --on here.")
    return with_made(function, partial(config.build, family, settings), on=on, made=part)


def with_made(
    function: Callable[[Any, In], Out], make: Callable[[], Any], *, on: str, made: Any
) -> Callable[[In], Out]:
    """`value -> function(made, value)`; elsewhere than here, with what `make`, which travels, makes in each process.

    Raises `UsageError` where `make` cannot travel.
    """
    if on == "here":
        return partial(function, made)
    try:
        recipe = pickle.dumps(make)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        what = "what is to run elsewhere holds something that cannot be sent to another process"
        raise UsageError(
            what, where=f"--on {on}", fix="Name models and parts instead of making them; or --on here."
        ) from error
    return partial(_with_made, function, recipe)


_made: dict[bytes, Any] = {}  # in this process, by recipe


def _with_made(function: Callable[[Any, In], Out], recipe: bytes, value: In) -> Out:
    if recipe not in _made:
        _made[recipe] = pickle.loads(recipe)()  # of the process that began the map, as all that is unpickled here
    return function(_made[recipe], value)


def _here(function: Callable[[In], Out], values: Iterable[In], *, chunk: int = 16) -> Iterator[Out]:
    return map(function, values)


@contextmanager
def _workers(n_workers: int) -> Iterator[Place]:
    others = active_children()
    # Not fork: a forked child of a process with threads (torch, Arrow) can hang.
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), initializer=_leave_to_parent) as pool:

        def run(function: Callable[[In], Out], values: Iterable[In], *, chunk: int = 16) -> Iterator[Out]:
            waiting: deque[Future[list[Out]]] = deque()
            source = iter(values)
            while True:
                while len(waiting) < n_workers * AHEAD and (piece := list(islice(source, chunk))):
                    waiting.append(pool.submit(_apply, function, piece))
                if not waiting:
                    return
                yield from waiting.popleft().result()

        try:
            yield run
        except (KeyboardInterrupt, GeneratorExit):  # nobody waits for the chunks that workers hold, which take minutes
            for worker in set(active_children()).difference(others):
                worker.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _leave_to_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _ray(on: str) -> Iterator[Place]:
    """Blocks of values go through `ray.data` one after another, so neither side ever holds them all."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("Ray is not installed", where=f"--on {on}", fix="pip install 'memecap[ray]'") from error
    if is_ours := not ray.is_initialized():
        where: dict[str, Any] = {"include_dashboard": False} if on == "ray" else {"address": on}
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", **where)
        except (ConnectionError, RuntimeError, ValueError) as error:
            fix = "Start it with `ray start --head`, check the address."
            raise ServiceError(f"no Ray cluster answers: {error}", where=on, fix=fix) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    try:
        yield _run_on_ray
    finally:
        if is_ours:
            ray.shutdown()


def _run_on_ray(function: Callable[[In], Out], values: Iterable[In], *, chunk: int = 16) -> Iterator[Out]:
    import ray.data

    for block in chunks(values, chunk * RAY_BLOCK):
        pieces = [{"piece": pickle.dumps(block[i : i + chunk])} for i in range(0, len(block), chunk)]
        answers = ray.data.from_items(pieces, override_num_blocks=len(pieces)).map(partial(_answer, function))
        for row in answers.iter_rows():
            yield from pickle.loads(row["answers"])


def _answer(function: Callable[[In], Out], row: dict[str, bytes]) -> dict[str, bytes]:
    return {"answers": pickle.dumps(_apply(function, pickle.loads(row["piece"])))}


def _apply(function: Callable[[In], Out], piece: list[In]) -> list[Out]:
    return [function(value) for value in piece]
