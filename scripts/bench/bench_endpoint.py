"""What memecap itself needs for a picture behind an endpoint, and what a picture costs to send.

    python scripts/bench/bench_endpoint.py ours [--pictures 400] [--parallel 16]
    python scripts/bench/bench_endpoint.py memes data/corpora/memes

`ours` captions random pictures of 800 × 600 pixels by a server in another process that answers at once, and then again
from the cache; seconds are those of our processor. `memes` gives means over the validation split of a corpus that was
read: pixels sent, characters of the prompt and of people's descriptions, bytes of the JPEG; and what the gate of
`memecap label` says of people's descriptions: what it refuses there, it refuses wrongly.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

from memecap.core import config, manifest
from memecap.inference.pipeline import Pipeline
from memecap.labelling.gate import Gate
from memecap.pictures.jpeg import to_jpeg
from memecap.pictures.safe_open import open_picture
from memecap.quoting import instruction
from memecap.reading.stored.readings import load_readings

ANSWER = {
    "choices": [{"message": {"content": "Кот сидит на столе и смотрит. " * 9}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 620, "completion_tokens": 112},
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def serve(sender: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sender.send(server.server_port)
    server.serve_forever()


def ours(n: int, parallel: int) -> None:
    receiver, sender = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=serve, args=(sender,), daemon=True)
    process.start()
    random = np.random.default_rng(0)
    pictures = []
    for _ in range(n):
        coarse = Image.fromarray(random.integers(0, 256, (60, 80, 3), dtype=np.uint8))
        content = io.BytesIO()
        coarse.resize((800, 600), Image.Resampling.BICUBIC).save(content, "JPEG", quality=90)
        pictures.append(content.getvalue())
    with tempfile.TemporaryDirectory() as home:
        settings = {
            "name": "openai", "model": "instant", "endpoint": f"http://127.0.0.1:{receiver.recv()}/v1",
            "parallel": parallel, "cache": Path(home) / "answers.sqlite",
        }  # fmt: skip
        for name in ("asked", "from the cache"):
            pipeline = Pipeline(config.build("captioners", settings))
            clock, processor = time.perf_counter(), time.process_time()
            failed = sum(result.caption is None for result in pipeline.stream(pictures, batch_size=4 * parallel))
            clock, processor = time.perf_counter() - clock, time.process_time() - processor
            print(
                f"{name:16}{n} pictures, {failed} failed: {1000 * clock / n:6.1f} ms by the clock,"
                f" {1000 * processor / n:6.1f} ms of processor a picture"
            )
        size = (Path(home) / "answers.sqlite").stat().st_size
        print(f"the cache holds {size / n:.0f} bytes a picture")
    process.terminate()


def memes(folder: Path, n_pictures: int) -> None:
    corpus, readings = manifest.open_corpus(folder), load_readings(folder)
    rows = [row for row in corpus.rows("val") if row.image_id in readings and row.captions]
    prompts = [len(instruction.prompt(instruction.TASK, readings[row.image_id])) for row in rows]
    captions = [len(caption) for row in rows for caption in row.captions]
    sent, sizes = [], []
    for row in rows[:n_pictures]:
        path = corpus.image_path(row)
        assert path is not None
        content = to_jpeg(open_picture(path), max_side=1024, quality=90)
        sizes.append(len(content))
        with Image.open(io.BytesIO(content)) as image:
            sent.append(image.width * image.height)
    print(f"{len(rows)} memes: {statistics.mean(prompts):.0f} characters of prompt", end=", ")
    print(f"{statistics.mean(captions):.0f} of description", end=", ")
    print(f"{statistics.mean(sent):.0f} pixels and {statistics.mean(sizes):.0f} bytes of JPEG (of {len(sent)})")
    said = Counter(Gate().reject(row.captions[0], readings[row.image_id]) or "passed" for row in rows)
    print("the gate on people's descriptions:", ", ".join(f"{count} {reason}" for reason, count in said.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("ours")
    one.add_argument("--pictures", type=int, default=400)
    one.add_argument("--parallel", type=int, default=16)
    other = what.add_parser("memes")
    other.add_argument("corpus", type=Path)
    other.add_argument("--pictures", type=int, default=200)
    told = parser.parse_args()
    if told.what == "ours":
        ours(told.pictures, told.parallel)
    else:
        memes(told.corpus, told.pictures)


if __name__ == "__main__":
    main()
