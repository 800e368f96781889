"""The one worker: what waits goes together, one that fails costs the others nothing, and the queue has an end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from types import MappingProxyType

import pytest

from memecap.web.app import create_app
from memecap.web.settings import Limits, Settings
from memecap.web.worker import Worker


def run(worker: Worker[int, int], jobs: Sequence[int], meanwhile: threading.Event | None = None) -> list[object]:
    async def all_of_them() -> list[object]:
        asked = [asyncio.ensure_future(worker.do(job)) for job in jobs]
        await asyncio.sleep(0.05)
        if meanwhile:
            meanwhile.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    worker.begin()
    try:
        return asyncio.run(all_of_them())
    finally:
        worker.end()


def test_what_waits_goes_together() -> None:
    sizes, go = [], threading.Event()

    def work(jobs: Sequence[int]) -> list[int | Exception]:
        go.wait(10)
        sizes.append(len(jobs))
        return [job * 2 for job in jobs]

    assert run(Worker(lambda: work, together=8), range(20), go) == [job * 2 for job in range(20)]
    assert sizes[1:] == [8, 8, 20 - 16 - sizes[0]] or sizes == [8, 8, 4]


def test_a_failing_batch_is_tried_one_by_one() -> None:
    def work(jobs: Sequence[int]) -> list[int | Exception]:
        if 3 in jobs:
            raise ValueError("three")
        return list(jobs)

    found = run(Worker(lambda: work, together=8), range(6))
    assert [type(one) for one in found] == [int, int, int, ValueError, int, int]


def test_a_start_that_fails_is_told() -> None:
    told = threading.Event()

    def start() -> object:
        raise RuntimeError("no model")

    worker: Worker[int, int] = Worker(start, together=8)
    worker.on_failure = told.set
    worker.begin()
    assert told.wait(10)
    assert str(worker.failure) == "no model" and not worker.ready.is_set()


@pytest.mark.parametrize(("path", "n_admitted"), [("/v1/read", 6), ("/v1/batch", 2)])
def test_the_queue_has_an_end(path: str, n_admitted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many requests as may wait are taken; the next is told when to come again, before its picture is read."""
    from memecap.web import serving

    go = threading.Event()

    class Slow:
        pipelines = MappingProxyType[str, object]({})

        def answer(self, jobs: Sequence[object]) -> list[object]:
            go.wait(20)
            return [ValueError("enough") for _ in jobs]

    monkeypatch.setattr(serving.models, "load", lambda settings: Slow())
    app = create_app(Settings(limits=Limits(waiting=6, batches=2)))
    asyncio.run(_crowd(app, path, n_admitted, go))
    assert app.n_admitted == app.n_batches == 0


async def _crowd(app: object, path: str, n_admitted: int, go: threading.Event) -> None:
    import httpx

    from tests.web.pictures import picture

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    app.serving.worker.begin()
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        files = {"picture": ("a.png", picture())}
        asked = [asyncio.ensure_future(client.post(path, files=files)) for _ in range(n_admitted)]
        while app.n_admitted < n_admitted:
            await asyncio.sleep(0.01)
        refused = await client.post(path, files=files)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert (await client.get("/healthz")).status_code == 200
        go.set()
        assert all(answer.status_code != 429 for answer in await asyncio.gather(*asked))
    app.serving.worker.end()
