"""Chat over HTTP: keys stay secret, addresses are told apart, faults are tried again or named."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from chat_server import KEY, Reply, Server, good, llm

from memecap.errors import AuthError, MemecapError, ServiceError, UsageError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made = Server()
    yield made
    made.close()


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def echoes(key: str) -> list[Reply]:
    header = f"Bearer {key}"
    encoded = base64.b64encode(key.encode()).decode()
    said = [
        f"invalid: {header}", f"invalid: {key}", as_json({"error": f"key {key} unknown"}), "x" * 190 + key,
        as_json({"headers": {"authorization": header}}).replace("/", "\\/"), f"?api_key={key}".replace("/", "%2F"),
        f"<html><pre>Authorization: {header}</pre></html>", encoded,
        json.dumps(f"bad key {key}").replace("+", "\\u002B").replace("=", "\\u003d"), "x" * 195 + header,
    ]  # fmt: skip
    return [(status, {}, text) for text in said for status in (200, 400, 401, 404)]


def test_no_message_holds_the_key_that_a_body_echoes(server: Server) -> None:
    messages = []
    for reply in echoes(KEY):
        server.reply = lambda *_, reply=reply: reply  # type: ignore[misc]
        with pytest.raises(MemecapError) as caught:
            llm(server).translate(["a"])
        assert caught.value.exit_code == (77 if reply[0] == 401 else 69)
        messages += [str(caught.value), repr(caught.value.__cause__)]
    said = "\n".join(messages)
    for secret in (KEY, "very", "secret", base64.b64encode(KEY.encode()).decode()):
        assert secret not in said
    assert "[key]" in said and "unknown" in said  # the rest of the message stays


def test_what_stands_in_the_address_is_secret_too(server: Server) -> None:
    address = server.url.replace("http://", "http://user:pass-word-1@") + "?api_key=in-the-address"
    server.reply = lambda *_: (400, {}, f"{address} {base64.b64encode(b'user:pass-word-1').decode()}")
    engine = llm(server, endpoint=address, key_variable="")
    with pytest.raises(ServiceError) as caught:
        engine.translate(["a"])
    for secret in ("pass-word-1", "in-the-address", base64.b64encode(b"user:pass-word-1").decode()):
        assert secret not in str(caught.value) + engine.version


def test_the_version_tells_endpoints_apart(server: Server) -> None:
    different = [
        "http://h:1/v1", "http://h:2/v1", "https://h:1/v1", "http://i:1/v1", "http://h:1/v2", "http://h/v1",
        "https://h/v1", "http://h:1/a/v1",
    ]  # fmt: skip
    same = ["http://h:1/v1/", "HTTP://H:1/v1", " http://h:1/v1", "http://u:p@h:1/v1"]
    versions = [llm(server, endpoint=endpoint).version for endpoint in (*different, *same)]
    assert len(set(versions)) == len(different)
    assert llm(server, endpoint="https://h:443/v1").version == llm(server, endpoint="https://h/v1").version


@pytest.mark.parametrize("endpoint", ["localhost:8000/v1", "", "ftp://h/v1", "http://", "http://h:port/v1"])
def test_an_address_that_is_none(server: Server, endpoint: str) -> None:
    with pytest.raises(UsageError, match="endpoint"):
        llm(server, endpoint=endpoint)


def test_a_key_that_no_header_carries(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-секрет")
    with pytest.raises(AuthError) as caught:
        llm(server)
    assert "секрет" not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")  # as `export KEY=$(cat file)` of some shells
    server.reply = lambda _, body: good(body)
    assert llm(server).translate(["a"]) == ["перевод: a"]


def test_a_body_that_cannot_be_unpacked_is_tried_again(server: Server) -> None:
    faulty: Reply = (200, {"Content-Encoding": "gzip"}, "not gzip")
    server.reply = lambda number, body: faulty if number == 1 else good(body)
    assert llm(server, retries=1).translate(["a"]) == ["перевод: a"]
