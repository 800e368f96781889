"""How fast scraping is: parsing walls, and downloading 1,000 memes from a local server in another process.

    python scripts/bench/bench_scraping.py [--memes ../shared/data/memes/images] [--n 1000] [--runs 5] [--json]

Prints medians. A download decodes every picture in full, checks it, takes its sha256 and dHash, stores the original and
the upright copy; "in all" counts a fresh process from its start to its end. Without `--memes`, pictures are painted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

from memecap.demo.vk_server import VkServer, WallPost
from memecap.scraping.wall import parse_wall

CLIENT = """
import sys; from pathlib import Path
from memecap.scraping.download import download
failures = download(((url, url) for url in sys.stdin.read().split()), Path(sys.argv[1]))
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


def serve(paths: list[Path], latency_s: float, pipe: Connection) -> None:
    with VkServer({"memes": [WallPost(str(i), [path]) for i, path in enumerate(paths)]}, latency_s=latency_s) as server:
        pipe.send([f"{server.address}{name}" for name in server.pictures])
        pipe.recv()


def time_download(urls: list[str]) -> tuple[float, float]:
    """(seconds in all, CPU seconds of the client) of a fresh process that downloads the addresses."""
    with tempfile.TemporaryDirectory() as folder:
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", CLIENT, folder], input="\n".join(urls), text=True, check=True)
        seconds = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime


def bench_download(paths: list[Path], latency_s: float, n_runs: int) -> dict[str, float]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(paths, latency_s, there), daemon=True)
    process.start()
    urls = here.recv()
    runs = [time_download(urls) for _ in range(n_runs)]
    start_up = statistics.median(time_download([])[0] for _ in range(n_runs))
    here.send(None)
    process.join()
    in_all = statistics.median(seconds for seconds, _ in runs)
    return {
        "pictures_per_s": round(len(urls) / (in_all - start_up), 1),
        "in_all_s": round(in_all, 2),
        "start_up_s": round(start_up, 2),
        "client_cpu_ms_per_picture": round(1000 * statistics.median(cpu for _, cpu in runs) / len(urls), 2),
    }


def bench_parsing(n_runs: int) -> float:
    """Posts a second of pages of 100 posts with a photo of ten sizes and 300 characters each."""
    sizes = [
        {"type": letter, "url": f"https://sun9-1.userapi.com/{letter}.jpg?size=1", "width": 75 * i, "height": 75 * i}
        for i, letter in enumerate("smopqrxyzw", 1)
    ]
    text = "Надпись сверху: «когда сдал проект». На картинке кот сидит за столом. #мем https://vk.cc/a " * 3
    photo = {"type": "photo", "photo": {"id": 1, "owner_id": -1, "sizes": sizes}}
    page = json.dumps([{"id": i, "owner_id": -1, "date": i, "text": text, "attachments": [photo]} for i in range(100)])
    pages = [json.loads(page) for _ in range(50)]
    speeds = []
    for _ in range(n_runs):
        begun = time.perf_counter()
        n_posts = sum(len(parse_wall(items)) for items in pages)
        speeds.append(n_posts / (time.perf_counter() - begun))
    return round(statistics.median(speeds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memes", type=Path, help="folder of JPEG files; painted ones when absent")
    parser.add_argument("--n", type=int, default=1000, help="pictures")
    parser.add_argument("--runs", type=int, default=5, help="runs of each measurement")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(options.memes.glob("*.jpg"))[: options.n] if options.memes else paint(Path(folder), options.n)
        figures = {
            "wall_posts_per_s": bench_parsing(options.runs),
            "download_local": bench_download(paths, 0.0, options.runs),
            "download_150_ms": bench_download(paths, 0.15, options.runs),
        }
    print(json.dumps(figures, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
