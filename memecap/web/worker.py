"""One thread that captions, so that the event loop never waits; requests that wait are taken together."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")

#: jobs → of each its answer, or the error that it met
Work = Callable[[Sequence[Job]], "list[Answer | Exception]"]


class Worker(Generic[Job, Answer]):
    """`start` is called in the thread and gives what works; how many jobs wait is bounded by who admits them."""

    def __init__(self, start: Callable[[], Work[Job, Answer]], *, together: int) -> None:
        self._start, self._together = start, together
        self._waiting: queue.SimpleQueue[tuple[Job, Future[Answer]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="captions", daemon=True)
        self.ready = threading.Event()
        self.failure: Exception | None = None  # of the start
        self.on_failure: Callable[[], None] = lambda: None

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """What is being captioned is finished; what waits is not begun."""
        self._waiting.put(None)
        self._thread.join(timeout=60)

    @property
    def n_waiting(self) -> int:
        return self._waiting.qsize()

    async def do(self, job: Job) -> Answer:
        """The answer to one job. Raises what it met."""
        future: Future[Answer] = Future()
        self._waiting.put((job, future))
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        try:
            work = self._start()
        except Exception as error:  # noqa: BLE001  (whatever it is, who began the worker tells it)
            self.failure = error
            self.on_failure()
            return
        _step_back()
        self.ready.set()
        while batch := self._take():
            for (_, future), answer in zip(batch, _answers(work, [job for job, _ in batch]), strict=True):
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

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


def _step_back() -> None:
    """This thread, and programs that it starts, give way to the event loop where both want the processor."""
    with suppress(AttributeError, OSError):  # on Linux a thread has a priority of its own; elsewhere it stays
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + 5)


def _answers(work: Work[Job, Answer], jobs: Sequence[Job]) -> list[Answer | Exception]:
    """Where a batch fails as a whole, each of its jobs is tried alone, so that one does not cost the others theirs."""
    try:
        return work(jobs)
    except Exception as error:  # noqa: BLE001  (it belongs to the request, not to the thread)
        return [error] if len(jobs) == 1 else [_answers(work, [job])[0] for job in jobs]
