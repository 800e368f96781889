"""The language-model engine against a local server that speaks the chat completions interface, and misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chat_server import Reply, Server, asked, completion, good

from memecap.core import chat as _chat
from memecap.core import config
from memecap.errors import AuthError, ServiceError, TryLaterError, UsageError
from memecap.translation.base import Translator

KEY = "sk-very-secret"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(_chat.time, "sleep", slept.append)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return slept


def _translator(server: Server, **settings: object) -> Translator:
    made: Translator = config.build("translation", {"name": "llm", "model": "m", "endpoint": server.url, **settings})
    return made


def test_sentences_go_in_batches_and_keep_their_order(server: Server, naps: list[float]) -> None:
    sentences = [f"a cat number {i}" for i in range(47)]
    assert _translator(server, batch=10).translate(sentences) == [f"перевод: {s}" for s in sentences]
    assert sorted(len(asked(body)) for body in server.requests) == [7, 10, 10, 10, 10]
    assert set(server.headers) == {f"Bearer {KEY}"} and not naps


def test_what_the_model_left_out_is_asked_again(server: Server, naps: list[float]) -> None:
    def reply(number: int, body: dict[str, Any]) -> Reply:
        if number > 1:
            return good(body)
        return completion('Sure! ```json\n{"1": "один", "3": 3, "9": "лишнее"}\n```')

    server.reply = reply
    assert _translator(server).translate(["a", "b", "c"]) == ["один", "перевод: b", "перевод: c"]
    assert asked(server.requests[1]) == {"2": "b", "3": "c"}


def test_what_the_model_never_answers_stays_empty(server: Server, naps: list[float]) -> None:
    server.reply = lambda *_: completion("I cannot help with that.")
    assert _translator(server).translate(["a"]) == [""]
    assert len(server.requests) == 2


def test_first_try_faults_are_retried_and_retry_after_is_obeyed(server: Server, naps: list[float]) -> None:
    faults: list[Reply] = [(503, {}, "busy"), (429, {"Retry-After": "7"}, "slow down"), (500, {}, "")]
    server.reply = lambda number, body: faults[number - 1] if number <= 3 else good(body)
    assert _translator(server).translate(["a"]) == ["перевод: a"]
    assert len(naps) == 3 and naps[1] >= 7


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((401, {}, ""), AuthError),
        ((403, {}, ""), AuthError),
        ((404, {}, "no such model"), ServiceError),
        ((400, {}, "bad request"), ServiceError),
        ((402, {}, ""), TryLaterError),
        ((429, {}, '{"error": {"code": "insufficient_quota"}}'), TryLaterError),
        ((429, {"Retry-After": "86400"}, ""), TryLaterError),
        ((503, {}, ""), TryLaterError),
        ((200, {}, "<html>login</html>"), ServiceError),
        ((200, {}, '{"choices": []}'), ServiceError),
    ],
)
def test_every_refusal_has_its_error_and_hides_the_key(
    server: Server, naps: list[float], reply: Reply, error: type[Exception]
) -> None:
    server.reply = lambda *_: reply
    with pytest.raises(error) as caught:
        _translator(server, retries=2).translate(["a"])
    assert KEY not in str(caught.value)
    assert len(server.requests) <= 3


def test_a_server_that_is_not_there(naps: list[float], server: Server) -> None:
    translator = _translator(server, retries=1)
    server.close()
    with pytest.raises(TryLaterError, match="ConnectError"):
        translator.translate(["a"])


def test_the_estimate_comes_first_and_a_budget_holds(
    server: Server, naps: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = ["x" * 92] * 1000  # 100,000 characters with their numbers: 40,000 tokens back
    _translator(server, price_out=10, parallel=4, tokens_per_s=100).prepare(iter(sentences))
    said = capsys.readouterr().err
    assert "1000 sentences in 50 requests" in said and "40000 back" in said
    assert "about 0.40" in said and "1.7 minutes" in said
    with pytest.raises(UsageError, match="over the budget"):
        _translator(server, price_out=10, budget=0.3).prepare(iter(sentences))
    assert not server.requests


def test_no_key(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(AuthError, match="no key"):
        _translator(server)
    assert _translator(server, key_variable="").translate(["a"]) == ["перевод: a"]
    assert server.headers == [""]


def test_the_version_names_what_changes_the_answers(server: Server, naps: list[float]) -> None:
    versions = {
        _translator(server, **settings).version
        for settings in ({}, {"temperature": 0.5}, {"instruction": "translate"}, {"batch": 3})
    }
    assert len(versions) == 3 and not any(KEY in version for version in versions)
