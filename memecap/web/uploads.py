"""A request → the pictures in it and what is wanted of them: multipart forms, or JSON with base64.

Fields of both: `models` and `decodings` (several, or separated by commas), `attention`, `style`, `url`; a form's files
are `picture`, JSON has `image` (base64 or a data address), of a batch `images`: [{name, image}].
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast, get_args

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from memecap.inference.styles import Style
from memecap.pictures.fetch import fetch
from memecap.web.jobs import DECODINGS, OWN
from memecap.web.refusals import Refused, refusal
from memecap.web.settings import SIDE_BY_SIDE, Limits, Settings

FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks of its pictures."""

    models: tuple[str, ...]
    decodings: tuple[str, ...]
    attention: bool
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Upload:
    """A request's fields, and its files with their names as they were sent."""

    fields: Mapping[str, Any]
    files: tuple[UploadFile, ...] = ()

    def wanted(self, names: Sequence[str], *, default: Sequence[str]) -> Wanted:
        """Raises `Refused` at a captioner or a decoding that there is not."""
        models = self._several("models") or tuple(default)
        decodings = self._several("decodings") or (OWN,)
        if len(models) > SIDE_BY_SIDE:
            raise Refused("too_many_models", f"at most {SIDE_BY_SIDE}")
        if strange := [name for name in models if name not in names]:
            raise Refused("unknown_model", f"{strange[0][:80]!r}; there are: {', '.join(names)}")
        if strange := [name for name in decodings if name not in DECODINGS]:
            raise Refused("unknown_decoding", f"{strange[0][:80]!r}; there are: {', '.join(DECODINGS)}")
        style = self.text("style") or "plain"
        if style not in get_args(Style):
            raise Refused("bad_request", f"style {style[:80]!r}; there are: {', '.join(get_args(Style))}")
        attention = self.text("attention").lower() in ("1", "true", "on", "yes")
        return Wanted(models, decodings, attention, cast("Style", style))

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return str(value) if isinstance(value, str | bool | int) else ""

    def _several(self, name: str) -> tuple[str, ...]:
        """A list, or words between commas, each once, in order."""
        value = self.fields.get(name) or ()
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
            raise Refused("bad_request", f"{name} wants words")
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


@asynccontextmanager
async def received(request: Request, limits: Limits) -> AsyncIterator[Upload]:
    """The upload of a request, whole within the seconds that it may take; its temporary files go when it is answered.

    Raises `Refused` where it is neither a form nor JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        form = await _within(limits, _form(request, limits))
        try:
            yield _of_form(form)
        finally:
            await form.close()
    elif kind == "application/json":
        body = await _within(limits, request.body())
        yield Upload(await run_in_threadpool(_fields, body))  # of 33 MB of base64: others are answered meanwhile
    else:
        raise Refused("bad_request", f"send {FORM} or application/json")


async def one_picture(upload: Upload, settings: Settings) -> tuple[str, bytes]:
    """The one picture of a request, with its name. Raises `Refused`."""
    if len(upload.files) > 1:
        raise Refused("too_many_pictures", "one at a time; several go to /v1/batch")
    if upload.files:
        return upload.files[0].filename or "picture", await contents(upload.files[0], settings.limits)
    if "image" in upload.fields:
        content = await run_in_threadpool(decoded, upload.fields["image"], settings.limits)
        return upload.text("name") or "picture", content
    if url := upload.text("url"):
        return url, await _fetched(url, settings)
    raise Refused("no_picture")


async def contents(file: UploadFile, limits: Limits) -> bytes:
    """The bytes of one file of a form. Raises `Refused` where it is too large or empty."""
    if (file.size or 0) > limits.picture_bytes:
        raise Refused("too_many_bytes", f"{file.size:,} are more than {limits.picture_bytes:,}")
    return await file.read() or _nothing()


def decoded(value: Any, limits: Limits) -> bytes:
    """The bytes of base64, also of a data address. Raises `Refused`."""
    if not isinstance(value, str):
        raise Refused("bad_base64", "image wants a string")
    text = value.partition(",")[2] if value.startswith("data:") else value
    if len(text) > limits.picture_bytes * 4 // 3 + 1024:
        raise Refused("too_many_bytes", f"more than {limits.picture_bytes:,}")
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("bad_base64") from error
    if len(content) > limits.picture_bytes:
        raise Refused("too_many_bytes", f"more than {limits.picture_bytes:,}")
    return content or _nothing()


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_request", "not JSON") from error
    if not isinstance(fields, dict):
        raise Refused("bad_request", "not a JSON object")
    return fields


async def _fetched(url: str, settings: Settings) -> bytes:
    if not settings.urls:
        raise Refused("urls_off")
    try:
        return await anyio.to_thread.run_sync(lambda: fetch(url, max_bytes=settings.limits.picture_bytes))
    except Exception as error:
        raise refusal(error) from error


async def _form(request: Request, limits: Limits) -> FormData:
    try:
        return await request.form(max_files=limits.batch_pictures, max_fields=100)
    except MultiPartException as error:
        raise Refused("bad_request", error.message) from error
    except HTTPException as error:
        raise Refused("bad_request", error.detail) from error


async def _within(limits: Limits, work: Any) -> Any:
    """What is awaited, if it comes in time: a sender that drips holds a place that others wait for."""
    try:
        with anyio.fail_after(limits.upload_s):
            return await work
    except TimeoutError as error:
        raise Refused("slow_upload", f"not whole after {limits.upload_s:g} s") from error


def _of_form(form: FormData) -> Upload:
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = f"{fields[name]},{value}" if name in fields else value
    return Upload(fields, tuple(value for _, value in form.multi_items() if isinstance(value, UploadFile)))


def _nothing() -> bytes:
    raise Refused("no_picture", "the file is empty")
