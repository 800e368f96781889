"""`kill -9` at any moment of a scrape or a download: the same command goes on, and the files are those of an
undisturbed run; nothing recorded is fetched again, and at most one page of a wall is read again for each kill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from killing import Killer, files

from memecap.scraping.ledger import open_ledger
from tests.scraping.local_vk import VkServer, WallPost

CONNECTIONS = 4


def scrape_job(address: str, token: str, folder: Path) -> None:
    import time

    from memecap.scraping.download import DownloadConfig
    from memecap.scraping.limits import Limits
    from memecap.scraping.scrape import scrape
    from memecap.scraping.vk import Vk

    limits = Limits(folder / ".calls.json", time, per_second=10_000)  # a kill is not more likely while waiting
    vk = Vk(token, address=address, limits=limits)
    scrape(["memes"], folder, vk, config=DownloadConfig(connections=CONNECTIONS, allowed=("127.0.0.1",)))


def download_job(urls: list[str], folder: Path) -> None:
    from memecap.scraping.download import DownloadConfig, download

    assert not download(
        ((url, url) for url in urls), folder, DownloadConfig(connections=CONNECTIONS, allowed=("127.0.0.1",))
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but the lock, the count of calls and SQLite's own; the table is compared by what it says."""
    with open_ledger(folder) as ledger:
        table = repr(list(ledger.entries())).encode()
    return {**files(folder, without=("pictures.sqlite", ".calls.json")), "table": table}


class Watch:
    """What the server was asked for again although it was recorded, over the starts of a round."""

    def __init__(self, server: VkServer, tmp_path: Path) -> None:
        self._server, self._tmp_path = server, tmp_path
        self._recorded: set[str] = set()

    def folder(self, number: int) -> Path:
        """The folder of a round, before each start in it."""
        assert self._recorded.isdisjoint(self._server.picture_requests)  # by the start before this one
        folder = self._tmp_path / f"round{number}"
        with open_ledger(folder) as ledger:
            self._recorded = {urlsplit(entry.url).path for entry in ledger.fetched()}
        self._server.picture_requests.clear()
        return folder

    def end(self) -> None:
        assert self._recorded.isdisjoint(self._server.picture_requests)
        self._recorded = set()


def torment_scrape(n_kills: int, paint: Callable[[int], list[Path]], tmp_path: Path, **world: bool) -> None:
    pictures = paint(50)
    posts = [WallPost(f"надпись {i}", pictures[i // 6 : i // 6 + 1] if i % 6 == 0 else []) for i in range(300)]
    killer = Killer("memecap.scraping.scrape", "memecap.scraping.download")
    with VkServer({"memes": posts}, latency_s=0.01, **world) as server:
        watch = Watch(server, tmp_path)
        undisturbed = tmp_path / "undisturbed"
        n_steps = killer.run(scrape_job, server.address, server.token, undisturbed)
        expected, n_calls = tree(undisturbed), Counter(server.world.calls)
        server.world.calls.clear()

        def arguments(number: int) -> tuple[str, str, Path]:
            return server.address, server.token, watch.folder(number)

        for number, n_killed in killer.rounds(n_kills, scrape_job, n_steps, arguments):
            watch.end()
            assert tree(tmp_path / f"round{number}") == expected
            for method, n in Counter(server.world.calls).items():
                assert n <= n_calls[method] + n_killed  # at most one is made again for each kill
            server.world.calls.clear()


@pytest.mark.timeout(600)  # a guard, not a measure
def test_two_kills(paint: Callable[[int], list[Path]], tmp_path: Path) -> None:
    torment_scrape(2, paint, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("is_service_token", [True, False], ids=["plain calls", "batches"])
def test_a_hundred_kills_of_a_scrape(
    paint: Callable[[int], list[Path]], tmp_path: Path, is_service_token: bool
) -> None:
    torment_scrape(50, paint, tmp_path, is_service_token=is_service_token)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills_of_a_download(paint: Callable[[int], list[Path]], tmp_path: Path) -> None:
    killer = Killer("memecap.scraping.download")
    with VkServer({"memes": [WallPost(str(i), [path]) for i, path in enumerate(paint(40))]}, latency_s=0.01) as server:
        urls = [f"{server.address}{name}" for name in server.pictures]
        watch = Watch(server, tmp_path)
        n_steps = killer.run(download_job, urls, tmp_path / "undisturbed")
        expected = tree(tmp_path / "undisturbed")

        def arguments(number: int) -> tuple[list[str], Path]:
            return urls, watch.folder(number)

        for number, _ in killer.rounds(100, download_job, n_steps, arguments):
            watch.end()
            assert tree(tmp_path / f"round{number}") == expected
