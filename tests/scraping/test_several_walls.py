"""Several communities in one command: each is finished or left out with its reason; what stops the run harms none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401
from memecap.cli import app
from memecap.errors import TryLaterError, UsageError
from memecap.scraping.post import read_posts
from memecap.scraping.scrape import scrape
from memecap.scraping.vk import Vk
from tests.scraping.conftest import VirtualClock
from tests.scraping.local_vk import VkServer, WallPost, World

Paint = Callable[[int], list[Path]]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEMECAP_CACHE", str(tmp_path / "cache"))


def walls(paint: Paint) -> dict[str, list[WallPost]]:
    first, second, third = paint(3)
    return {
        "a": [WallPost("первый", [first]), WallPost("текст")],
        "b": [WallPost(str(i), [second] if i == 0 else []) for i in range(250)],
        "c": [WallPost("третий", [third])],
    }


def run(server: VkServer, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, BaseException | None]:
    monkeypatch.setenv("VK_TOKEN", server.token)
    monkeypatch.setenv("MEMECAP_VK_API", server.address)
    result = CliRunner().invoke(app, ["scrape", *arguments])
    return result.exit_code, result.output, result.exception


def is_whole(folder: Path, owner_id: int, n_posts: int) -> bool:
    """As `posts.jsonl` says, read without the package: all posts of a wall, and each picture a file."""
    records = [json.loads(line) for line in (folder / "posts.jsonl").read_text(encoding="utf-8").splitlines()]
    mine = [record for record in records if record["owner_id"] == owner_id]
    photos = [photo for record in mine for photo in record["photos"]]
    return len(mine) == n_posts and bool(photos) and all((folder / photo["file"]).is_file() for photo in photos)


def test_a_typo_between_two_walls(paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    with VkServer(walls(paint)) as server:
        code, said, _ = run(server, monkeypatch, "a", "typo", "c", "--out", str(out))
        assert code == 1 and "typo: left out, VK error 100" in said
        assert is_whole(out, -1000, 2) and is_whole(out, -3000, 1)
        code, said, _ = run(server, monkeypatch, "typo", "a", "--out", str(out), "--json")
        assert code == 1 and "100" in json.loads(said[said.index("{") :].splitlines()[0])["skipped"]["typo"]
        code, said, _ = run(server, monkeypatch, "typo", "a", "--dry-run")
        assert code == 1 and "typo: cannot be read" in said and "a: about 2 posts" in said


@pytest.mark.parametrize("name", ["../../etc/a", "https://vk.com/a/b", "--5", "-²", "группа", ""])
def test_a_name_that_is_none_is_not_asked_for(name: str, paint: Paint, tmp_path: Path, clock: VirtualClock) -> None:
    with VkServer(walls(paint)) as server:
        vk = Vk(server.token, clock=clock, address=server.address)
        summary = scrape([name, "a"], tmp_path / "deep" / "out", vk)
        assert len(summary.skipped) == 1 and summary.n_posts == 2
        assert server.world.calls == ["wall.get"]
        with pytest.raises(UsageError, match="not the name"):
            vk.page(name, 0, 1)


@pytest.mark.parametrize("code", [29, 14, 9, 5, 7777])
@pytest.mark.parametrize("at_call", [2, 3])  # the second wall's first page; its second
def test_a_stop_in_the_second_wall_leaves_the_first_whole(
    paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, at_call: int
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr("memecap.scraping.vk.PAUSE_S", 0.0)

    def fail(world: World, _: str) -> None:
        if len(world.calls) >= at_call:
            world.errors.append(code)

    with VkServer(walls(paint), is_service_token=True, before_call=fail) as server:
        exit_code, _, error = run(server, monkeypatch, "a", "b", "c", "--out", str(out))
        expected = {29: 75, 14: 75, 9: 75, 5: 77, 7777: 69}[code]
        assert exit_code == 1 and getattr(error, "exit_code", None) == expected
        assert is_whole(out, -1000, 2) and len(list(read_posts(out))) == 2
        server.world.before_call = None
        assert run(server, monkeypatch, "a", "b", "c", "--out", str(out))[0] == 0
        assert is_whole(out, -1000, 2) and is_whole(out, -2000, 250) and is_whole(out, -3000, 1)


def test_calls_are_counted_by_token_over_folders(paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VkServer(walls(paint)) as server:
        for folder in ("one", "two"):
            assert run(server, monkeypatch, "a", "--out", str(tmp_path / folder))[0] == 0
        first = server.token
        server.world.token = server.token = "another-token"
        assert run(server, monkeypatch, "a", "--out", str(tmp_path / "one"))[0] == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl", ".lock")]
    assert not any(token in path.read_text() for path in files for token in (first, "another-token"))
    counts = json.loads((tmp_path / "cache" / "vk_calls.json").read_text())
    assert sorted(sum(hours.values()) for hours in counts.values()) == [1, 2]


class Guard:
    """VK that wants a captcha answered before it answers anything."""

    def __init__(self, server: VkServer, wanted: Mapping[str, str], error: Mapping[str, object]) -> None:
        self.forms: list[dict[str, str]] = []
        self._wanted, self._error, self._is_open = dict(wanted), dict(error), False
        self._server, self._respond = server, server.respond
        server.respond = self.respond  # type: ignore[method-assign]

    def respond(self, path: str, form: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/method/"):
            self.forms.append(dict(form))
            self._is_open = self._is_open or self._wanted.items() <= form.items()
            if not self._is_open:
                self._server.world.errors.append({"error_code": 14, **self._error})
        return self._respond(path, form)


CAPTCHAS = {
    "letters": (
        {"captcha_sid": "777", "captcha_key": "мем 5"},
        {"captcha_sid": "777", "captcha_img": "https://api.vk.com/captcha.php?sid=777&s=1"},
        ["--captcha-sid", "777", "--captcha-key", "мем 5"],
    ),
    "a page": (
        {"success_token": "abc.def"},
        {"captcha_sid": "777", "redirect_uri": "https://id.vk.ru/not_robot_captcha?session_token=1"},
        ["--captcha-token", "abc.def"],
    ),
}


@pytest.mark.parametrize("kind", CAPTCHAS)
def test_a_captcha_can_be_answered(kind: str, paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, error, answer = CAPTCHAS[kind]
    with VkServer(walls(paint)) as server:
        guard = Guard(server, wanted, error)
        command = ["a", "c", "--out", str(tmp_path / "out")]
        _, _, stopped = run(server, monkeypatch, *command)
        assert isinstance(stopped, TryLaterError)
        assert str(stopped.fix).split("--captcha")[1:]  # the advice names the flags
        assert all(flag in str(stopped) for flag in answer if flag.startswith("--"))
        assert run(server, monkeypatch, *command, *answer)[0] == 0
        assert [set(wanted) <= set(form) for form in guard.forms] == [False, True, False]


def test_half_a_captcha_is_wrong_usage(paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VkServer(walls(paint)) as server:
        _, _, error = run(server, monkeypatch, "a", "--captcha-sid", "7", "--out", str(tmp_path / "out"))
        assert isinstance(error, UsageError) and not server.world.calls


def test_an_answer_is_sent_again_when_vk_has_not_heard_it(paint: Paint, clock: VirtualClock) -> None:
    wanted, error, _ = CAPTCHAS["letters"]
    with VkServer(walls(paint)) as server:
        Guard(server, wanted, error)
        answered, n = server.respond, 0

        def hang_up_once(path: str, form: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
            nonlocal n
            n += 1
            return (0, {}, b"") if n == 1 else answered(path, form)

        server.respond = hang_up_once  # type: ignore[method-assign]
        vk = Vk(server.token, clock=clock, address=server.address, captcha=wanted)
        assert vk.page("a", 0, 5)["count"] == 2
