"""Every picture ends as a file or as a named reason; faults that pass are outlived; reruns ask only for the rest."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memecap.pictures.dhash import dhash
from memecap.scraping.download import REASONS, DownloadConfig, download
from memecap.scraping.ledger import Entry, open_ledger
from tests.scraping.local_vk import VkServer, WallPost

HERE = DownloadConfig(allowed=("127.0.0.1",))
QUICK = DownloadConfig(allowed=HERE.allowed, backoff_s=0.01)
Fault = tuple[int, dict[str, str], bytes]


@pytest.fixture
def server(paint: Callable[[int], list[Path]]) -> Iterator[VkServer]:
    """A server of one test: a late answer to an impatient one must not be counted in the next."""
    posts = [WallPost(str(i), [path]) for i, path in enumerate(paint(80))]
    with VkServer({"memes": posts}) as running:
        yield running


def requests(server: VkServer, n: int = 80) -> list[tuple[str, str]]:
    return [(f"photo{i}", f"{server.address}{path}?size=1") for i, path in enumerate(sorted(server.pictures)[:n])]


def entries(folder: Path) -> dict[str, Entry]:
    with open_ledger(folder) as ledger:
        return {entry.key: entry for entry in ledger.entries()}


def test_files_are_content_addressed_and_described(server: VkServer, tmp_path: Path) -> None:
    assert download(requests(server, 10), tmp_path, HERE) == {}
    found = entries(tmp_path)
    assert len(found) == 10
    for entry in found.values():
        content = (tmp_path / entry.original).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.sha256 == Path(entry.original).stem
        assert entry.n_bytes == len(content)
        with Image.open(tmp_path / entry.file) as image:
            assert (image.size, image.mode) == ((entry.width, entry.height), "RGB")
            assert f"{dhash(image):016x}" == entry.dhash
    assert not list(tmp_path.rglob("*.part"))


def test_any_list_of_addresses_will_do(server: VkServer, tmp_path: Path) -> None:
    urls = [url for _, url in requests(server, 5)]
    download(((url, url) for url in [*urls, *urls]), tmp_path, HERE)
    assert set(entries(tmp_path)) == set(urls)
    assert sum(server.picture_requests.values()) == 5


def test_a_quarter_of_first_tries_failing_loses_nothing(server: VkServer, tmp_path: Path) -> None:
    jpeg = next(iter(server.pictures.values())).read_bytes()
    faults: list[Fault] = [
        (503, {"Retry-After": "1"}, b""), (429, {"Retry-After": "1"}, b"slow"), (500, {}, b"oops"),
        (200, {"Content-Length": str(len(jpeg))}, jpeg[: len(jpeg) // 2]), (200, {}, jpeg[: len(jpeg) // 2]),
        (200, {"Content-Type": "text/html"}, b"<html>sorry</html>"), (0, {}, b""),
    ]  # fmt: skip
    answers: list[tuple[str, float, str]] = []
    order = sorted(server.pictures)

    def fault(path: str, n: int) -> Fault | None:
        place = order.index(path)
        bad = faults[place // 4 % len(faults)] if n == 1 and place % 4 == 0 else None
        answers.append((path, time.monotonic(), bad[1].get("Retry-After", "") if bad else ""))
        return bad

    server.picture_fault = fault
    assert download(requests(server), tmp_path, QUICK) == {}
    assert len(entries(tmp_path)) == 80
    assert all(entry.sha256 and not entry.reason for entry in entries(tmp_path).values())
    assert sum(server.picture_requests.values()) == 100
    asked_to_wait = [(path, moment) for path, moment, rest in answers if rest]
    assert len(asked_to_wait) == 6
    for path, moment in asked_to_wait:
        again = [later for other, later, _ in answers if other == path and later > moment]
        assert len(again) == 1
        assert again[0] - moment >= 0.99


def test_retry_after_may_be_a_date_and_too_long_a_rest_is_left_for_a_rerun(server: VkServer, tmp_path: Path) -> None:
    server.picture_fault = lambda path, n: (503, {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}, b"")
    assert download(requests(server, 2), tmp_path, QUICK) == {"unavailable": 2}
    assert sum(server.picture_requests.values()) == 2
    server.picture_fault = None
    assert download(requests(server, 2), tmp_path, QUICK) == {}


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((width, height), 50).save(buffer, "PNG")
    return buffer.getvalue()


LASTING: dict[str, Fault] = {
    "gone": (404, {}, b""),
    "refused": (403, {}, b""),
    "unavailable": (503, {}, b""),
    "unreachable": (0, {}, b""),
    "truncated": (200, {"Content-Length": "999"}, b"\xff\xd8\xff"),
    "not_an_image": (200, {}, b"<html></html>"),
    "broken": (200, {}, png(40, 30)[:400]),
    "too_many_bytes": (200, {}, bytes(250_000)),
    "too_many_pixels": (200, {}, png(400, 300)),
}


@pytest.mark.parametrize("reason", LASTING)
def test_a_lasting_failure_has_its_reason_after_a_bounded_number_of_tries(
    reason: str, server: VkServer, tmp_path: Path
) -> None:
    server.picture_fault = lambda path, n: LASTING[reason]
    config = DownloadConfig(allowed=HERE.allowed, backoff_s=0.001, max_bytes=200_000, max_pixels=100_000)
    assert download(requests(server, 1), tmp_path, config) == {reason: 1}
    assert sum(server.picture_requests.values()) == REASONS[reason]
    assert entries(tmp_path)["photo0"].reason == reason
    assert not (tmp_path / "images").exists()
    server.picture_fault = None
    assert download(requests(server, 1), tmp_path, config) == {}  # a rerun asks again
    assert entries(tmp_path)["photo0"].reason == ""


def test_silence_and_slow_answers_end_at_the_deadline(server: VkServer, tmp_path: Path) -> None:
    server.latency_s = 0.5
    config = DownloadConfig(allowed=HERE.allowed, backoff_s=0.001, deadline_s=0.1)
    assert download(requests(server, 1), tmp_path, config) == {"timeout": 1}


def test_addresses_that_are_none_and_hosts_that_are_not_there(tmp_path: Path) -> None:
    urls = [
        "",
        "ftp://a/b.jpg",
        "http://",
        "javascript:1",
        "http://[::1",
        "file:///etc/passwd",
        "мем.jpg",
        "http://a:99999/",
    ]
    reasons = download([(f"k{i}", url) for i, url in enumerate(urls)], tmp_path, QUICK)
    assert reasons == {"bad_url": len(urls)}
    assert download([("x", "http://127.0.0.1:9/a.jpg")], tmp_path, QUICK) == {"unreachable": 1}


def test_there_are_at_most_fifteen_reasons() -> None:
    assert len(REASONS) <= 15
    elsewhere = {"timeout", "bad_url", "not_asked", "not_public", "opted_out", "taken_down"}
    assert set(LASTING) | elsewhere == set(REASONS)


def test_a_rerun_touches_only_what_failed_or_is_new_or_vanished(server: VkServer, tmp_path: Path) -> None:
    bad = sorted(server.pictures)[3]
    server.picture_fault = lambda path, n: (404, {}, b"") if path == bad else None
    assert download(requests(server, 8), tmp_path, QUICK) == {"gone": 1}
    server.picture_requests.clear()
    server.picture_fault = None
    (tmp_path / entries(tmp_path)["photo5"].original).unlink()
    assert download(requests(server, 10), tmp_path, QUICK) == {}
    order = sorted(server.pictures)
    assert set(server.picture_requests) == {order[i] for i in (3, 5, 8, 9)}


def test_one_picture_at_two_addresses_is_one_file(server: VkServer, tmp_path: Path) -> None:
    ((_, url),) = requests(server, 1)
    download([(f"k{i}", f"{url}&copy={i}") for i in range(20)], tmp_path, QUICK)
    assert len(list((tmp_path / "originals").rglob("*.jpg"))) == 1
    assert len({entry.sha256 for entry in entries(tmp_path).values()}) == 1


def test_the_rate_for_a_host_is_kept(server: VkServer, tmp_path: Path) -> None:
    times: list[float] = []
    server.picture_fault = lambda path, n: times.append(time.monotonic())  # type: ignore[func-returns-value]
    download(requests(server, 12), tmp_path, DownloadConfig(allowed=HERE.allowed, rate=40))
    assert max(times) - min(times) >= 11 / 40 * 0.95


def test_noise_for_pictures_never_crashes_a_run(server: VkServer, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.bytes(200) for _ in range(20)]
    server.picture_fault = lambda path, n: (200, {}, noise[hash(path) % 20])
    assert download(requests(server, 20), tmp_path, QUICK) == {"not_an_image": 20}


class TestTheGuard:
    """What a list of addresses names inside this network is not asked for."""

    def test_private_addresses_are_refused_without_a_connection(self, server: VkServer, tmp_path: Path) -> None:
        """Named by number, by name, and through a redirect of a server that may be asked."""
        ((key, url),) = requests(server, 1)
        port = url.rpartition(":")[2]
        inward = [
            url,
            f"http://localhost:{port}",
            f"http://2130706433:{port}",
            "http://169.254.169.254/latest/meta-data/",
        ]
        reasons = download([(f"k{i}", one) for i, one in enumerate(inward)], tmp_path, DownloadConfig())
        assert reasons == {"not_public": len(inward)} and not server.picture_requests
        server.picture_fault = lambda path, n: (302, {"Location": "http://10.1.2.3/x.jpg"}, b"")
        assert download([(key, url)], tmp_path, QUICK) == {"not_public": 1}
        assert entries(tmp_path)[key].detail == "10.1.2.3:80"

    def test_names_are_asked_for_once_and_judged_whole(
        self, server: VkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """VK's own hosts pass; one private address among a name's costs it all of them."""
        from memecap.pictures import guard

        port = int(server.address.rpartition(":")[2])
        names = {
            "sun9-1.userapi.com": ["87.240.137.206"],
            "rebind.example": ["93.184.216.34", "127.0.0.1"],
            "here.example": ["127.0.0.1"],
        }
        judge = guard.Guard(lambda host, _: names[host])
        assert judge.judged("sun9-1.userapi.com", 443) == ["87.240.137.206"]
        for host in ("rebind.example", "here.example"):
            with pytest.raises(guard.FetchError, match="not a public one"):
                judge.judged(host, port)
        allowing = guard.Guard(lambda host, _: names[host], ["127.0.0.0/8"])
        assert allowing.judged("here.example", port) == ["127.0.0.1"]

    def test_only_the_server_in_place_of_vks_is_allowed_by_its_name(self, server: VkServer) -> None:
        from memecap.pictures.guard import networks_of

        assert [str(one) for one in networks_of(server.address)] == ["127.0.0.1/32"]
        assert networks_of("") == networks_of("http://nowhere.invalid") == ()
