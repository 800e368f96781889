"""The page before a browser: its words stand in both languages, and it asks no other host for anything."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from memecap.web.page import HERE, LANGUAGES, strings
from memecap.web.refusals import STATUS

SCRIPTS = sorted((HERE / "static").glob("*.js"))
TEMPLATE = (HERE / "templates" / "page.html").read_text(encoding="utf-8")
WHO = ("person", "correction", "model")
MADE = {
    "source_": [f"{by}_{who}" for by in ("picture", "text") for who in WHO],
    "error_": STATUS,
    "sure_": ("sure", "likely", "doubtful", "unread"),
    "where_": [str(n) for n in range(9)],
}


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_every_string_stands_in_both_languages() -> None:
    russian, english = (strings(language) for language in LANGUAGES)
    assert list(russian) == list(english)
    for key, text in russian.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key
        assert not re.search("[а-яё]", english[key], re.IGNORECASE), key
        assert key.startswith("decoding_default") or (text and english[key]), key


def test_every_string_that_is_asked_for_is_there_and_no_other() -> None:
    asked = set(re.findall(r"\{\{ t\.(\w+)", TEMPLATE))
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r'(?:say|button|told)\(\s*"(\w+)"', text)) | set(
            re.findall(r'(?:told = |\? )"(\w+)"', text)
        )
        asked |= set(re.findall(r'\? "\w+" : "(\w+)"', text))
    asked |= {prefix + end for prefix, ends in MADE.items() for end in ends} | {"error_network"}
    known = set(strings("ru"))
    unasked = {key for key in known - asked if not key.startswith(("system_", "decoding_"))}
    assert not unasked
    assert {key for key in asked if key not in known} <= {"GET", "POST", "ru", "en"}


def test_every_refusal_has_a_sentence() -> None:
    for language in LANGUAGES:
        assert {f"error_{code}" for code in STATUS} <= set(strings(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_its_language_and_has_one_main(client: TestClient, language: str) -> None:
    text = client.get(f"/?lang={language}").text
    tags = Tags(text).found
    assert dict(tags[0][1])["lang"] == language
    assert [tag for tag, _ in tags].count("main") == [tag for tag, _ in tags].count("h1") == 1
    embedded = re.search(r'id="strings">(.*?)</script>', text, re.DOTALL)
    assert embedded and json.loads(embedded[1]) == strings(language)


def test_russian_is_its_own_language(client: TestClient) -> None:
    assert 'lang="ru"' in client.get("/").text[:60] and 'lang="ru"' in client.get("/?lang=xx").text[:60]


def test_nothing_is_loaded_from_elsewhere(client: TestClient) -> None:
    for _, attributes in Tags(client.get("/").text).found:
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#", "data:,"))
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    for path in (HERE / "static").iterdir():
        assert not re.search(
            r"https?://|//cdn|innerHTML|insertAdjacentHTML|eval\(|document\.write", path.read_text("utf-8")
        )


def test_what_the_browser_is_told(client: TestClient) -> None:
    headers = client.get("/").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert not re.search("unsafe|https?:|\\*", headers["content-security-policy"])
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_served_and_short(client: TestClient, path: Path) -> None:
    answer = client.get(f"/static/{path.name}")
    assert answer.status_code == 200 and "javascript" in answer.headers["content-type"]
    assert answer.text.count("\n") <= 250


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"])
def test_no_way_out_of_the_static_folder(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
