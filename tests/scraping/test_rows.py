"""Rows of docs/features.md about getting pictures: walls, lists of addresses, manners."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.errors import DataError
from memecap.scraping.http import forbids
from memecap.scraping.scrape import replay, scrape
from memecap.scraping.takedown import Takedown
from memecap.scraping.vk import Vk
from tests.scraping.conftest import VirtualClock
from tests.scraping.local_vk import VkServer, WallPost

Paint = Callable[[int], list[Path]]


@pytest.fixture
def server(paint: Paint) -> Iterator[VkServer]:
    with VkServer({"memes": [WallPost(str(i), [path]) for i, path in enumerate(paint(6))]}) as running:
        yield running


@pytest.fixture
def urls(server: VkServer, tmp_path: Path) -> list[str]:
    """Six addresses, in urls.txt too."""
    found = [f"{server.address}{path}?size=1" for path in sorted(server.pictures)]
    (tmp_path / "urls.txt").write_text("# mine\n" + "\n".join(found) + "\n", encoding="utf-8")
    return found


def run(tmp_path: Path, *more: object) -> tuple[int, dict[str, Any], str]:
    """`memecap download` of urls.txt into out → exit code, its answer, stderr."""
    asked = [
        "download",
        tmp_path / "urls.txt",
        "--out",
        tmp_path / "out",
        "--allow",
        "127.0.0.0/8",
        "--backoff",
        "0.01",
        "--json",
    ]
    done = CliRunner().invoke(app, [str(word) for word in (*asked, *more)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout), done.stderr


def table(tmp_path: Path) -> dict[str, dict[str, Any]]:
    lines = (tmp_path / "out" / "pictures.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["url"]: record for record in map(json.loads, lines)}


def test_row_archive(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    """What VK answered is kept, and read again without it."""
    with VkServer({"memes": [WallPost(str(i), [path]) for i, path in enumerate(paint(3))]}) as server:
        scrape(["memes"], tmp_path / "a", Vk(server.token, clock=clock, address=server.address))
    told = replay(sorted((tmp_path / "a" / "raw").glob("*.gz")), tmp_path / "b")
    assert told.n_posts == 3


def test_row_whole_walls(paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    posts = [WallPost(str(i)) for i in range(230)]  # more than two pages
    with VkServer({"memes": posts}) as server:
        told = scrape(["memes"], tmp_path, Vk(server.token, clock=clock, address=server.address))
    assert told.n_posts == 230


def test_row_parts_and_retries(server: VkServer, urls: list[str], tmp_path: Path) -> None:
    failing = {urls[0]: 3}

    def fault(path: str, *_: Any) -> Any:
        url = f"{server.address}{path}?size=1"
        if failing.get(url, 0) > 0:
            failing[url] -= 1
            return 503, {}, b""
        return None

    server.picture_fault = fault
    code, told, said = run(tmp_path, "--retries", 1)  # two tries are not enough
    assert (code, told["n_here"], told["reasons"]) == (1, 5, {"unavailable": 1}) and "unavailable" in said
    assert (tmp_path / "out" / "failed.txt").read_text().split() == [urls[0]]
    assert run(tmp_path, "--no-retry-failed")[1]["n_new"] == 0
    code, told, _ = run(tmp_path)  # the same command asks for the failed one again, and for no other
    assert (code, told["n_here"], told["n_new"]) == (0, 6, 1)
    assert all((tmp_path / "out" / record["file"]).is_file() for record in table(tmp_path).values())
    assert not list((tmp_path / "out").rglob("*.part")) and not (tmp_path / "out" / "failed.txt").read_text()


def test_row_politeness_and_opt_out(server: VkServer, urls: list[str], tmp_path: Path) -> None:
    def fault(path: str, *_: Any) -> Any:
        if f"{server.address}{path}?size=1" == urls[1]:
            return 200, {"X-Robots-Tag": "noai, noimageai"}, next(iter(server.pictures.values())).read_bytes()
        return None

    server.picture_fault = fault
    code, told, _ = run(tmp_path, "--rate", 50, "--per-host", 2)
    assert (code, told["reasons"]) == (1, {"opted_out": 1})
    gone = table(tmp_path)[urls[2]]
    kept = table(tmp_path)[urls[3]]
    (tmp_path / "removed.txt").write_text(f"# asked by their authors\n{urls[2]}\n{kept['sha256']} # a picture\n")
    _, told, _ = run(tmp_path, "--takedown", tmp_path / "removed.txt")
    assert told["n_removed"] == 2 and told["reasons"] == {"opted_out": 1, "taken_down": 2}
    assert not (tmp_path / "out" / gone["file"]).exists() and not (tmp_path / "out" / kept["file"]).exists()
    asked = sum(server.picture_requests.values())
    run(tmp_path, "--takedown", tmp_path / "removed.txt")
    assert sum(server.picture_requests.values()) <= asked + 1  # a hash is known only by asking; an address is not asked


def test_row_politeness_private_addresses(urls: list[str], tmp_path: Path) -> None:
    """A list that came from elsewhere leads nowhere inside."""
    assert urls
    asked = ["download", str(tmp_path / "urls.txt"), "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1 and json.loads(done.stdout)["reasons"] == {"not_public": 6}


@pytest.mark.parametrize(
    ("tags", "forbidden"),
    [
        (["noindex"], True), (["NOAI, nofollow"], True), (["none"], True), (["nofollow"], False), ([], False),
        (["googlebot: noindex, noai"], False), (["googlebot: nofollow", "memecap: noindex"], True),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST"], False), (["noimageai"], True), (["all"], False),
    ],
)  # fmt: skip
def test_what_robots_tags_forbid(tags: list[str], forbidden: bool) -> None:
    assert forbids(tags) is forbidden


def test_a_takedown_list_and_its_mistakes(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("example.org\nhttps://a.net/x.jpg\n")
    unwanted = Takedown.read(tmp_path / "list.txt")
    named = ["https://example.org/1.jpg", "http://img.Example.org:8080/2", "https://a.net/x.jpg"]
    others = ["https://notexample.org/1.jpg", "https://a.net/y.jpg", "http://[broken", "example.org.evil.net"]
    assert all(map(unwanted.names, named)) and not any(map(unwanted.names, others))
    (tmp_path / "list.txt").write_text("what is this\n")
    with pytest.raises(DataError, match="no entry"):
        Takedown.read(tmp_path / "list.txt")
