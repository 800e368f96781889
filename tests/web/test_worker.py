"""The process that describes: what waits goes together, one that fails costs the others nothing, one that kills the
process costs those beside it, and the queue has an end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from memecap.errors import ServiceError
from memecap.web import serving
from memecap.web.app import create_app
from memecap.web.settings import Limits, Settings
from memecap.web.worker import Worker
from tests.web import light


def run(worker: Worker[str, int, int], *rounds: Sequence[int], go: Path | None = None) -> list[list[object]]:
    """What each job of each round, asked after the one before, got."""

    async def asked(jobs: Sequence[int]) -> list[object]:
        waiting = [asyncio.ensure_future(worker.do(job)) for job in jobs]
        await asyncio.sleep(0.05)
        if go is not None:
            go.touch()
        return await asyncio.gather(*waiting, return_exceptions=True)

    worker.begin()
    try:
        return [asyncio.run(asked(jobs)) for jobs in rounds]
    finally:
        worker.end()


def test_what_waits_goes_together(tmp_path: Path) -> None:
    worker: Worker[str, int, int] = Worker(partial(light.doubled, tmp_path), together=8)
    assert run(worker, range(10, 30), go=tmp_path / "go") == [[job * 2 for job in range(10, 30)]]
    sizes = [int(line) for line in (tmp_path / "sizes").read_text().split()]
    assert sum(sizes) == 20 and max(sizes) == 8 and len(sizes) <= 4
    assert worker.told == "ready"


def test_a_failing_batch_is_tried_one_by_one() -> None:
    (found,) = run(Worker(light.doubled, together=8), range(6))
    assert [type(one) for one in found] == [int, int, int, ValueError, int, int]


def test_a_process_that_dies_costs_what_it_held_and_another_begins() -> None:
    found = run(Worker(light.doubled, together=1), [1, -1, 2], [5])
    assert [type(one) for one in found[0]] == [int, ServiceError, int] and found[1] == [10]


@pytest.mark.parametrize(("start", "told"), [(light.fails, "Odd: no model 7"), (light.dies, "ended while it loaded")])
def test_a_start_that_fails_is_told(start: object, told: str) -> None:
    heard = threading.Event()
    worker: Worker[str, int, int] = Worker(start, together=8)
    worker.on_failure = heard.set
    worker.begin()
    assert heard.wait(30)
    assert told in str(worker.failure) and not worker.ready.is_set()


def test_it_ends_with_who_began_it() -> None:
    """Also without a word: what is left of a killed server is nothing."""
    worker: Worker[str, int, int] = Worker(light.doubled, together=8)
    worker.begin()
    assert worker.ready.wait(30) and worker.process_id is not None
    os.kill(worker.process_id, signal.SIGINT)  # Ctrl-C is the first process's
    assert os.getpriority(os.PRIO_PROCESS, worker.process_id) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    before = time.monotonic()
    worker.end()
    assert time.monotonic() - before < 30
    with pytest.raises(ProcessLookupError):
        os.kill(worker.process_id, 0)


@pytest.mark.parametrize(("path", "n_admitted"), [("/v1/read", 6), ("/v1/batch", 2)])
def test_the_queue_has_an_end(path: str, n_admitted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many requests as may wait are taken; the next is told when to come again, before its picture is read."""
    monkeypatch.setattr(serving, "start", light.refusing)
    app = create_app(Settings(limits=Limits(waiting=6, batches=2), corrections=tmp_path))
    asyncio.run(_crowd(app, path, n_admitted, tmp_path / "go"))
    assert app.n_admitted == app.n_batches == 0


async def _crowd(app: object, path: str, n_admitted: int, go: Path) -> None:
    import httpx

    from tests.web.pictures import picture

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    app.serving.worker.begin()
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        files = {"picture": ("a.png", picture())}
        asked = [asyncio.ensure_future(client.post(path, files=files)) for _ in range(n_admitted)]
        while app.n_admitted < n_admitted:
            await asyncio.sleep(0.01)
        assert await _refused_before_its_body(app, path) == 429
        refused = await client.post(path, files=files)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert (await client.get("/healthz")).status_code == 200
        go.touch()
        assert all(answer.status_code != 429 for answer in await asyncio.gather(*asked))
    app.serving.worker.end()


async def _refused_before_its_body(app: object, path: str) -> int:
    """The status that is sent to somebody whose body never comes."""
    statuses: list[int] = []

    async def receive() -> None:
        raise AssertionError("the body was asked for")

    async def send(message: dict) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return statuses[0]
