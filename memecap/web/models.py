"""The captioners of a server, in the process that describes, and how a batch of waiting pictures goes through them.

In: `Job`s, the bytes of a picture and what is wanted of it. Out: for each its record, or why there is none. A picture
is opened, read and remembered once, whatever number of captioners describe it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import Image

from memecap.decoding.base import Search, choose
from memecap.errors import MemecapError
from memecap.inference import precision
from memecap.inference.described import DEFAULT_MODEL, UNTRAINED
from memecap.inference.load import load_captioner
from memecap.inference.pipeline import Pipeline
from memecap.inference.remembering import open_memory
from memecap.inference.styles import Style, worded
from memecap.modeling.outputs import Caption
from memecap.pictures.safe_open import open_picture
from memecap.reading.base import Reading
from memecap.report.attention import Attends, Looked, looked
from memecap.report.thumbnail import thumbnail
from memecap.web.jobs import OWN, Job, Model, named
from memecap.web.records import Answer, Said, record
from memecap.web.refusals import refusal
from memecap.web.settings import Settings
from memecap.web.standings import standing
from memecap.web.worker import Work

THUMBNAIL = 1000  # pixels of the longer side, of a picture that the page may not show itself


class Models:
    """The template, and the captioners that were named; the first reads for all."""

    def __init__(self, pipelines: Mapping[str, Pipeline], *, max_pixels: int) -> None:
        self.pipelines = dict(pipelines)
        self._max_pixels = max_pixels

    def answer(self, jobs: Sequence[Job]) -> list[dict[str, Any] | Exception]:
        """The record of each job's picture, in order."""
        answers: list[dict[str, Any] | Exception] = []
        for batch in self._batches(jobs):
            images = {place: image for place, image in enumerate(batch) if isinstance(image, Image.Image)}
            taken = jobs[len(answers) : len(answers) + len(batch)]
            found = iter(self._describe([taken[place] for place in images], list(images.values())))
            answers += [one if isinstance(one, Exception) else next(found) for one in batch]
        return answers

    def _batches(self, jobs: Sequence[Job]) -> Iterator[list[Image.Image | Exception]]:
        """The pictures opened, as many at once as hold no more pixels than the largest one may."""
        batch: list[Image.Image | Exception] = []
        room = self._max_pixels
        for job in jobs:
            opened = self._open(job)
            needed = opened.width * opened.height if isinstance(opened, Image.Image) else 0
            if batch and needed > room:
                yield batch
                batch, room = [], self._max_pixels
            room -= needed
            batch.append(opened)
        yield batch

    def _open(self, job: Job) -> Image.Image | Exception:
        try:
            return open_picture(job.content, max_pixels=self._max_pixels)
        except MemecapError as error:
            return refusal(error)

    def _describe(self, jobs: Sequence[Job], images: Sequence[Image.Image]) -> list[dict[str, Any]]:
        first = next(iter(self.pipelines.values()))
        readings = first.remember(images, first.read(images))
        said: list[list[Said]] = [[] for _ in jobs]
        for name in self.pipelines:
            for wanted in sorted({_wish(job) for job in jobs if name in job.models}):
                places = [n for n, job in enumerate(jobs) if name in job.models and _wish(job) == wanted]
                each = self._say(name, [images[n] for n in places], [readings[n] for n in places], *wanted)
                for place, found in zip(places, each, strict=True):
                    said[place] += found
        answers = [
            record(Answer(image.width, image.height, reading, tuple(found)))
            for image, reading, found in zip(images, readings, said, strict=True)
        ]
        for answer, job, image in zip(answers, jobs, images, strict=True):
            if job.thumbnail:
                answer["thumbnail"] = thumbnail(image, THUMBNAIL)[0]
        return answers

    def _say(
        self,
        name: str,
        images: Sequence[Image.Image],
        readings: Sequence[Reading | None],
        decodings: Sequence[str],
        attention: bool,
        style: Style,
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
            each = [
                Said(name, search.name, worded(pipeline.captioner, caption, caption.reading, style), looked=looks)
                for search, caption, looks in rows
            ]
            answers.append(each[:1] if all(caption.log_probability is None for caption in best) else each)
        return answers


def _wish(job: Job) -> tuple[tuple[str, ...], bool, Style]:
    return job.decodings, job.attention, job.style


def start(settings: Settings) -> tuple[list[Model], Work[Job, dict[str, Any]]]:
    """What the process that describes tells of its captioners, and how it describes: the template first, with the
    reader; then each captioner that was named, all with one memory."""
    precision.choose(settings.loading.get("precision", "fp32"))
    loading = {**settings.loading, "memory": open_memory(settings.memory)}
    first = load_captioner(DEFAULT_MODEL, **loading)
    places = {DEFAULT_MODEL: DEFAULT_MODEL, **dict(named(settings))}
    others = {name: load_captioner(place, **{**loading, "reader": None}) for name, place in named(settings)}
    models = Models({DEFAULT_MODEL: first, **others}, max_pixels=settings.limits.picture_pixels)
    told = [
        Model(
            name,
            decodes=pipeline.captioner.config.name not in UNTRAINED,
            attends=isinstance(pipeline.captioner, Attends),
            standing=standing(places[name]),
        )
        for name, pipeline in models.pipelines.items()
    ]
    return told, models.answer


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
