"""Downloading pictures from any list of addresses: every one ends as a checked file or as a named reason.

In: (key, url) pairs; a key outlives its URL, and the URL itself will do. Out, in a folder: `originals/` and `images/`
(content-addressed by the sha256 of the original bytes) and `pictures.sqlite` (one `Entry` a key). A rerun asks only for
what failed or is new. Files are written as `.part` and renamed, and recorded only then.

Source of the method: img2dataset's failures, which this repairs (EXIF, bombs, retries, reruns).
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from PIL import Image
from pydantic import Field

from memecap.core import storage
from memecap.core.config import Frozen
from memecap.core.progress import bar
from memecap.pictures.check import PictureError, check
from memecap.pictures.guard import Guard, Network
from memecap.scraping import http
from memecap.scraping.ledger import Entry, Ledger, open_ledger

#: why a picture is not here → how often it is asked for in one run before that is said
REASONS = {
    "gone": 1,  # 404, 410
    "refused": 1,  # another 4xx
    "unavailable": 7,  # 5xx, 429
    "unreachable": 4,  # no such host, no connection, reset
    "timeout": 3,
    "truncated": 7,  # the connection ended before the picture
    "not_an_image": 4,  # HTML and other things, formats outside the allow-list
    "broken": 4,  # cannot be decoded
    "too_many_bytes": 1,
    "too_many_pixels": 1,
    "bad_url": 1,
    "not_public": 1,  # an address inside a private network
    "not_asked": 1,  # a preview, or a picture of an advertisement
    "opted_out": 1,  # X-Robots-Tag forbids to learn from it
    "taken_down": 1,  # on the list of what somebody asked to have removed
}
ORIGINALS, IMAGES = "originals", "images"  # folders: the bytes as served, upright RGB copies
FLUSH = 16  # pictures recorded at once: so many at most are fetched again after a kill


class DownloadConfig(Frozen):
    """How hard to ask, and what to refuse."""

    connections: int = Field(64, ge=1, description="at most so many at once")
    per_host: int = Field(32, ge=1, description="at most so many at once to one host")
    rate: float = Field(0, ge=0, description="requests per second to one host; 0: no limit but `per_host`")
    deadline_s: float = Field(60, gt=0, description="seconds for one attempt, from connecting to the last byte")
    max_retry_after_s: float = Field(120, ge=0, description="a server that asks for a longer rest is left for a rerun")
    max_bytes: int = Field(30_000_000, ge=1, description="largest file, in bytes")
    max_pixels: int = Field(50_000_000, ge=1, description="largest picture, in pixels, refused before decoding")
    threads: int = Field(2, ge=1, description="threads that decode")
    allowed: tuple[Network, ...] = Field((), description="addresses or networks to fetch from though they are private")
    backoff_s: float = Field(0.5, ge=0, description="first wait between attempts; doubles, with jitter, up to 15 s")
    retries: int | None = Field(
        None, ge=0, description="further attempts after a failure that may pass; null: by reason"
    )


def download(requests: Iterable[tuple[str, str]], folder: Path, config: DownloadConfig | None = None) -> dict[str, int]:
    """Fetch what is not here yet; returns failures by reason among what was asked for now.

    Raises:
        StorageError: the folder cannot be written.
        TryLaterError: another process is downloading into it.
    """
    config = config or DownloadConfig()
    with open_ledger(folder) as ledger:
        here = {entry.key for entry in ledger.fetched() if _is_whole(folder, entry)}
        wanted = [(key, url) for key, url in dict(requests).items() if key not in here]
        if not wanted:
            return {}
        with storage.lock(folder / ORIGINALS), warnings.catch_warnings(), ThreadPoolExecutor(config.threads) as pool:
            for part in (ORIGINALS, IMAGES):
                storage.sweep(folder / part)
            warnings.simplefilter("error", Image.DecompressionBombWarning)  # a bomb is refused, not mentioned
            return asyncio.run(_Run(folder, ledger, config, pool).all(wanted))


def _is_whole(folder: Path, entry: Entry) -> bool:
    """The picture's files are here; pictures are not written durably, so a power cut may have left one empty."""
    try:
        sizes = [(folder / file).stat().st_size for file in (entry.original, entry.file)]
    except FileNotFoundError:
        return False
    return sizes[0] == entry.n_bytes and sizes[1] > 0


