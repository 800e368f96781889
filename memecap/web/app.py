"""The application: the page and the API behind one guard, with one worker that captions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

import memecap
from memecap.errors import MemecapError
from memecap.web import api, page
from memecap.web.guards import Guard
from memecap.web.refusals import Refused, refusal
from memecap.web.serving import Serving
from memecap.web.settings import Settings

_OTHERS = {404: "not_found", 405: "no_method"}


def create_app(settings: Settings) -> Guard:
    """What uvicorn serves. The captioners are loaded when it starts; `serving` of it tells how that went."""
    serving = Serving(settings)
    app = FastAPI(
        title="memecap",
        version=memecap.__version__,
        description="Describes Russian memes: the scene, and the text on the picture, quoted.",
        docs_url=None,  # its page would load scripts of another host
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.serving = serving
    app.include_router(api.router)
    app.include_router(page.router)
    app.mount("/static", StaticFiles(directory=page.HERE / "static"))
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(MemecapError, _refused)
    app.add_exception_handler(Exception, _refused)
    return Guard(app, settings=settings, counters=serving.counters, routes={"/", *app.openapi()["paths"]})


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    worker = app.state.serving.worker
    worker.begin()
    yield
    worker.end()


async def _refused(request: Request, error: Any) -> JSONResponse:
    """Every error as JSON with a code, and counted."""
    if isinstance(error, HTTPException):
        refused = Refused(_OTHERS.get(error.status_code, "bad_request"), str(error.detail))
    else:
        refused = refusal(error)
    request.app.state.serving.counters.refused(refused.code)
    return refused.response()
