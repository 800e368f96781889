"""The pictures of README.md, made of painted memes: the page with a meme, a report, the curves of a run.

    python scripts/readme_pictures.py [--demo output/demo] [--out docs/pictures]

In: what `make demo` has left. Out: small WebP files. It wants Playwright and Chromium, which nothing else here needs.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from memecap.demo import world
from memecap.demo.painter import paint

SIZE = {"width": 1280, "height": 900}
MEME = 5  # of the demo's world
MARGIN = 12  # pixels
LARGEST = 150_000  # bytes of a picture
LANGUAGES = ("ru", "en")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, default=Path("output/demo"), help="what `make demo` has left")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in _shots(arguments.demo):
        file = arguments.out / f"{name}.webp"
        file.write_bytes(_small(content))
        print(f"{file}: {file.stat().st_size:,} bytes")


def _shots(demo: Path) -> Iterator[tuple[str, bytes]]:
    """Names and screenshots."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, _serving(demo / "run") as address:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        for language in LANGUAGES:
            yield f"page-{language}", _page(page, f"{address}/?lang={language}")
        page.goto((demo / "report.html").resolve().as_uri())
        yield "report", _cut(page, "#scores", "#table")
        yield "curves", _cut(page, "#training", "#curves")
        browser.close()


def _page(page: Any, url: str) -> bytes:
    """The page that has described a painted meme, with one quote lit."""
    page.goto(url)
    page.wait_for_selector("#models input")
    page.set_input_files("#file", {"name": "meme.png", "mimeType": "image/png", "buffer": _meme()})
    page.wait_for_selector(".card")
    page.locator(".card .quote").nth(1).focus()
    page.wait_for_timeout(300)  # until it is lit
    return _cut(page, "#result", "#result")


def _cut(page: Any, first: str, last: str) -> bytes:
    """The page from the top of one element to the foot of another, with a margin."""
    page.evaluate("scrollTo(0, 0)")
    top, foot = page.locator(first).bounding_box(), page.locator(last).bounding_box()
    height = foot["y"] + foot["height"] - top["y"]
    place = {"x": top["x"] - MARGIN, "y": top["y"] - MARGIN}
    place |= {"width": top["width"] + 2 * MARGIN, "height": height + 2 * MARGIN}
    return bytes(page.screenshot(full_page=True, clip=place))


@contextmanager
def _serving(model: Path) -> Iterator[str]:
    """The address of a server with this captioner."""
    words = [sys.executable, "-m", "memecap", "serve", "--port", "0", "--model", str(model)]
    server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        address = next(found[0] for line in server.stderr if (found := re.search(r"http://[\d.:]+", line)))
        while httpx.get(f"{address}/readyz").status_code != 200:
            time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(60)


def _meme() -> bytes:
    content = io.BytesIO()
    paint(world.memes(MEME + 1)[MEME], random.Random(1)).save(content, "PNG")
    return content.getvalue()


def _small(content: bytes) -> bytes:
    """As WebP, as good as its size allows."""
    for quality in (90, 80, 70, 60, 50):
        made = io.BytesIO()
        Image.open(io.BytesIO(content)).convert("RGB").save(made, "WEBP", quality=quality, method=6)
        if made.tell() <= LARGEST:
            break
    return made.getvalue()


if __name__ == "__main__":
    main()
