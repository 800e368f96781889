"""Tesseract's passes over pictures, each run once and kept: what it saw is asked for, not how.

In: upright RGB pictures. Out: for each, the words of each pass. A pass is one process for a share of the pictures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed

from PIL import Image

from memecap.reading.engine import passes
from memecap.reading.engine.passes import Pass, Word
from memecap.reading.engine.preprocess import LOOKS
from memecap.reading.stored.passes import WordStore, picture_key

PASS = re.compile(rf"({'|'.join(LOOKS)})-(3|4|6|11)(?:@(\w+(?:\+\w+)*))?")
BATCH = 12  # pictures a process: enough to forget its start, few enough to share among cores
SURE = 0.8  # Tesseract's confidence in a word that counts towards a page of text


class Looks:
    """Named passes of the program `tesseract`: `look-mode[@languages]`."""

    def __init__(
        self, names: Sequence[str], languages: str, store: WordStore, *, enough: int, n_processes: int
    ) -> None:
        self._names, self._languages = tuple(names), languages
        self._store, self._enough, self._n_processes = store, enough, n_processes
        needed = "+".join([languages, *(self.named(name).languages for name in names)])
        self.program = f"tesseract {passes.program_version(needed)} {languages}"

    def named(self, name: str) -> Pass:
        """A pass by its name."""
        look, psm, languages = PASS.fullmatch(name).groups()  # type: ignore[union-attr]
        return Pass(look, int(psm), languages or self._languages)

    def words(self, images: Sequence[Image.Image]) -> list[list[list[Word]]]:
        """Of each picture, of each pass that looked at it, the words.

        Raises:
            ServiceError: the program failed.
        """
        keys = [picture_key(image) for image in images]
        by_key = dict(zip(keys, images, strict=True))
        with ThreadPoolExecutor(self._n_processes) as pool:
            try:
                self._look_at_all(by_key, pool)
            except BaseException:  # Ctrl-C too: what has not begun is not worth waiting for
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [self._words(key) for key in keys]

    def _look_at_all(self, images: dict[str, Image.Image], pool: Executor) -> None:
        """Each share of the pictures goes on to the further passes as soon as its first one is done."""
        first, *others = self._names
        others.sort(key=lambda name: -_cost(self.named(name)))  # the shortest last: so the processes end together
        parts = [{key: images[key] for key in share} for share in shares(images, self._n_processes)]
        firsts = {pool.submit(self._look, share, first): share for share in parts}
        further: list[Future[None]] = []
        for look in as_completed(firsts):
            look.result()
            share = {key: image for key, image in firsts[look].items() if not self._is_page(key)}
            further += [pool.submit(self._look, share, name) for name in others]
        for look in further:
            look.result()

    def _look(self, images: dict[str, Image.Image], name: str) -> None:
        """Run a pass over those pictures that it has not seen, in one process."""
        new = [key for key in images if self._store.get(key, name, self.program) is None]
        if new:
            seen = passes.run([images[key] for key in new], self.named(name))
            self._store.put(name, self.program, dict(zip(new, seen, strict=True)))

    def _is_page(self, key: str) -> bool:
        """A picture that is a page of text: its first pass reads it, and each further one would take as long again."""
        words = self._store.get(key, self._names[0], self.program) or []
        return sum(word.confidence > SURE for word in words) >= self._enough

    def _words(self, key: str) -> list[list[Word]]:
        names = self._names[:1] if self._is_page(key) else self._names
        return [self._store.get(key, name, self.program) or [] for name in names]


def shares(images: dict[str, Image.Image], n_processes: int) -> list[list[str]]:
    """The keys of pictures dealt out by size, so that shares take equally long."""
    keys = sorted(images, key=lambda key: -images[key].width * images[key].height)
    n_shares = max(-(-len(keys) // BATCH), min(n_processes, len(keys)))
    return [keys[start::n_shares] for start in range(n_shares)]


def _cost(look: Pass) -> float:
    """How long a pass takes, against another: pixels to look at, by each language's network."""
    return LOOKS[look.look].growth ** 2 * len(look.languages.split("+"))
