"""The API: /v1/caption, /v1/read, /v1/batch, /v1/models, what the page saves, and what watches a server."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from memecap.web import archives, batches, corrections, openapi, uploads
from memecap.web.jobs import DECODINGS
from memecap.web.refusals import Refused
from memecap.web.serving import Serving, flat

router = APIRouter()
LINES = "application/x-ndjson"
_FORMS = ("lines", "csv", "jsonl", "zip")


@router.post(
    "/v1/caption",
    openapi_extra=openapi.one(describes=True),
    responses=openapi.answers(openapi.CAPTION, "what was read, and a caption of each captioner and decoding"),
)
async def caption(request: Request) -> JSONResponse:
    """Describe a picture, with 1 to 4 captioners side by side."""
    serving = _serving(request)
    async with uploads.received(request, serving.settings.limits) as upload:
        wanted = upload.wanted(serving.names, default=serving.side_by_side)
        name, content = await uploads.one_picture(upload, serving.settings)
    elsewhere = not upload.files and "image" not in upload.fields  # the page may show no picture of another host
    record = await serving.describe(name, content, wanted, thumbnail=elsewhere)
    errors = [said["error"] for said in record["captions"] if said["error"]]
    if errors and len(errors) == len(record["captions"]):
        raise Refused(errors[0]["code"], errors[0]["detail"])
    return JSONResponse(record)


@router.post(
    "/v1/read",
    openapi_extra=openapi.one(describes=False),
    responses=openapi.answers({"file": "meme.jpg", "width": 600, "height": 400, "reading": openapi.READING}, "lines"),
)
async def read(request: Request) -> JSONResponse:
    """The text on a picture: lines in reading order, with boxes and confidence."""
    serving = _serving(request)
    async with uploads.received(request, serving.settings.limits) as upload:
        name, content = await uploads.one_picture(upload, serving.settings)
    record = await serving.describe(name, content, None)
    del record["captions"]
    return JSONResponse(record)


@router.post(
    "/v1/batch",
    openapi_extra=openapi.many()
    | {"parameters": [{"name": "format", "in": "query", "schema": {"type": "string", "enum": list(_FORMS)}}]},
    responses=openapi.answers({**openapi.CAPTION, "error": None}, "a record a line, as the pictures are done", LINES),
)
async def batch(request: Request) -> Response:
    """Describe many pictures, or zips of them: a line of JSON each as it is done, or a table, or a zip of captions."""
    serving = _serving(request)
    form = request.query_params.get("format", "lines")
    if form not in _FORMS:
        raise Refused("bad_request", f"format is one of {', '.join(_FORMS)}")
    received = uploads.received(request, serving.settings.limits)
    upload = await received.__aenter__()  # open while the answer is sent
    try:
        wanted = upload.wanted(serving.names, default=serving.side_by_side)
        batches.check(upload)
        records = batches.described(serving, upload, wanted)
        if form != "lines":
            rows = [row async for record in records for row in flat(record)]
            return await run_in_threadpool(_packed, form, rows)
    except Exception:
        await received.__aexit__(None, None, None)
        raise

    async def sent() -> Any:
        try:
            async for line in batches.lines(records):
                yield line
        finally:
            await received.__aexit__(None, None, None)

    return StreamingResponse(sent(), media_type=LINES)


@router.post(
    "/v1/archive", responses=openapi.answers(None, "a zip: txt, captions.csv, captions.jsonl", "application/zip")
)
async def archive(request: Request) -> Response:
    """Captions that the page shows, as people may have edited them, as one zip: {"records": [{file, caption, …}]}."""
    serving = _serving(request)
    async with uploads.received(request, serving.settings.limits) as upload:
        records = upload.fields.get("records")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise Refused("bad_request", "records wants a list of objects")
    try:
        return await run_in_threadpool(_packed, "zip", records)
    except (AttributeError, TypeError, ValueError) as error:
        raise Refused("bad_request", "not records of captions") from error


@router.post(
    "/v1/corrections",
    status_code=201,
    openapi_extra=openapi.correction(),
    responses={201: {"description": "kept"}, **openapi.answers({"image_id": "0f3a…", "time": "…"}, "kept")},
)
async def correct(request: Request) -> JSONResponse:
    """Keep a corrected caption with its picture, where the server was started with --corrections."""
    serving = _serving(request)
    async with uploads.received(request, serving.settings.limits) as upload:
        if serving.settings.corrections is None:
            raise Refused("corrections_off")
        _, content = await uploads.one_picture(upload, serving.settings)
        told = {name: upload.text(name) for name in ("caption", "before", "model")}
    made = await run_in_threadpool(
        corrections.save, serving.settings, content, told["caption"], before=told["before"], model=told["model"]
    )
    return JSONResponse(made, 201)


@router.get("/v1/models", responses=openapi.answers(openapi.MODELS, "captioners, the template first"))
async def models(request: Request) -> JSONResponse:
    """The captioners of this server, with their scores beside their floors where an evaluation is there."""
    serving = _serving(request)
    if not serving.worker.ready.is_set():
        raise Refused("loading", "the captioners are being loaded", retry_after_s=2)
    settings = serving.settings
    told = {"decodings": list(DECODINGS), "urls": settings.urls, "corrections": settings.corrections is not None}
    return JSONResponse({"models": [model.to_json() for model in serving.models], **told})


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """The server answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", responses={503: {"description": "the captioners are still being loaded"}})
async def readyz(request: Request) -> JSONResponse:
    """The captioners are loaded."""
    ready = _serving(request).worker.ready.is_set()
    return JSONResponse({"status": "ready" if ready else "loading"}, 200 if ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> PlainTextResponse:
    """Counters in the text format of Prometheus."""
    serving = _serving(request)
    return PlainTextResponse(serving.counters.text(serving.gauges()), media_type="text/plain; version=0.0.4")


def _serving(request: Request) -> Serving:
    serving: Serving = request.app.state.serving
    return serving


def _packed(form: str, rows: list[dict[str, Any]]) -> Response:
    if form == "csv":
        content, kind = archives.table(rows).encode(), "text/csv; charset=utf-8"
    elif form == "jsonl":
        content, kind = "".join(f"{json.dumps(row)}\n" for row in rows).encode(), LINES
    else:
        content, kind = archives.pack(rows), "application/zip"
    named = {"Content-Disposition": f'attachment; filename="captions.{form}"'}
    return Response(content, media_type=kind, headers=named)
