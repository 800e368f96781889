"""One process that describes, beside the one that takes and answers: neither a model's work nor its memory ever stands
in the event loop's way. Requests that wait are taken together.

Jobs and answers go through a pipe as pickles. A process that dies (mostly of memory) costs the jobs that it held; the
next one begins, and what waited is answered then.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

from memecap.errors import ServiceError

Told = TypeVar("Told")
Job = TypeVar("Job")
Answer = TypeVar("Answer")

#: jobs → of each its answer, or the error that it met
Work = Callable[[Sequence[Job]], "list[Answer | Exception]"]
#: what the process tells of itself when it is ready, and how it works; it travels: a function of a module, or a partial
Start = Callable[[], "tuple[Told, Work[Job, Answer]]"]

_STEP_BACK = 5  # of niceness: where both want the processor, who asks is heard before anything is described
_END_S = 60.0
_spawning = get_context("spawn")  # a forked child of a process with threads can hang


class Worker(Generic[Told, Job, Answer]):
    """How many jobs wait is bounded by who admits them."""

    def __init__(self, start: Start[Told, Job, Answer], *, together: int) -> None:
        self._start, self._together = start, together
        self._waiting: queue.SimpleQueue[tuple[Job, Future[Answer]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="captions", daemon=True)
        self._process: SpawnProcess | None = None
        self._ending = False
        self.ready = threading.Event()
        self.told: Told | None = None
        self.failure: Exception | None = None  # of the start
        self.on_failure: Callable[[], None] = lambda: None

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """What is being described is finished; what waits is not begun."""
        self._ending = True
        self._waiting.put(None)
        if not self.ready.is_set() and self._process is not None:
            self._process.terminate()
        self._thread.join(_END_S)

    @property
    def n_waiting(self) -> int:
        return self._waiting.qsize()

    @property
    def process_id(self) -> int | None:
        """Of the process that describes."""
        return None if self._process is None else self._process.pid

    async def do(self, job: Job) -> Answer:
        """The answer to one job. Raises what it met; `ServiceError` where the process died of it or one beside it."""
        future: Future[Answer] = Future()
        self._waiting.put((job, future))
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        """In a thread, which only waits: hand over what waits, and begin another process where one has died."""
        _leave_interrupts()
        while not self._ending:
            ours, theirs = _spawning.Pipe()
            self._process = _spawning.Process(
                target=_describe, args=(theirs, self._start), name="captions", daemon=True
            )
            self._process.start()
            theirs.close()
            with ours:
                if self._ending or not self._is_ready(ours):
                    break
                while (batch := self._take()) and _handed_over(batch, ours):
                    pass
            self.ready.clear()
            self._process.join(_END_S)

    def _is_ready(self, pipe: Connection) -> bool:
        try:
            told = pipe.recv()
        except (EOFError, OSError):
            told = ServiceError("the process that describes ended while it loaded", fix="Mostly memory ran out.")
        if isinstance(told, Exception):
            self.failure = None if self._ending else told
            self.on_failure()
            return False
        self.told = told
        self.ready.set()
        return True

    def _take(self) -> list[tuple[Job, Future[Answer]]]:
        """Everything that waits now, at least one and no more than go together; nothing at the end."""
        batch: list[tuple[Job, Future[Answer]]] = []
        while len(batch) < self._together and (not batch or not self._waiting.empty()):
            found = self._waiting.get()
            if found is None:
                self._waiting.put(None)  # for the next look
                break
            if found[1].set_running_or_notify_cancel():  # who asked may have gone
                batch.append(found)
        return batch


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal: this thread and what it begins leave it to the first one."""
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        resource_tracker.ensure_running()  # at its start it lets interrupts through again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _handed_over(batch: Sequence[tuple[Job, Future[Answer]]], pipe: Connection) -> bool:
    """Whether the process has answered all of these; where it died meanwhile, the others get that as their error."""
    try:
        pipe.send(len(batch))
        for job, _ in batch:  # one by one: a pickle of them all would be one more copy
            pipe.send(job)
        for _, future in batch:
            answer = pipe.recv()
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
    except (EOFError, OSError):
        died = ServiceError("the process that describes ended; another one begins")
        for _, future in batch:
            if not future.done():
                future.set_exception(died)
        return False
    return True


def _describe(pipe: Connection, start: Start[Told, Job, Answer]) -> None:
    """The other process, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `_leave_interrupts`, which Windows has not
    with suppress(EOFError, OSError):
        try:
            told, work = start()
        except Exception as error:  # noqa: BLE001  (whatever it is, who began the worker tells it)
            pipe.send(_sendable(error))
            return
        with suppress(AttributeError, OSError):  # not on Windows
            os.nice(_STEP_BACK)
        pipe.send(told)
        while True:
            jobs = [pipe.recv() for _ in range(pipe.recv())]
            for answer in _answers(work, jobs):
                pipe.send(_sendable(answer) if isinstance(answer, Exception) else answer)


def _answers(work: Work[Job, Answer], jobs: Sequence[Job]) -> list[Answer | Exception]:
    """Where a batch fails as a whole, each of its jobs is tried alone, so that one does not cost the others theirs."""
    try:
        return work(jobs)
    except Exception as error:  # noqa: BLE001  (it belongs to the request, not to the process)
        return [error] if len(jobs) == 1 else [_answers(work, [job])[0] for job in jobs]


def _sendable(error: Exception) -> Exception:
    """The error, or one in its words where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))  # of this process
    except Exception:  # noqa: BLE001  (an exception's own way of being pickled may raise anything)
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
