"""Calls of VK: one test for every error code and every bad answer, the rate, the token that is never seen."""

from __future__ import annotations

import gzip
import logging
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import format_exception

import pytest

from memecap.errors import AuthError, MemecapError, ServiceError, StorageError, TryLaterError, UsageError
from memecap.scraping import vk as vk_module
from memecap.scraping.faults import ACTIONS, Action, SkipWall
from memecap.scraping.limits import Limits
from memecap.scraping.scrape import scrape
from memecap.scraping.vk import BatchRefusedError, TooBigError, Vk, read_token
from tests.scraping.conftest import VirtualClock
from tests.scraping.local_vk import VkServer, WallPost

OF = {action: [code for code, other in ACTIONS.items() if other is action] for action in Action}


@pytest.fixture(scope="module")
def running() -> Iterator[VkServer]:
    with VkServer({"memes": [WallPost(str(i)) for i in range(30)]}) as server:
        yield server


@pytest.fixture
def server(running: VkServer) -> VkServer:
    running.world.errors.clear()
    running.world.calls.clear()
    running.api_faults.clear()
    running.world.is_service_token = False
    return running


@pytest.fixture
def vk(server: VkServer, clock: VirtualClock) -> Vk:
    return Vk(server.token, clock=clock, address=server.address, seed=0)


def test_the_table_holds_every_known_code() -> None:
    known = {1, 5, 6, 8, 9, 10, 13, 14, 15, 17, 18, 19, 27, 28, 29, 30, 36, 43, 100, 113, 125, 203, 1117}
    assert set(ACTIONS) == known


@pytest.mark.parametrize("code", OF[Action.RETRY])
def test_a_passing_error_is_tried_again_with_growing_waits(
    code: int, vk: Vk, server: VkServer, clock: VirtualClock
) -> None:
    server.world.errors.extend([code] * 3)
    assert vk.page("memes", 0, 5)["count"] == 30
    backs_off = [wait for wait in clock.sleeps if wait > 0.4]
    assert len(backs_off) == 3
    assert 0.5 <= backs_off[0] <= 1.0 <= backs_off[1] <= 2.0 <= backs_off[2] <= 4.0


@pytest.mark.parametrize("code", OF[Action.RETRY])
def test_a_lasting_error_ends_after_a_bounded_number_of_calls(code: int, vk: Vk, server: VkServer) -> None:
    server.world.errors.extend([code] * 50)
    with pytest.raises(ServiceError, match=f"VK error {code}"):
        vk.page("memes", 0, 5)
    assert len(server.world.calls) == vk_module.ATTEMPTS


def test_error_6_slows_down_and_is_bounded(vk: Vk, server: VkServer, clock: VirtualClock) -> None:
    server.world.errors.extend([6, 6])
    assert vk.page("memes", 0, 5)["count"] == 30
    assert sum(clock.sleeps) >= 3
    server.world.errors.extend([6] * 50)
    with pytest.raises(TryLaterError):
        vk.page("memes", 0, 5)


def test_error_9_pauses_for_long_then_stops_resumable(vk: Vk, server: VkServer, clock: VirtualClock) -> None:
    server.world.errors.append(9)
    assert vk.page("memes", 0, 5)["count"] == 30
    assert max(clock.sleeps) >= 60
    server.world.errors.extend([9] * 9)
    with pytest.raises(TryLaterError) as caught:
        vk.page("memes", 0, 5)
    assert caught.value.exit_code == 75


def test_error_13_asks_for_less(vk: Vk, server: VkServer, tmp_path: Path) -> None:
    server.world.errors.append(13)
    with pytest.raises(TooBigError):
        vk.page("memes", 0, 100)
    server.world.errors.extend([13, 13])
    assert scrape(["memes"], tmp_path, vk).n_posts == 30


def test_error_14_shows_the_link_and_stops_resumable(vk: Vk, server: VkServer) -> None:
    server.world.errors.append(14)
    with pytest.raises(TryLaterError, match=r"captcha\.php\?sid=") as caught:
        vk.page("memes", 0, 5)
    assert caught.value.exit_code == 75
    server.world.errors.append({"error_code": 14, "redirect_uri": "https://id.vk.ru/not_robot_captcha?session=1"})
    with pytest.raises(TryLaterError, match="not_robot_captcha"):
        vk.page("memes", 0, 5)
    assert len(server.world.calls) == 2


def test_error_29_stops_resumable(vk: Vk, server: VkServer) -> None:
    server.world.errors.append(29)
    with pytest.raises(TryLaterError, match="24 hours"):
        vk.page("memes", 0, 5)
    assert len(server.world.calls) == 1


@pytest.mark.parametrize("code", OF[Action.TOKEN])
def test_a_bad_token_is_named_with_the_kind_that_is_needed(code: int, vk: Vk, server: VkServer) -> None:
    server.world.errors.append(code)
    with pytest.raises(AuthError, match="token") as caught:
        vk.page("memes", 0, 5)
    assert caught.value.exit_code == 77
    assert len(server.world.calls) == 1


@pytest.mark.parametrize("code", OF[Action.SKIP])
def test_a_closed_community_is_left_out_and_the_next_is_read(
    code: int, vk: Vk, server: VkServer, tmp_path: Path
) -> None:
    server.world.errors.append(code)
    summary = scrape(["closed", "memes"], tmp_path, vk)
    assert summary.n_posts == 30
    assert list(summary.skipped) == ["closed"]
    assert f"error {code}" in summary.skipped["closed"]
    server.world.errors.append(code)
    with pytest.raises(SkipWall):
        vk.page("memes", 0, 5)


