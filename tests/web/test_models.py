"""The captioners of a server: pictures are opened a few at a time, one that cannot be costs the others nothing, and a
retold description says whose it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from memecap.web import models
from memecap.web.jobs import Job
from memecap.web.refusals import Refused
from memecap.web.settings import Limits, Settings
from tests.captioners.known import FOUND
from tests.web.conftest import READER
from tests.web.known_memory import LICENCE, LINK, KnownMemory
from tests.web.pictures import picture

SETTINGS = Settings(models=("remember",), loading={"reader": READER, "device": "cpu"}, memory=KnownMemory())  # type: ignore[arg-type]
WHITE, GREEN = picture(colour="white"), picture()
BOTH = ("template", "remember")


def records(settings: Settings, *jobs: Job) -> list[Any]:
    return models.start(settings)[1](jobs)


def test_a_retold_description_says_whose_it_is() -> None:
    known, new = records(SETTINGS, Job(WHITE, BOTH), Job(GREEN, BOTH))
    told = known["captions"][1]["source"]
    assert (told["by"], told["corpus"], told["image_id"]) == ("picture", FOUND.corpus, FOUND.image_id)
    assert (told["link"], told["licence"], told["inliers"]) == (LINK, LICENCE, FOUND.inliers)
    assert told["caption"] in FOUND.captions and told["written_by"] == "person"
    assert [said["source"] for said in new["captions"]] == [None, None]


def test_who_retells_does_not_search() -> None:
    told = models.start(SETTINGS)[0]
    assert [(model.name, model.decodes) for model in told] == [("template", False), ("remember", False)]


def test_what_is_remembered_without_a_reader_is_not_called_a_reading() -> None:
    blind = replace(SETTINGS, loading={"reader": None, "device": "cpu"})
    (known,) = records(blind, Job(WHITE, BOTH))
    assert known["reading"] is None and known["captions"][1]["source"]


def test_few_pixels_are_open_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken one and one too large among them have their codes in their places."""
    described: list[int] = []
    whole = models.Models._describe

    def counted(self: models.Models, jobs: Any, images: list[Image.Image]) -> list[dict[str, Any]]:
        described.append(sum(image.width * image.height for image in images))
        return whole(self, jobs, images)

    monkeypatch.setattr(models.Models, "_describe", counted)
    small = replace(SETTINGS, limits=Limits(picture_pixels=300_000), memory=None, models=())
    contents = [GREEN, GREEN, GREEN, b"none", picture(600, 501), GREEN]
    found = records(small, *(Job(content, ("template",)) for content in contents))
    codes = [one.code if isinstance(one, Refused) else one["width"] for one in found]
    assert codes == [400, 400, 400, "not_a_picture", "too_many_pixels", 400]
    assert described == [240_000, 240_000]


def test_a_small_copy_goes_along_where_it_is_asked_for() -> None:
    plain, copied = records(replace(SETTINGS, models=(), memory=None), Job(GREEN), Job(GREEN, thumbnail=True))
    assert "thumbnail" not in plain and copied["thumbnail"].startswith("data:image/jpeg;base64,")
