"""Rows of docs/features.md about the page and its API."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

from PIL import Image
from starlette.testclient import TestClient

import memecap.web

WEB = Path(memecap.web.__file__).parent


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(content, "PNG")
    return content.getvalue()


def test_row_web_page(client: TestClient) -> None:
    page = client.get("/").text
    assert page.count("<main") == 1 and 'type="file"' in page
    assert not re.search(r'(?:src|href)="https?://', page)


def test_row_api(client: TestClient) -> None:
    told = client.post("/v1/caption", files={"picture": ("meme.png", picture(), "image/png")})
    assert told.status_code == 200 and told.json()
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/caption", "/v1/read", "/v1/batch", "/v1/models", "/healthz", "/readyz", "/metrics"} <= paths.keys()
    assert client.get("/healthz").status_code == 200


def test_row_russian_and_english() -> None:
    russian, english = (json.loads((WEB / "strings" / f"{name}.json").read_text("utf-8")) for name in ("ru", "en"))
    assert russian.keys() == english.keys() and len(russian) > 50
    assert re.search("[а-я]", json.dumps(russian, ensure_ascii=False))
    assert not re.search("[а-я]{3}", " ".join(str(value) for key, value in english.items() if "language" not in key))


def test_row_copy_examples_download(client: TestClient) -> None:
    page = client.get("/").text
    scripts = "".join(path.read_text(encoding="utf-8") for path in (WEB / "static").glob("**/*.js"))
    assert "clipboard" in scripts and "example" in page.casefold()
    sent = {"picture": ("meme.png", picture(), "image/png")}
    told = client.post("/v1/batch?format=zip", files=sent, data={"models": "template"})
    assert told.status_code == 200
    with zipfile.ZipFile(io.BytesIO(told.content)) as made:
        assert {Path(name).suffix for name in made.namelist()} == {".txt", ".csv", ".jsonl"}
