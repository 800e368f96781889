"""The captioners of a server, and how a batch of waiting pictures goes through them.

In: `Job`s, the bytes of a picture and what is wanted of it. Out: for each an `Answer`, or the error it met. A picture
is opened and read once, whatever number of captioners describe it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from memecap.decoding.base import Search, choose
from memecap.errors import MemecapError
from memecap.inference.described import DEFAULT_MODEL
from memecap.inference.pipeline import Pipeline, load_captioner
from memecap.modeling.outputs import Caption
from memecap.pictures.safe_open import open_picture
from memecap.reading.base import Reading
from memecap.report.attention import Attends, Looked, looked
from memecap.web.refusals import Refused, refusal
from memecap.web.settings import Settings

OWN = "default"  # the captioner's own way of decoding
DECODINGS = (OWN, "greedy", "nucleus", "beam", "mbr")


@dataclass(frozen=True, slots=True)
class Job:
    """A picture, and who shall describe it; nobody: it is only read."""

    content: bytes
    models: tuple[str, ...] = ()
    decodings: tuple[str, ...] = (OWN,)
    attention: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What one captioner, in one way of decoding, says of a picture, or why it says nothing."""

    model: str
    decoding: str
    caption: Caption | None = None
    error: Refused | None = None
    looked: Looked | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job. The size is the upright picture's, in pixels."""

    width: int
    height: int
    reading: Reading | None
    said: tuple[Said, ...]


class Models:
    """The template, and the captioners that were named; the first reads for all."""

    def __init__(self, pipelines: Mapping[str, Pipeline], *, max_pixels: int) -> None:
        self.pipelines = dict(pipelines)
        self._max_pixels = max_pixels

    def answer(self, jobs: Sequence[Job]) -> list[Answer | Exception]:
        """One answer a job, in order."""
        answers: list[Answer | Exception] = []
        for batch in self._batches(jobs):
            images = {place: image for place, image in enumerate(batch) if isinstance(image, Image.Image)}
            taken = jobs[len(answers) : len(answers) + len(batch)]
            found = iter(self._describe([taken[place] for place in images], list(images.values())))
            answers += [one if isinstance(one, Exception) else next(found) for one in batch]
        return answers

    def _batches(self, jobs: Sequence[Job]) -> list[list[Image.Image | Exception]]:
        """The pictures opened, cut where many pixels would stand in memory at once."""
        batches: list[list[Image.Image | Exception]] = []
        room = 0
        for job in jobs:
            opened = self._open(job)
            needed = opened.width * opened.height if isinstance(opened, Image.Image) else 0
            if not batches or needed > room:
                batches.append([])
                room = self._max_pixels
            room -= needed
            batches[-1].append(opened)
        return batches

    def _open(self, job: Job) -> Image.Image | Exception:
        try:
            return open_picture(job.content, max_pixels=self._max_pixels)
        except MemecapError as error:
            return refusal(error)

    def _describe(self, jobs: Sequence[Job], images: Sequence[Image.Image]) -> list[Answer]:
        reader = next(iter(self.pipelines.values()))
        readings = reader.read(images)
        said: list[list[Said]] = [[] for _ in jobs]
        for name in self.pipelines:
            for wanted in sorted({(job.decodings, job.attention) for job in jobs if name in job.models}):
                places = [
                    n for n, job in enumerate(jobs) if name in job.models and (job.decodings, job.attention) == wanted
                ]
                each = self._say(name, [images[n] for n in places], [readings[n] for n in places], *wanted)
                for place, found in zip(places, each, strict=True):
                    said[place] += found
        return [
            Answer(image.width, image.height, reading, tuple(found))
            for image, reading, found in zip(images, readings, said, strict=True)
        ]

    def _say(
        self,
        name: str,
        images: Sequence[Image.Image],
        readings: Sequence[Reading | None],
        decodings: Sequence[str],
        attention: bool,
    ) -> list[list[Said]]:
        """What one captioner says of pictures; what it cannot say costs the others nothing."""
        pipeline, started = self.pipelines[name], time.perf_counter()
        searches = [_search(pipeline, decoding) for decoding in decodings]
        try:
            found = pipeline.write(pipeline.look(images), readings, searches, images=images, start=started)
        except MemecapError as error:
            return [[Said(name, decodings[0], error=refusal(error))] for _ in images]
        answers = []
        for image, candidates in zip(images, found, strict=True):
            best = [of_search[0] for of_search in candidates]
            looks = [_looked(pipeline, image, caption) if attention else None for caption in best]
            rows = zip(searches, best, looks, strict=True)
            each = [Said(name, search.name, caption, looked=looks) for search, caption, looks in rows]
            answers.append(each[:1] if all(caption.log_probability is None for caption in best) else each)
        return answers


def load(settings: Settings) -> Models:
    """The template first, with the reader; then each captioner that was named."""
    first = load_captioner(DEFAULT_MODEL, **settings.loading)
    others = {name: load_captioner(model, **{**settings.loading, "reader": None}) for name, model in named(settings)}
    return Models({DEFAULT_MODEL: first, **others}, max_pixels=settings.limits.picture_pixels)


def named(settings: Settings) -> list[tuple[str, str]]:
    """A short name for each captioner that was named, with its place: the path's last part where that says enough."""
    places = list(dict.fromkeys(model for model in settings.models if model != DEFAULT_MODEL))
    short = [Path(place).name for place in places]
    both = list(zip(short, places, strict=True))
    alone = [name if short.count(name) == 1 and name != DEFAULT_MODEL else place for name, place in both]
    return list(zip(alone, places, strict=True))


def _search(pipeline: Pipeline, name: str) -> Search:
    return pipeline.decoding if name == OWN else choose(name) or pipeline.decoding


def _looked(pipeline: Pipeline, image: Image.Image, caption: Caption) -> Looked | None:
    """Where it looked at each word; None for captioners that cannot say."""
    if not isinstance(pipeline.captioner, Attends):
        return None
    try:
        return looked(pipeline.captioner, image, caption)
    except MemecapError:  # its encoder has no square grid
        return None
