"""The page: one template in two languages, whose words are all in strings/<language>.json."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
LANGUAGES = {"ru": "Русский", "en": "English"}  # the first is the page's own

router = APIRouter(include_in_schema=False)
_templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)


@router.get("/", response_class=HTMLResponse)
async def page(request: Request) -> HTMLResponse:
    """In Russian, or in English with ?lang=en."""
    asked = request.query_params.get("lang", "")
    language = asked if asked in LANGUAGES else next(iter(LANGUAGES))
    settings = request.app.state.serving.settings
    offers = {"urls": settings.urls, "corrections": settings.corrections is not None}
    return HTMLResponse(
        _templates.get_template("page.html").render(
            language=language,
            languages=LANGUAGES,
            t=strings(language),
            embedded=_embedded(strings(language)),
            offers={**offers, "example": settings.example is not None, "token": settings.token is not None},
        )
    )


@router.get("/example.png")
async def example(request: Request) -> Response:
    """The picture that the page offers to try."""
    content = request.app.state.serving.settings.example
    return Response(content or b"", 200 if content else 404, media_type="image/png")


@router.get("/favicon.ico")
async def favicon() -> Response:
    """There is none; browsers ask."""
    return Response(status_code=204)


@lru_cache
def strings(language: str) -> dict[str, Any]:
    """Every word of the page in a language."""
    found: dict[str, Any] = json.loads((HERE / "strings" / f"{language}.json").read_text(encoding="utf-8"))
    return found


def _embedded(value: Any) -> str:
    """JSON that can stand in a page: nothing in it ends the block it stands in."""
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
