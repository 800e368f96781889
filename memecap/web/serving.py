"""What the routes share: the settings, the worker with its captioners, the counters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memecap.inference.described import DEFAULT_MODEL
from memecap.report.attention import Attends
from memecap.web import models, records
from memecap.web.counters import Counters
from memecap.web.models import Answer, Job
from memecap.web.refusals import Refused, refusal
from memecap.web.settings import SIDE_BY_SIDE, Settings
from memecap.web.standings import standing
from memecap.web.uploads import Wanted
from memecap.web.worker import Work, Worker


@dataclass(frozen=True, slots=True)
class Model:
    """One captioner of a server, as it is told of."""

    name: str
    decodes: bool  # whether it matters how captions are searched for
    attends: bool  # whether it can say where it looked
    standing: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "decodes": self.decodes, "attention": self.attends, "scores": self.standing}


class Serving:
    """Everything behind the routes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counters = Counters()
        self.models: list[Model] = []  # until they are loaded
        self.worker: Worker[Job, Answer] = Worker(self._load, together=settings.limits.together)

    @property
    def names(self) -> list[str]:
        return [DEFAULT_MODEL, *(name for name, _ in models.named(self.settings))]

    @property
    def side_by_side(self) -> list[str]:
        """Who describes where nobody is named: all, as many as stand side by side."""
        return self.names[:SIDE_BY_SIDE]

    def gauges(self) -> dict[str, float]:
        return {"ready": self.worker.ready.is_set(), "waiting": self.worker.n_waiting}

    async def describe(self, name: str, content: bytes, wanted: Wanted | None) -> dict[str, Any]:
        """The record of one picture; nobody wanted: only what was read. Raises `Refused`."""
        started = time.perf_counter()
        job = Job(content) if wanted is None else Job(content, wanted.models, wanted.decodings, wanted.attention)
        try:
            answer = await self.worker.do(job)
        except Exception as error:
            raise refusal(error) from error
        self.counters.picture(time.perf_counter() - started)
        return records.record(answer, name)

    async def describe_or_refuse(self, name: str, content: bytes | Refused, wanted: Wanted) -> dict[str, Any]:
        """The same of a picture among many: its error stands in its record."""
        try:
            if isinstance(content, Refused):
                raise content
            return {**await self.describe(name, content, wanted), "error": None}
        except Refused as refused:
            self.counters.refused(refused.code)
            return {"file": name, "captions": [], "error": refused.to_json()}

    def _load(self) -> Work[Job, Answer]:
        """In the worker's thread, so that the page opens meanwhile."""
        loaded = models.load(self.settings)
        places = {DEFAULT_MODEL: DEFAULT_MODEL, **dict(models.named(self.settings))}
        self.models = [
            Model(name, name != DEFAULT_MODEL, isinstance(pipeline.captioner, Attends), standing(places[name]))
            for name, pipeline in loaded.pipelines.items()
        ]
        return loaded.answer


def flat(record: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """A record of a picture as rows of a table, one a caption; one row for a picture that has an error."""
    if record.get("error") or not record.get("captions"):
        return [{"file": record["file"], "caption": None, "model": None, "error": record.get("error")}]
    keys = ("model", "decoding", "caption", "quotes", "error")
    return [{"file": record["file"], **{key: said.get(key) for key in keys}} for said in record["captions"]]
