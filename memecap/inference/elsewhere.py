"""A pipeline in other processes: the same answers in the same order from workers, or from a Ray cluster.

Each process makes the pipeline once, from what `load_captioner` is told: a captioner that is loaded already does not
travel. Batches are those of a pipeline here, so the answers are the same bytes; only the seconds differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from memecap.core.parallel import chunks, parallel_map, with_made
from memecap.decoding.base import Search
from memecap.inference.pipeline import Pipeline
from memecap.inference.result import Result
from memecap.pictures.safe_open import PictureSource

HERE = "here"
_Asked = tuple[list[PictureSource], Sequence[Search] | None]


class Elsewhere:
    """What `Pipeline.stream` and `compare` give, computed where `on` says (see `parallel_map`)."""

    def __init__(self, make: Callable[[], Pipeline], on: str) -> None:
        """`make` is one that can be pickled, such as `functools.partial(load_captioner, "output/run")`."""
        self._make, self._on = make, on

    def stream(self, sources: Iterable[PictureSource], *, batch_size: int = 16) -> Iterator[Result]:
        """A `Result` for each source, in order. Raises as `parallel_map` and what the pipeline raises."""
        return (results[0] for results in self._run(sources, None, batch_size))

    def compare(
        self, sources: Iterable[PictureSource], decodings: Sequence[Search], *, batch_size: int = 16
    ) -> Iterator[list[Result]]:
        """A `Result` of each decoding for each source, in order. Raises as `stream`."""
        return self._run(sources, decodings, batch_size)

    def _run(
        self, sources: Iterable[PictureSource], decodings: Sequence[Search] | None, batch_size: int
    ) -> Iterator[list[Result]]:
        made = None if self._on != HERE else self._make()
        work = with_made(_compare, self._make, on=self._on, made=made)
        asked = ((batch, decodings) for batch in chunks(sources, batch_size))
        for results in parallel_map(work, asked, on=self._on, chunk=1):
            yield from results


def _compare(pipeline: Pipeline, asked: _Asked) -> list[list[Result]]:
    batch, decodings = asked
    return list(pipeline.compare(batch, decodings or [pipeline.decoding], batch_size=len(batch)))