class _Host:
    """A host's share: how many at once, how often, and until when it asked to be left alone."""

    def __init__(self, config: DownloadConfig) -> None:
        self.slots = asyncio.Semaphore(config.per_host)
        self._gap_s = 1 / config.rate if config.rate else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until this host may be asked again."""
        while (wait := self._next - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self.rest(self._gap_s)

    def rest(self, seconds: float) -> None:
        self._next = max(self._next, time.monotonic() + seconds)


class _Run:
    """One run over a list of pictures."""

    def __init__(self, folder: Path, ledger: Ledger, config: DownloadConfig, pool: ThreadPoolExecutor) -> None:
        self._ledger, self._config, self._pool = ledger, config, pool
        self._store = _Store(folder, config.max_pixels)
        self._hosts: dict[str, _Host] = {}
        self._done: list[Entry] = []
        self._failures: Counter[str] = Counter()

    async def all(self, wanted: list[tuple[str, str]]) -> dict[str, int]:
        queue = iter(wanted)  # one iterator, shared: each worker takes the next
        with bar() as progress:
            task = progress.add_task("pictures", total=len(wanted))

            async def work() -> None:
                async with http.open_client(self._config.deadline_s, context, guard) as client:
                    for key, url in queue:
                        self._record(await self._fetch(client, key, url))
                        progress.advance(task)

            context, guard = httpx.create_ssl_context(), Guard(allowed=self._config.allowed)
            workers = [asyncio.create_task(work()) for _ in range(min(self._config.connections, len(wanted)))]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                self._flush()
        return dict(self._failures)

    def _record(self, entry: Entry) -> None:
        self._done.append(entry)
        if entry.reason:
            self._failures[entry.reason] += 1
        if len(self._done) >= FLUSH:
            self._flush()

    def _flush(self) -> None:
        done, self._done = self._done, []
        if done:
            self._ledger.put(done)

    async def _fetch(self, client: httpx.AsyncClient, key: str, url: str) -> Entry:
        """Ask until the picture is here or its reason is plain."""
        tries: Counter[str] = Counter()
        while True:
            try:
                host = self._host(url)
                async with host.slots:
                    await host.turn()
                    content = await asyncio.wait_for(
                        http.get(client, url, self._config.max_bytes), self._config.deadline_s
                    )
                return await asyncio.get_running_loop().run_in_executor(self._pool, self._store, key, url, content)
            except asyncio.TimeoutError:
                failure = PictureError("timeout", f"{self._config.deadline_s:g} s")
            except PictureError as error:
                failure = error
            tries[failure.reason] += 1
            if (
                tries[failure.reason] >= self._attempts(failure.reason)
                or failure.after_s > self._config.max_retry_after_s
            ):
                return Entry(key=key, url=url, reason=failure.reason, detail=failure.detail)
            if failure.detail == "HTTP 429":
                host.rest(failure.after_s)
            pause = min(self._config.backoff_s * 2 ** (tries.total() - 1), 15.0) * random.uniform(0.5, 1.0)
            await asyncio.sleep(max(pause, failure.after_s))

    def _attempts(self, reason: str) -> int:
        """How often a picture is asked for that fails so; what cannot pass is asked for once."""
        usual, retries = REASONS[reason], self._config.retries
        return usual if retries is None or usual == 1 else retries + 1

    def _host(self, url: str) -> _Host:
        try:
            parts = urlsplit(url)
            name = parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
        except ValueError:
            name = None
        if not name:
            raise PictureError("bad_url", url[:200])
        return self._hosts.setdefault(name, _Host(self._config))


class _Store:
    """Checks a picture and puts it in its place; called on several threads."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        self._folder, self._max_pixels = folder, max_pixels
        self._locks = [threading.Lock() for _ in range(64)]  # two threads never write one file

    def __call__(self, key: str, url: str, content: bytes) -> Entry:
        picture = check(content, max_pixels=self._max_pixels)
        sha256 = storage.sha256_bytes(content)
        original = f"{ORIGINALS}/{sha256[:2]}/{sha256}.{picture.extension}"
        file = f"{IMAGES}/{sha256[:2]}/{sha256}.{picture.copy_extension}"
        source, copy = self._folder / original, self._folder / file
        with self._locks[int(sha256[:2], 16) % len(self._locks)]:
            if not source.exists():
                storage.write_bytes(source, content, durable=False)
            if picture.copy is None:
                storage.link(source, copy, durable=False)
            elif not copy.exists():
                storage.write_bytes(copy, picture.copy, durable=False)
        return Entry(
            key=key,
            url=url,
            sha256=sha256,
            original=original,
            file=file,
            width=picture.width,
            height=picture.height,
            n_bytes=len(content),
            dhash=f"{picture.dhash:016x}",
        )
