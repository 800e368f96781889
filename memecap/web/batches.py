"""Many pictures of one request → a record each, as they are done: a broken one costs the others nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from memecap.web import archives, uploads
from memecap.web.refusals import Refused
from memecap.web.serving import Serving
from memecap.web.settings import Settings
from memecap.web.uploads import Upload, Wanted

_HEAD = 4  # bytes that tell an archive


async def described(serving: Serving, upload: Upload, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
    """A record of each picture, in order; as many are with the worker as it takes together."""
    pictures, running = _pictures(serving.settings, upload), []
    async for name, content in pictures:
        running.append(asyncio.ensure_future(serving.describe_or_refuse(name, content, wanted)))
        if len(running) == serving.settings.limits.together:
            yield await running.pop(0)
    for task in running:
        yield await task


async def _pictures(settings: Settings, upload: Upload) -> AsyncIterator[tuple[str, bytes | Refused]]:
    """Each picture with its name, archives opened; not more than are allowed."""
    n_left = settings.limits.batch_pictures
    async for name, content in _found(settings, upload):
        if n_left == 0:
            yield name, Refused("too_many_pictures", f"more than {settings.limits.batch_pictures:,}")
            return
        n_left -= 1
        yield name, content


async def _found(settings: Settings, upload: Upload) -> AsyncIterator[tuple[str, bytes | Refused]]:
    for number, item in enumerate(_listed(upload), 1):
        name = str(item.get("name") or f"picture-{number}")
        try:
            yield name, await run_in_threadpool(uploads.decoded, item.get("image"), settings.limits)
        except Refused as refused:
            yield name, refused
    for file in upload.files:
        name = file.filename or "picture"
        head = await file.read(_HEAD)
        await file.seek(0)
        if not archives.is_archive(head):
            try:
                yield name, await uploads.contents(file, settings.limits)
            except Refused as refused:
                yield name, refused
            continue
        inside = archives.members(file.file, settings.limits)
        try:
            while (found := await run_in_threadpool(_next, inside)) is not None:
                yield f"{name}/{found[0]}", found[1]
        except Refused as refused:
            yield name, refused


def _listed(upload: Upload) -> list[dict[str, Any]]:
    """The pictures of a JSON request. Raises `Refused` where they are no list of objects."""
    items = upload.fields.get("images", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refused("bad_request", "images wants a list of {name, image}")
    if not items and not upload.files:
        raise Refused("no_picture")
    return items


def check(upload: Upload) -> None:
    """Raises `Refused` where there is nothing to describe: before the answer has begun."""
    _listed(upload)


def _next(members: Iterator[tuple[str, bytes | Refused]]) -> tuple[str, bytes | Refused] | None:
    return next(members, None)


async def lines(records: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    """Records as lines of JSON, sent one by one."""
    async for record in records:
        yield (json.dumps(record, ensure_ascii=True) + "\n").encode()
