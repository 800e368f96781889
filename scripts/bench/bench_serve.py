"""`memecap serve` under load: clients that ask one after another, beside one that asks /healthz all the while.

    python scripts/bench/bench_serve.py [--clients 8 32 128] [--seconds 60] [--model FOLDER …] [--reader none]

Starts a server of its own on this machine, sends painted memes, and prints a row of a Markdown table for each number of
clients: answers by status, captions a second, the time of a refusal, the time of /healthz meanwhile, resident memory.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

HEADER = (
    "| clients | 200 | 429 | 5xx | captions a second | 429 p50 / p99 ms | /healthz p99 ms | memory MB, first → last |"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="*", default=[8, 32, 128])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--reader", default="none", help="tesseract costs a core and hides what the server costs")
    parser.add_argument("--cost", action="store_true", help="only the processor time of answers without a caption")
    arguments = parser.parse_args()
    if arguments.cost:
        asyncio.run(_cost())
        return
    words = ["serve", "--port", "0", "--reader", arguments.reader]
    words += [word for model in arguments.model for word in ("--model", model)]
    print(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    server = subprocess.Popen([sys.executable, "-m", "memecap", *words], stderr=subprocess.PIPE, text=True)
    try:
        address = _address(server)
        print(HEADER + "\n" + "|---" * 8 + "|")
        for n_clients in arguments.clients:
            print(asyncio.run(_load(address, n_clients, arguments.seconds, server.pid)), flush=True)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(120)


async def _cost(n: int = 1000) -> None:
    """Milliseconds of processor time of a refusal and of /healthz, without sockets: the same on a busy machine."""
    from memecap.web.app import create_app
    from memecap.web.settings import Limits, Settings

    app = create_app(Settings(limits=Limits(waiting=0)))
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"30000")]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.update([message["status"]] if "status" in message else [])

    for method, path in (("POST", "/v1/caption"), ("GET", "/healthz")):
        statuses: Counter[int] = Counter()
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
                 "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
                 "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000)}  # fmt: skip
        started = time.process_time()
        for _ in range(n):
            await app(dict(scope), receive, send)
        print(f"{path}: {dict(statuses)}, {(time.process_time() - started) / n * 1000:.3f} ms each")


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"http://\S+", line):
            while True:
                try:
                    if httpx.get(f"{found[0]}/readyz").status_code == 200:
                        return found[0]
                except httpx.TransportError:
                    pass
                time.sleep(0.3)
    raise SystemExit("the server did not start")


async def _load(address: str, n_clients: int, seconds: float, pid: int) -> str:
    statuses: Counter[int] = Counter()
    refused: list[float] = []
    health: list[float] = []
    memory: list[int] = [_resident(pid)]
    pictures, end = _pictures(), time.monotonic() + seconds
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=n_clients + 1)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:

        async def captions(number: int) -> None:
            files = {"picture": ("meme.jpg", pictures[number % len(pictures)])}
            started = time.perf_counter()
            answer = await client.post("/v1/caption", files=files)
            statuses[answer.status_code] += 1
            if answer.status_code == 429:
                refused.append(time.perf_counter() - started)
                await asyncio.sleep(random.uniform(0.5, 1.5) * int(answer.headers["retry-after"]))

        async def watch(_: int) -> None:
            started = time.perf_counter()
            await client.get("/healthz")
            health.append(time.perf_counter() - started)
            memory.append(_resident(pid))
            await asyncio.sleep(0.1)

        await asyncio.gather(_until(end, watch, 0), *(_until(end, captions, n) for n in range(n_clients)))
    failed = sum(n for status, n in statuses.items() if status >= 500)
    told = f"{_at(refused, 50)} / {_at(refused, 99)}" if refused else "–"
    return (
        f"| {n_clients} | {statuses[200]} | {statuses[429]} | {failed} | {statuses[200] / seconds:.1f} | {told} | "
        f"{_at(health, 99)} | {memory[len(memory) // 10] / 1e6:.0f} → {memory[-1] / 1e6:.0f} |"
    )


async def _until(end: float, ask: Callable[[int], Awaitable[None]], number: int) -> None:
    while time.monotonic() < end:
        await ask(number)


def _at(values: list[float], percent: int) -> str:
    return f"{statistics.quantiles(values, n=100)[percent - 1] * 1000:.0f}" if len(values) > 1 else "–"


def _resident(pid: int) -> int:
    """Bytes that a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _pictures() -> list[bytes]:
    from memecap.demo import world
    from memecap.demo.painter import paint

    made = []
    for number, meme in enumerate(world.memes(8)):
        content = io.BytesIO()
        paint(meme, random.Random(number)).save(content, "JPEG", quality=88)
        made.append(content.getvalue())
    return made


if __name__ == "__main__":
    main()
