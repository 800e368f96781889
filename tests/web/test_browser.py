"""The page in a browser, by hand of Playwright: every function, in both languages, on a desk and on a phone.

Skipped where Playwright or Chromium is missing; axe-core is run where its script is (MEMECAP_AXE, or node_modules).
"""

from __future__ import annotations

import base64
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memecap.web import serving
from memecap.web.app import create_app
from memecap.web.settings import Settings
from tests.captioners.known import FOUND
from tests.web import known_memory
from tests.web.conftest import READER
from tests.web.known_reader import LINES
from tests.web.pictures import archive, picture

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(os.environ.get("MEMECAP_AXE") or Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {1400: 900, 390: 844}
WORDS = {
    "ru": [
        "Исправить",
        "Сохранить исправление",
        "Копировать alt",
        "Исправление сохранено",
        "Это не картинка",
        "Готово",
    ],
    "en": ["Correct", "Save correction", "Copy alt", "The correction is saved", "This is not a picture", "Done"],
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def address(attentive: Path, kept: Path) -> Iterator[str]:
    """A real server with the template and the tiny captioner with attention."""
    loading = {"reader": READER, "device": "cpu"}
    yield from _served(
        Settings(models=(str(attentive),), loading=loading, corrections=kept, example=picture(), urls=True)
    )


def _served(settings: Settings) -> Iterator[str]:
    import uvicorn

    app = create_app(settings)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    assert app.serving.worker.ready.wait(120)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.fixture(params=[(language, width) for language in WORDS for width in SIZES], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The page with its captioners loaded; no request to another host, no error of a script."""
    language, width = request.param
    context = browser.new_context(viewport={"width": width, "height": SIZES[width]})
    context.grant_permissions(["clipboard-read", "clipboard-write", "camera"], origin=address)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda asked: asked.url.startswith((address, "data:", "blob:")) or faults.append(asked.url))
    opened.goto(f"{address}/?lang={language}")
    opened.wait_for_selector("#models input")
    opened.words, opened.width = WORDS[language], width
    yield opened
    assert not faults
    context.close()


def upload(page: Any, content: bytes | None = None, name: str = "meme.png") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "image/png", "buffer": content or picture()})


def until(page: Any, told: str) -> None:
    """Wait for an expression to hold; Playwright's own way wants `eval`, which the page's policy forbids."""
    for _ in range(600):
        if page.evaluate(f"Promise.resolve({told}).then(Boolean)"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {told}")


def described(page: Any) -> None:
    page.wait_for_selector(".card")
    until(page, "document.querySelector('#status').textContent.match(/Готово|Done/)")


def test_a_picture_by_file_example_paste_drop_and_camera(page: Any) -> None:
    upload(page)
    described(page)
    assert page.locator(".card h3").all_inner_texts()[0].startswith("template")
    assert page.locator("#lines li").count() == len(LINES)
    encoded = base64.b64encode(picture()).decode()
    made = (
        "(kind) => { const bytes = Uint8Array.from(atob('" + encoded + "'), (c) => c.charCodeAt(0));"
        "const data = new DataTransfer(); data.items.add(new File([bytes], kind + '.png', {type: 'image/png'}));"
        "const event = kind === 'paste' ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true})"
        " : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});"
        "(kind === 'paste' ? document.body : document.getElementById('drop')).dispatchEvent(event); }"
    )
    for kind in ("paste", "drop"):
        page.evaluate(made, kind)
        until(page, f"document.querySelector('#picture-name').textContent.startsWith('{kind}')")
    page.click("#example")
    until(page, "document.querySelector('#picture-name').textContent.startsWith('example')")
    page.click("#camera")
    until(page, "document.querySelector('#video').videoWidth > 0")
    page.click("#shoot")
    until(page, "document.querySelector('#picture-name').textContent.startsWith('camera')")


def test_a_quote_and_its_box_light_each_other(page: Any) -> None:
    """By the mouse, by the keyboard, by a press; the same elements each time."""
    upload(page)
    described(page)
    lit = "[...document.querySelectorAll('.lit')].map((e) => e.className + e.textContent)"
    quotes, boxes = page.locator(".card >> nth=0 >> .quote"), page.locator(".box")
    assert quotes.count() == boxes.count() == len(LINES)
    for number in range(len(LINES)):
        found = []
        for one in (quotes.nth(number), boxes.nth(number)):
            one.hover()
            found.append(page.evaluate(lit))
            page.mouse.move(1, 1)
            assert page.evaluate(lit) == []
            one.focus()
            found.append(page.evaluate(lit))
            page.evaluate("document.activeElement.blur()")
        assert found[0] and all(each == found[0] for each in found)
        x, y, right, bottom = LINES[number].box
        image, box = page.locator("#stage img").bounding_box(), boxes.nth(number).bounding_box()
        scale = image["width"] / 400
        assert box["x"] - image["x"] == pytest.approx(x * scale, abs=1.5)
        assert box["y"] - image["y"] == pytest.approx(y * scale, abs=1.5)
        assert box["width"] == pytest.approx((right - x) * scale, abs=1.5)
        assert box["height"] == pytest.approx((bottom - y) * scale, abs=1.5)
    quotes.nth(0).press("Enter")
    page.evaluate("document.activeElement.blur()")
    assert page.evaluate(lit)  # pressed, it stays
    assert quotes.nth(0).get_attribute("aria-pressed") == "true"


def test_english_quotes_say_so_and_doubt_is_in_words(page: Any) -> None:
    upload(page)
    described(page)
    assert page.locator(".card >> nth=0 >> .caption").get_attribute("lang") == "ru"
    english = page.locator(".card >> nth=0 >> .quote > [lang=en]:not(.hidden)").first
    assert "monday" in english.inner_text().lower()
    told = page.locator(".card >> nth=0 >> .quotes li").all_inner_texts()
    assert len(told) == len({line.split("—")[1] for line in told}) == 3  # sure, likely, doubtful


def test_side_by_side_and_attention_by_the_arrows(page: Any) -> None:
    page.check("#sampled")
    page.check("#attention")
    upload(page)
    described(page)
    assert page.locator(".card").count() == 3  # the template, greedy, sampled
    words = page.locator(".card >> nth=1 >> .words button")
    if words.count() > 1:
        words.nth(0).focus()
        shown = "document.querySelector('.heat canvas').toDataURL()"
        before = page.evaluate(shown)
        page.keyboard.press("ArrowRight")
        assert words.nth(1).get_attribute("aria-checked") == "true"
        assert page.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"
        assert page.evaluate(shown) != before
        page.keyboard.press("ArrowLeft")
        assert page.evaluate(shown) == before


def test_copy_and_correct(page: Any, kept: Path) -> None:
    upload(page)
    described(page)
    card = page.locator(".card >> nth=0")
    card.get_by_role("button", name=page.words[2]).click()
    until(page, "navigator.clipboard.readText().then((text) => text.startsWith('alt=\"'))")
    assert page.evaluate("navigator.clipboard.readText()").count('"') == 2  # those inside are written as entities
    card.get_by_role("button", name=page.words[0], exact=True).click()
    card.locator("textarea").fill("Кот в понедельник.")
    card.get_by_role("button", name=page.words[1]).click()
    until(page, f"document.querySelector('.card').innerText.includes('{page.words[3]}')")
    assert "Кот в понедельник." in (kept / "corrections.jsonl").read_text(encoding="utf-8")


def test_many_with_errors_and_a_zip_home(page: Any, tmp_path: Path) -> None:
    import zipfile

    files = [
        {"name": "a.png", "mimeType": "image/png", "buffer": picture()},
        {"name": "b.png", "mimeType": "image/png", "buffer": b"broken"},
        {"name": "c.zip", "mimeType": "application/zip", "buffer": archive({"d.png": picture(), "../e.png": b"x"})},
    ]
    page.set_input_files("#files", files)
    page.wait_for_selector("#download:visible")
    rows = page.locator("#table tbody tr").all_inner_texts()
    assert len(rows) == 4 and page.words[4] in rows[1]
    assert page.locator("#table td.failed").count() == 2
    with page.expect_download() as caught:
        page.click("#download")
    caught.value.save_as(tmp_path / "captions.zip")
    with zipfile.ZipFile(tmp_path / "captions.zip") as made:
        assert {"captions.csv", "captions.jsonl", "txt/a.txt", "txt/d.txt"} <= set(made.namelist())


def test_errors_are_said_in_its_language(page: Any) -> None:
    upload(page, b"no picture at all")
    page.wait_for_selector("#error:visible")
    assert page.words[4] in page.inner_text("#error")
    page.fill("#url", "http://127.0.0.1/a.png")
    page.press("#url", "Enter")
    until(page, "document.querySelector('#error').textContent.match(/сеть|network/)")
    upload(page)
    described(page)
    assert page.locator("#error").is_hidden()


def test_the_keyboard_reaches_everything_and_the_page_fits(page: Any) -> None:
    upload(page)
    described(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.width
    wanted = page.evaluate(
        "[...document.querySelectorAll('button, [role=button], input, a, summary, textarea')]"
        ".filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0).length"
    )
    page.evaluate("document.activeElement.blur(); window.reached = new Set()")
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        page.evaluate("window.reached.add(document.activeElement)")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        kind = page.evaluate("document.activeElement.className")
        assert ring != "none" or "file" in kind or page.evaluate("document.activeElement === document.body")
    assert page.evaluate("window.reached.size") >= wanted


@pytest.mark.parametrize("language", WORDS)
def test_a_remembered_description_is_shown_as_somebodys(
    browser: Any, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whom, of which row, with its link, licence and the points that agree; in the table, too."""
    monkeypatch.setattr(serving, "start", known_memory.start)
    settings = Settings(models=("remember",), loading={"reader": READER, "device": "cpu"})
    for address in _served(settings):
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(60_000)
        page.goto(f"{address}/?lang={language}")
        page.wait_for_selector("#models input")
        upload(page, picture(colour="white"))
        described(page)
        told = page.locator(".source").last
        assert {"ru": "описал человек", "en": "a person described"}[language] in told.inner_text()
        for word in (FOUND.corpus, FOUND.image_id[:12], str(FOUND.inliers), known_memory.LICENCE):
            assert word in told.inner_text()
        assert told.locator("blockquote").inner_text() in FOUND.captions
        link = told.locator("a")
        assert link.get_attribute("href") == known_memory.LINK and "noopener" in link.get_attribute("rel")
        if AXE.exists():
            context = browser.new_context(bypass_csp=True)
            other = context.new_page()
            other.goto(f"{address}/?lang={language}")
            other.wait_for_selector("#models input")
            upload(other, picture(colour="white"))
            described(other)
            other.evaluate(AXE.read_text(encoding="utf-8"))
            assert _violations(other) == []
            context.close()
        page.set_input_files("#files", {"name": "w.png", "mimeType": "image/png", "buffer": picture(colour="white")})
        page.wait_for_selector("#download:visible")
        assert {"ru": "описал человек", "en": "a person described"}[language] in page.inner_text("#table")
        page.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here: npm pack axe-core, MEMECAP_AXE=…/axe.min.js")
def test_axe_finds_nothing(browser: Any, address: str) -> None:
    for language in WORDS:
        for width, height in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
            page = context.new_page()
            page.goto(f"{address}/?lang={language}")
            page.wait_for_selector("#models input")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = [_violations(page)]
            page.check("#sampled")
            page.check("#attention")
            upload(page)
            described(page)
            page.set_input_files("#files", {"name": "b.png", "mimeType": "image/png", "buffer": b"broken"})
            page.wait_for_selector("#download:visible")
            page.locator(".card button[aria-expanded]").first.click()
            page.locator(".quote").first.focus()
            found.append(_violations(page))
            context.close()
            assert found == [[], []], (language, width)


def _violations(page: Any) -> list[str]:
    told = page.evaluate("(tags) => axe.run(document, {runOnly: tags})", RULES)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in told]
