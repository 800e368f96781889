"""How fast scraping is: parsing walls, and downloading 1,000 memes from a local server in another process.

    python scripts/bench/bench_scraping.py [--memes ../shared/data/memes/images] [--n 1000] [--runs 5] [--json]
        [--img2dataset VENV/bin/img2dataset]

Prints medians. A download decodes every picture in full, checks it, takes its sha256 and dHash, stores the original and
the upright copy; "in all" counts a fresh process from its start to its end. Without `--memes`, pictures are painted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from memecap.scraping.wall import parse_wall

CLIENT = """
import sys; from pathlib import Path
from typing import ClassVar
from memecap.scraping.download import DownloadConfig, download
here = DownloadConfig(allowed=["127.0.0.1"])
failures = download(((url, url) for url in sys.stdin.read().split()), Path(sys.argv[1]), here)
assert not failures, failures
"""


def paint(folder: Path, n: int) -> list[Path]:
    """Noise-and-blocks JPEG files about as large as memes: 700 x 600, 60-80 kB."""
    paths = []
    for i in range(n):
        rng = np.random.default_rng(i)
        blocks = Image.fromarray(rng.integers(0, 256, (12, 14, 3), dtype=np.uint8)).resize((700, 600))
        noise = Image.effect_noise((700, 600), 25).convert("RGB")
        paths.append(folder / f"{i}.jpg")
        Image.blend(blocks, noise, 0.3).save(paths[-1], quality=80)
    return paths


class Pictures(asyncio.Protocol):
    """An HTTP server that costs next to nothing, so that the client is measured: files in memory, written at once."""

    files: ClassVar[dict[bytes, bytes]] = {}
    latency_s: ClassVar[float] = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._waiting = transport, b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            body = self.files[self._waiting.split(b" ", 2)[1]]
            self._waiting = self._waiting[end + 4 :]
            head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body)
            asyncio.get_running_loop().call_later(self.latency_s, self._transport.writelines, [head, body])


def serve(paths: list[Path], latency_s: float, pipe: Connection) -> None:
    Pictures.files = {b"/%d.jpg?size=700x600&quality=96" % i: path.read_bytes() for i, path in enumerate(paths)}
    Pictures.latency_s = latency_s

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Pictures, "127.0.0.1", 0, backlog=256)
        pipe.send([f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path.decode()}" for path in Pictures.files])
        await loop.run_in_executor(None, pipe.recv)

    asyncio.run(run())


def time_run(command: list[str], urls: list[str]) -> tuple[float, float]:
    """(seconds in all, CPU seconds) of a fresh process that reads addresses, one a line, from its standard input."""
    with tempfile.TemporaryFile("w+") as file:
        file.write("\n".join(urls))
        file.seek(0)
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        subprocess.run(command, stdin=file, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime


def ours(folder: str) -> list[str]:
    return [sys.executable, "-c", CLIENT, folder]


def theirs(program: Path, folder: str) -> list[str]:
    """img2dataset as its authors run it, with our number of connections: decoded, resized, encoded again."""
    options = "--output_format files --resize_mode keep_ratio --image_size 512 --processes_count 2 --thread_count 32"
    return [str(program), "--url_list", "/dev/stdin", "--output_folder", folder, *options.split()]


def bench_download(
    paths: list[Path], latency_s: float, n_runs: int, command: Callable[[str], list[str]], *, with_empty: bool = True
) -> dict[str, float]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(paths, latency_s, there), daemon=True)
    process.start()
    urls = here.recv()
    runs, empty = [], [(0.0, 0.0)]
    for _ in range(n_runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(time_run(command(folder), urls))
        if with_empty:
            with tempfile.TemporaryDirectory() as folder:
                empty.append(time_run(command(folder), []))
    here.send(None)
    process.join()
    in_all, cpu = (statistics.median(values) for values in zip(*runs, strict=True))
    start_up = statistics.median(seconds for seconds, _ in empty[1:] or empty)
    return {
        "pictures_per_s": round(len(urls) / (in_all - start_up), 1),
        "in_all_s": round(in_all, 2),
        "start_up_s": round(start_up, 2),
        "client_cpu_ms_per_picture": round(1000 * cpu / len(urls), 2),
    }


def bench_parsing(n_runs: int) -> dict[str, float]:
    """Posts a second of pages of 100 posts with a photo of ten sizes and 300 characters each."""
    sizes = [
        {"type": letter, "url": f"https://sun9-1.userapi.com/{letter}.jpg?size=1", "width": 75 * i, "height": 75 * i}
        for i, letter in enumerate("smopqrxyzw", 1)
    ]
    text = "Надпись сверху: «когда сдал проект». На картинке кот сидит за столом. #мем https://vk.cc/a " * 3
    photo = {"type": "photo", "photo": {"id": 1, "owner_id": -1, "sizes": sizes}}
    page = json.dumps([{"id": i, "owner_id": -1, "date": i, "text": text, "attachments": [photo]} for i in range(100)])
    pages = [json.loads(page) for _ in range(50)]
    clocks = {"wall_posts_per_s": time.perf_counter, "wall_posts_per_cpu_s": time.process_time}
    speeds: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(n_runs):
        begun = {name: clock() for name, clock in clocks.items()}
        n_posts = sum(len(parse_wall(items)) for items in pages)
        for name, clock in clocks.items():
            speeds[name].append(n_posts / (clock() - begun[name]))
    return {name: round(statistics.median(values)) for name, values in speeds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memes", type=Path, help="folder of JPEG files; painted ones when absent")
    parser.add_argument("--n", type=int, default=1000, help="pictures")
    parser.add_argument("--runs", type=int, default=5, help="runs of each measurement")
    parser.add_argument("--img2dataset", type=Path, help="the program, installed elsewhere, to run beside")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(options.memes.glob("*.jpg"))[: options.n] if options.memes else paint(Path(folder), options.n)
        figures = {
            **bench_parsing(options.runs),
            "download_local": bench_download(paths, 0.0, options.runs, ours),
            "download_150_ms": bench_download(paths, 0.15, options.runs, ours),
        }
        if options.img2dataset:
            figures["img2dataset_local"] = bench_download(
                paths, 0.0, 1, partial(theirs, options.img2dataset), with_empty=False
            )
    print(json.dumps(figures, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
