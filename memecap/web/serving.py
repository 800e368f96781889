"""What the routes share: the settings, the worker with its captioners, the counters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from memecap.core.defaults import MODEL
from memecap.inference.benchmark import peak_memory
from memecap.web import jobs
from memecap.web.counters import Counters
from memecap.web.jobs import Job, Model
from memecap.web.refusals import Refused, refusal
from memecap.web.settings import SIDE_BY_SIDE, Settings
from memecap.web.uploads import Wanted
from memecap.web.worker import Work, Worker


class Serving:
    """Everything behind the routes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counters = Counters()
        self.worker: Worker[list[Model], Job, dict[str, Any]] = Worker(
            partial(start, settings), together=settings.limits.together
        )

    @property
    def models(self) -> list[Model]:
        """Empty until they are loaded."""
        return self.worker.told or []

    @property
    def names(self) -> list[str]:
        return [MODEL, *(name for name, _ in jobs.named(self.settings))]

    @property
    def side_by_side(self) -> list[str]:
        """Who describes where nobody is named: all, as many as stand side by side."""
        return self.names[:SIDE_BY_SIDE]

    def gauges(self) -> dict[str, float]:
        """What stands still while it is asked for; memory of both processes at its highest."""
        describing = self.worker.process_id
        return {
            "ready": self.worker.ready.is_set(),
            "waiting": self.worker.n_waiting,
            "memory_peak_bytes": peak_memory(),
            "describing_memory_peak_bytes": 0 if describing is None else peak_memory(describing),
        }

    async def describe(
        self, name: str, content: bytes, wanted: Wanted | None, *, thumbnail: bool = False
    ) -> dict[str, Any]:
        """The record of one picture; nobody wanted: only what was read. Raises `Refused`."""
        started = time.perf_counter()
        job = Job(content, thumbnail=thumbnail)
        if wanted is not None:
            job = replace(
                job, models=wanted.models, decodings=wanted.decodings, attention=wanted.attention, style=wanted.style
            )
        try:
            answer = await self.worker.do(job)
        except Exception as error:
            raise refusal(error) from error
        self.counters.picture(time.perf_counter() - started)
        return {"file": name, **answer}

    async def describe_or_refuse(self, name: str, content: bytes | Refused, wanted: Wanted) -> dict[str, Any]:
        """The same of a picture among many: its error stands in its record."""
        try:
            if isinstance(content, Refused):
                raise content
            return {**await self.describe(name, content, wanted), "error": None}
        except Refused as refused:
            self.counters.refused(refused.code)
            return {"file": name, "captions": [], "error": refused.to_json()}


def start(settings: Settings) -> tuple[list[Model], Work[Job, dict[str, Any]]]:
    """In the process that describes, which alone imports what the captioners need."""
    from memecap.web import models

    return models.start(settings)


def flat(record: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """A record of a picture as rows of a table, one a caption; one row for a picture that has an error."""
    if record.get("error") or not record.get("captions"):
        return [{"file": record["file"], "caption": None, "model": None, "error": record.get("error")}]
    keys = ("model", "decoding", "caption", "quotes", "source", "error")
    return [{"file": record["file"], **{key: said.get(key) for key in keys}} for said in record["captions"]]