@pytest.mark.parametrize("code", OF[Action.USAGE])
def test_a_wrong_call_is_the_users(code: int, vk: Vk, server: VkServer) -> None:
    server.world.errors.append(code)
    with pytest.raises(UsageError, match=f"VK error {code}") as caught:
        vk.page("memes", 0, 5)
    assert caught.value.exit_code == 2


def test_an_unknown_code_says_what_vk_said(vk: Vk, server: VkServer) -> None:
    server.world.errors.append({"error_code": 7777, "error_msg": "Moon phase"})
    with pytest.raises(ServiceError, match="7777: Moon phase"):
        vk.page("memes", 0, 5)


BAD_ANSWERS = {
    "HTTP 502": (502, {}, b"<html>Bad Gateway</html>"),
    "bad JSON": (200, {}, b'{"response": {"count": 3'),
    "empty body": (200, {}, b""),
    "no object": (200, {}, b"null"),
    "a list": (200, {}, b"[1]"),
    "error without a code": (200, {}, b'{"error": {}}'),
    "half a body": (200, {"Content-Length": "500"}, b'{"response"'),
    "silence": 0.4,
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_tried_again_and_bounded(
    name: str, vk: Vk, server: VkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vk_module, "TIMEOUTS_S", (1.0, 0.1))
    server.api_faults = deque([BAD_ANSWERS[name]] * 2)
    assert vk.page("memes", 0, 5)["count"] == 30
    server.api_faults = deque([BAD_ANSWERS[name]] * 20)
    with pytest.raises(ServiceError) as caught:
        vk.page("memes", 0, 5)
    assert caught.value.exit_code == 69
    assert len(server.api_faults) == 20 - vk_module.ATTEMPTS


def test_no_server_at_all_is_a_service_error(clock: VirtualClock) -> None:
    with pytest.raises(ServiceError, match="ConnectionError"):
        Vk("t", clock=clock, address="http://127.0.0.1:9").page("memes", 0, 5)


def test_a_service_token_makes_plain_calls(clock: VirtualClock, tmp_path: Path) -> None:
    with VkServer({"memes": [WallPost(str(i)) for i in range(450)]}, is_service_token=True) as server:
        vk = Vk(server.token, clock=clock, address=server.address)
        assert scrape(["memes"], tmp_path, vk).n_posts == 450
        assert server.world.calls == ["wall.get", "execute"] + ["wall.get"] * 5
        with pytest.raises(BatchRefusedError):
            vk.pages("memes", [0, 90], 100)


def test_a_user_token_reads_25_pages_in_a_call(clock: VirtualClock, tmp_path: Path) -> None:
    with VkServer({"memes": [WallPost(str(i)) for i in range(2400)]}) as server:
        vk = Vk(server.token, clock=clock, address=server.address)
        assert scrape(["memes"], tmp_path, vk).n_posts == 2400
        assert server.world.calls == ["wall.get", "execute", "wall.get", "wall.get"]


def test_never_more_than_three_calls_a_second(vk: Vk, server: VkServer, clock: VirtualClock) -> None:
    times = []
    server.world.before_call = lambda world, method: times.append(clock.now)
    for _ in range(30):
        clock.now += 0.07
        vk.page("memes", 0, 5)
    server.world.before_call = None
    assert all(later - first > 1.0 - 1e-6 for first, later in zip(times, times[3:], strict=False))


def test_the_token_appears_nowhere(
    tmp_path: Path, clock: VirtualClock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    paint: Callable[[int], list[Path]],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    secret = "SECRET" * 4
    paths: list[str] = []
    with VkServer({"memes": [WallPost("мем", [path]) for path in paint(3)]}, token=secret) as server:
        respond = server.respond
        server.respond = lambda path, form: (paths.append(path), respond(path, form))[1]  # type: ignore[method-assign]
        messages = []
        for code in ACTIONS:
            server.world.errors.extend([{"error_code": code, "error_msg": f"bad {secret}", "redirect_uri": secret}] * 9)
            with pytest.raises(MemecapError) as caught:
                Vk(secret, clock=clock, address=server.address).page("memes", 0, 5)
            messages += [str(caught.value), repr(caught.value.__cause__), *format_exception(caught.value)]
            server.world.errors.clear()
        scrape(["memes"], tmp_path, Vk(secret, limits=Limits(tmp_path / ".calls.json", clock), address=server.address))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    out, err = capfd.readouterr()
    for path in files:
        content = path.read_bytes()
        assert secret.encode() not in (gzip.decompress(content) if path.suffix == ".gz" else content), path
    for text in (*messages, *paths, caplog.text, out, err):
        assert secret not in text


def test_the_token_comes_from_the_environment_or_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VK_TOKEN", raising=False)
    path = tmp_path / "token"
    monkeypatch.setenv("MEMECAP_VK_TOKEN_FILE", str(path))
    with pytest.raises(AuthError, match="no VK token"):
        read_token()
    path.write_text("abc\n")
    path.chmod(0o644)
    with pytest.raises(AuthError, match="chmod 600"):
        read_token()
    path.chmod(0o600)
    assert read_token() == "abc"
    monkeypatch.setenv("VK_TOKEN", "def")
    assert read_token() == "def"
    monkeypatch.delenv("VK_TOKEN")
    monkeypatch.setenv("MEMECAP_VK_TOKEN_FILE", str(tmp_path))
    with pytest.raises(StorageError):
        read_token()
