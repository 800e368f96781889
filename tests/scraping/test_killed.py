"""`kill -9` at any moment of a scrape: the same command goes on, and the files are those of an undisturbed run."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from memecap.demo.vk_server import VkServer, WallPost
from memecap.scraping.ledger import open_ledger

PROGRAM = """
import sys; from pathlib import Path
from memecap.scraping.download import DownloadConfig
from memecap.scraping.scrape import scrape
from memecap.scraping.vk import Vk
address, token, folder = sys.argv[1:]
vk = Vk(token, address=address)
print("ready", flush=True)
scrape(["memes"], Path(folder), vk, config=DownloadConfig(connections=4))
print("done", flush=True)
"""


def start(server: VkServer, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, server.address, server.token, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def finish(process: subprocess.Popen[bytes]) -> bool:
    """Whether it came to its end."""
    assert process.stdout is not None
    with process.stdout:
        rest = process.stdout.read()
    process.wait()
    return rest == b"done\n"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but the lock and SQLite's own; the table is compared by what it says."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock" and not path.name.startswith("pictures.sqlite")
    }
    with open_ledger(folder) as ledger:
        return {**files, "table": repr(list(ledger.entries())).encode()}


def fetched(folder: Path) -> set[str]:
    """The server's paths of the pictures that are recorded."""
    with open_ledger(folder) as ledger:
        return {urlsplit(entry.url).path for entry in ledger.fetched()}


def torment(n_kills: int, n_posts: int, paint: Callable[[int], list[Path]], tmp_path: Path) -> None:
    chance = random.Random(0)
    posts = [WallPost(f"надпись {i}", [path]) for i, path in enumerate(paint(n_posts))]
    with VkServer({"memes": posts}, latency_s=0.01) as server:
        process = start(server, tmp_path / "undisturbed")
        begun = time.monotonic()
        assert finish(process)
        work_s = time.monotonic() - begun
        expected = tree(tmp_path / "undisturbed")
        n_calls = len(server.world.calls)
        n_killed = n_rounds = 0
        while n_killed < n_kills:
            n_rounds += 1
            folder = tmp_path / f"round{n_rounds}"
            done = False
            while not done:
                server.picture_requests.clear()
                server.world.calls.clear()
                here, n_files = fetched(folder), len(list((folder / "raw").glob("*.gz")))
                process = start(server, folder)
                if n_killed < n_kills:
                    time.sleep(chance.uniform(0, work_s))
                    process.kill()
                    n_killed += 1
                done = finish(process)
                assert here.isdisjoint(server.picture_requests)  # nothing recorded is fetched again
                assert len(server.world.calls) <= n_calls - n_files  # no stored page is read again
            assert tree(folder) == expected


def test_two_kills(paint: Callable[[int], list[Path]], tmp_path: Path) -> None:
    torment(2, 101, paint, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_kills(paint: Callable[[int], list[Path]], tmp_path: Path) -> None:
    torment(100, 101, paint, tmp_path)
