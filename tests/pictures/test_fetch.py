"""The guard of every URL: where it leads is judged where the connection is made."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

import memecap.cli.verbs  # noqa: F401  (each verb adds itself to `app`)
from memecap.cli import app
from memecap.errors import MemecapError
from memecap.pictures.fetch import fetch
from memecap.pictures.guard import FetchError, is_public
from memecap.pictures.safe_open import open_picture

#: host in a URL → what its name server says; None: the resolver of this machine, which reads numbers alone
HOSTILE: list[tuple[str, list[str] | None]] = [
    ("http://127.0.0.1/", None),
    ("http://127.0.0.1:8000/v1/models", None),
    ("http://127.1/", None),
    ("http://127.255.255.254/", None),
    ("http://2130706433/", None),
    ("http://0x7f000001/", None),
    ("http://0x7f.0.0.1/", None),
    ("http://017700000001/", None),
    ("http://0/", None),
    ("http://0.0.0.0/", None),
    ("http://[::1]/", None),
    ("http://[::]/", None),
    ("http://[::ffff:127.0.0.1]/", None),
    ("http://[::ffff:7f00:1]/", None),
    ("http://[::ffff:8.8.8.8]/", None),
    ("http://[::127.0.0.1]/", None),
    ("http://[0:0:0:0:0:0:0:1]/", None),
    ("http://[fe80::1]/", None),
    ("http://[fc00::1]/", None),
    ("http://[fd12:3456:789a::1]/", None),
    ("http://[fec0::1]/", None),
    ("http://[ff02::1]/", None),
    ("http://[2002:7f00:1::]/", None),
    ("http://[2001:0:7f00:1::]/", None),
    ("http://[64:ff9b::7f00:1]/", None),
    ("http://[2001:db8::1]/", None),
    ("http://10.0.0.1/", None),
    ("http://172.16.0.1/", None),
    ("http://172.31.255.255/", None),
    ("http://192.168.1.1/admin", None),
    ("http://169.254.169.254/latest/meta-data/", None),
    ("http://100.64.0.1/", None),
    ("http://198.18.0.1/", None),
    ("http://192.0.0.1/", None),
    ("http://192.0.2.5/", None),
    ("http://224.0.0.1/", None),
    ("http://240.0.0.1/", None),
    ("http://255.255.255.255/", None),
    ("http://localhost/", ["127.0.0.1"]),
    ("http://metadata.google.internal/", ["169.254.169.254"]),
    ("http://rebind.example/", ["93.184.216.34", "127.0.0.1"]),
    ("https://inside.example/", ["10.1.2.3"]),
    ("http://six.example/", ["::1"]),
]
#: addresses by which networks without IPv4 reach it
TRANSLATED = {"64:ff9b::808:808": True, "64:ff9b::a00:1": False, "64:ff9b::7f00:1": False, "64:ff9b:1::808:808": False}
INVALID = [
    "http:///x", "http://", "http://user:word@93.184.216.34/", "http://a@127.0.0.1/", "http://93.184.216.34:22/",
    "http://93.184.216.34:25/", "http://exa mple.org/", "http://example.org\\@127.0.0.1/", "http://example.org\t/",
    "http://[::1/", "http://0177.0.0.1/", "http://⑩.⓪.⓪.①/", "http://example.org:99999/",
]  # fmt: skip


class Never:
    """A resolver that gives its answers, and counts how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.n_asked = list(answers), 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.n_asked += 1
        return self.answers[min(self.n_asked, len(self.answers)) - 1]


@pytest.mark.parametrize(("url", "answer"), HOSTILE, ids=[url for url, _ in HOSTILE])
def test_no_address_that_is_not_public(url: str, answer: list[str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(FetchError) as caught:
        fetch(url, **({} if answer is None else {"resolver": Never(answer)}))
    assert caught.value.code == "url_not_public"


@pytest.mark.parametrize("url", INVALID)
def test_no_url_that_is_none(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(url, resolver=Never(["93.184.216.34"]))
    assert caught.value.code == "url_invalid"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "gopher://example.org/", "data:,x"])
def test_no_other_scheme(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(url)
    assert caught.value.code == "url_invalid"


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_an_address_that_stands_for_another_is_as_public_as_that() -> None:
    assert {address: is_public(address) for address in TRANSLATED} == TRANSLATED


class Server(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        moved = {"/moved": "/picture", "/inward": "http://10.0.0.1/x", "/loop": "/loop", "/file": "file:///etc/passwd"}
        if self.path in moved:
            self.send_response(302)
            self.send_header("Location", moved[self.path])
            self.end_headers()
        elif self.path == "/gone":
            self.send_error(404)
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.send_response(200)
            if self.path == "/liar":
                self.send_header("Content-Length", "999999999")
            self.end_headers()
            self.wfile.write(b"x" * (5000 if self.path == "/large" else 3))

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.handle_error = lambda *_: None  # who fetches hangs up on it
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/picture", b"xxx"), ("/moved", b"xxx"), ("/inward", "url_not_public"), ("/loop", "url_redirects"),
        ("/file", "url_invalid"), ("/gone", "url_refused"), ("/large", "url_too_large"), ("/liar", "url_too_large"),
        ("/drip", "url_timeout"),
    ],
)  # fmt: skip
def test_what_a_server_answers(port: int, path: str, expected: bytes | str) -> None:
    resolver = Never(["127.0.0.1"])
    try:
        found: bytes | str = fetch(
            f"http://memes.example:{port}{path}",
            resolver=lambda host, at: ["10.0.0.1"] if host == "10.0.0.1" else resolver(host, at),
            allowed=["127.0.0.1"],
            max_bytes=4000,
            timeout_s=1.0,
        )
    except FetchError as error:
        found = error.code
    assert found == expected


def test_the_address_that_was_judged_is_connected_to(port: int) -> None:
    """A name server that changes its mind is asked once a connection; the other answer is never used."""
    resolver = Never(["127.0.0.1"], ["10.0.0.1"])
    assert fetch(f"http://memes.example:{port}/picture", resolver=resolver, allowed=["127.0.0.1"]) == b"xxx"
    assert resolver.n_asked == 1


def test_no_proxy_of_the_environment(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    url = f"http://memes.example:{port}/picture"
    assert fetch(url, resolver=Never(["127.0.0.1"]), allowed=["127.0.0.1"]) == b"xxx"


def test_everywhere_a_picture_is_opened() -> None:
    with pytest.raises(MemecapError, match="not a public one"):
        open_picture("http://127.0.0.1/meme.jpg")


def test_on_the_command_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["caption", "http://127.0.0.1/meme.jpg", "--reader", "none", "--sidecar"])
    assert done.exit_code == 1
    assert "http://127.0.0.1/meme.jpg: the address is not a public one" in done.output
