"""`memecap serve` under load: clients that ask one after another, beside one that asks /healthz all the while.

    python scripts/bench/bench_serve.py [--clients 8 32 128] [--seconds 60] [--model FOLDER …] [--reader none]

Starts a server of its own on this machine, sends painted memes, and prints a row of a Markdown table for each number of
clients: answers by status, captions a second, the time of a refusal, the time of /healthz meanwhile, resident memory of
the server's processes. Clients and the one that watches are processes of their own that write bytes to sockets, so that
what they cost is not taken for the server's; how late the watcher itself is woken, which no server can mend, stands
in the last column.
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
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

HEADER = (
    "| clients | 200 | 429 | other | captions a second | 429 p50 / p99 / most ms | /healthz p50 / p99 / most ms | "
    "memory MB, first → last | watcher woken late, p99 ms |"
)
BOUNDARY = b"picture-of-a-meme"


class Answer(NamedTuple):
    """Of one request: its status, seconds, and the seconds after which to ask again."""

    status: int
    seconds: float
    again_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="*", default=[8, 32, 128])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--reader", default="none", help="tesseract costs a core and hides what the server costs")
    parser.add_argument("--impatient", action="store_true", help="clients ask again after 50 ms, not when told")
    parser.add_argument("--cost", action="store_true", help="only the processor time of answers without a caption")
    arguments = parser.parse_args()
    if arguments.cost:
        asyncio.run(_cost())
        return
    words = ["serve", "--port", "0", "--reader", arguments.reader]
    words += [word for model in arguments.model for word in ("--model", model)]
    print(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, nice {os.nice(0)}\n")
    server = subprocess.Popen([sys.executable, "-m", "memecap", *words], stderr=subprocess.PIPE, text=True)
    try:
        port = _port(server)
        print(HEADER + "\n" + "|---" * 9 + "|")
        for n_clients in arguments.clients:
            print(_load(port, n_clients, arguments, server.pid), flush=True)
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


def _port(server: subprocess.Popen[str]) -> int:
    """Where it listens, as soon as its captioners are loaded."""
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
            while asyncio.run(_once(port, _get("/readyz"))).status != 200:
                time.sleep(0.3)
            return port
    raise SystemExit("the server did not start")


def _load(port: int, n_clients: int, arguments: argparse.Namespace, pid: int) -> str:
    """A row of the table."""
    seconds: float = arguments.seconds
    pictures = _pictures()
    with get_context("spawn").Pool(2) as pool:
        theirs = [pictures[n % len(pictures)] for n in range(n_clients)]
        asked = pool.apply_async(_clients, (port, theirs, seconds, arguments.impatient))
        watched = pool.apply_async(_watch, (port, seconds))
        memory = []
        while not (asked.ready() and watched.ready()):
            memory.append(_resident(pid))
            time.sleep(0.5)
        answers, (health, late) = asked.get(), watched.get()
    statuses = Counter(answer.status for answer in answers)
    told = f"{statuses[200]} | {statuses[429]} | {len(answers) - statuses[200] - statuses[429]}"
    refused = [answer.seconds for answer in answers if answer.status == 429]
    return (
        f"| {n_clients} | {told} | {statuses[200] / seconds:.1f} | {_told(refused)} | "
        f"{_told(health)} | {memory[len(memory) // 10] / 1e6:.0f} → {memory[-1] / 1e6:.0f} | {_at(late, 99)} |"
    )


def _clients(port: int, pictures: list[bytes], seconds: float, impatient: bool) -> list[Answer]:
    """Every answer to as many clients as there are pictures."""
    answers: list[Answer] = []

    async def one(picture: bytes, end: float) -> None:
        request = _post("/v1/caption", picture)
        await asyncio.sleep(random.uniform(0, 1))  # people do not come in one millisecond, and this is one process
        while time.monotonic() < end:
            answers.append(await _once(port, request))
            if pause := answers[-1].again_s:
                await asyncio.sleep(0.05 if impatient else random.uniform(0.5, 1.5) * pause)

    async def all_of_them() -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(one(picture, end) for picture in pictures))

    asyncio.run(all_of_them())
    return answers


def _watch(port: int, seconds: float) -> tuple[list[float], list[float]]:
    """Seconds of each answer of /healthz, ten a second, and how much later than asked for the watcher woke."""
    health, late, pause = [], [], 0.1

    async def all_the_while() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            health.append((await _once(port, _get("/healthz"))).seconds)
            before = time.perf_counter()
            await asyncio.sleep(pause)
            late.append(time.perf_counter() - before - pause)

    asyncio.run(all_the_while())
    return health, late


async def _once(port: int, request: bytes) -> Answer:
    """One request on a connection of its own, as browsers and curl begin."""
    started = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = re.search(r"content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
    except (OSError, asyncio.IncompleteReadError):
        return Answer(0, time.perf_counter() - started, 1.0)
    seconds = time.perf_counter() - started
    writer.close()
    again = re.search(r"retry-after: (\d+)", head)
    return Answer(int(head.split()[1]), seconds, float(again[1]) if again else 0.0)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()


def _post(path: str, picture: bytes) -> bytes:
    part = b'Content-Disposition: form-data; name="picture"; filename="meme.jpg"\r\nContent-Type: image/jpeg'
    body = b"--%b\r\n%b\r\n\r\n%b\r\n--%b--\r\n" % (BOUNDARY, part, picture, BOUNDARY)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\n\r\n"
    )
    return head.encode() + body


def _told(values: list[float]) -> str:
    return f"{_at(values, 50)} / {_at(values, 99)} / {max(values) * 1000:.0f}" if len(values) > 1 else "–"


def _at(values: list[float], percent: int) -> str:
    return f"{statistics.quantiles(values, n=100, method='inclusive')[percent - 1] * 1000:.0f}"


def _resident(pid: int) -> int:
    """Bytes that a process and the processes that it began hold now."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        children = [child for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(child)) for child in children)


def _words(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split()


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
