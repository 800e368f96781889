"""memecap serve: the page and the API."""

from __future__ import annotations

import gc
import io
import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import emit
from memecap.core import defaults
from memecap.core.progress import say
from memecap.errors import ServiceError, UsageError

Token = Annotated[
    str | None,
    typer.Option(envvar="MEMECAP_SERVE_TOKEN", help="what every request has to carry; when not set, nothing"),
]
AllowUrls = Annotated[bool, typer.Option("--allow-urls", help="pictures may be named by their public addresses")]
Corrections = Annotated[
    Path | None, typer.Option(help="folder where corrections that people save are kept; nothing is kept without it")
]


@app.command(epilog="Example: memecap serve --model output/memes_read --corrections data/corrections")
def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(help="checkpoint or run folder, or a Hub id; several stand side by side, after the template"),
    ] = None,
    host: Annotated[str, typer.Option(help="where to listen; 0.0.0.0: everybody in the network")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free")] = 8000,
    token: Token = None,
    allow_urls: AllowUrls = False,
    corrections: Corrections = None,
    memory: options.MemoryFolder = None,
    reader: options.ReaderName = defaults.READER,
    reader_settings: options.ReaderSettings = None,
    precision: options.PrecisionName = "fp32",
    trust_code: options.TrustCode = False,
    device: options.Device = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Open a page that captions pictures, with the API beside it (/openapi.json)."""
    _check_extra()
    import uvicorn

    from memecap.core import storage
    from memecap.web.app import create_app
    from memecap.web.settings import Settings

    _check_token(token)
    if corrections is not None and not dry_run:
        storage.check_writable(corrections)
    loading = {
        "reader": options.reader_settings(reader, reader_settings),
        "precision": precision,
        "device": device,
        "trust_code": trust_code,
    }
    served = create_app(
        Settings(
            models=tuple(model or ()), loading=loading, host=host, token=token, urls=allow_urls,
            corrections=corrections, memory=memory, example=_example(),
        )
    )  # fmt: skip
    if token is None and host not in ("127.0.0.1", "localhost", "::1"):
        say("warning: everybody who reaches this port may use it; --token asks for a word")
    listening = _listen(host, port)
    if dry_run:
        listening.close()
        raise planned("serve", reads=model or (), writes=[corrections] if corrections else (), as_json=as_json)
    server = uvicorn.Server(uvicorn.Config(served, log_level="warning", access_log=False, server_header=False))
    worker = served.serving.worker
    worker.on_failure = lambda: setattr(server, "should_exit", True)
    gc.freeze()  # what is imported by now stays: no collection looks through it while somebody waits
    address = _address(host, listening)
    say(f"{address} (Ctrl-C stops it)")
    if as_json:
        emit({"address": address, "models": list(model or ())})
    with suppress(KeyboardInterrupt):  # uvicorn has ended in order and tells the signal again
        server.run(sockets=[listening])
    if worker.failure is not None:
        raise worker.failure


def _address(host: str, listening: socket.socket) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{listening.getsockname()[1]}"


def _check_extra() -> None:
    """Raises `UsageError` where the extra `web` is not installed."""
    missing = [name for name in ("fastapi", "jinja2", "python_multipart", "uvicorn") if find_spec(name) is None]
    if missing:
        fix = "pip install 'memecap[web]'"
        raise UsageError(f"the page needs {', '.join(missing)}", where="memecap serve", fix=fix)


def _check_token(token: str | None) -> None:
    """Raises `UsageError` where no header can hold it."""
    if token is not None and not (token.isascii() and token.strip()):
        what, fix = "a token is of Latin letters, digits and signs", "Name another."
        raise UsageError(what, where="--token", fix=fix)


def _listen(host: str, port: int) -> socket.socket:
    """Raises `ServiceError` where the port is taken, or the address is not this machine's."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        what, fix = f"cannot listen there: {error.strerror or error}", "Choose another --port or --host."
        raise ServiceError(what, where=f"{host}:{port}", fix=fix) from error


def _example() -> bytes:
    """A meme to try the page with, painted here."""
    import random

    from memecap.demo import world
    from memecap.demo.painter import paint

    content = io.BytesIO()
    paint(world.memes(4)[3], random.Random(1)).save(content, "PNG")
    return content.getvalue()
