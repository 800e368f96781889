"""The report and the judge page in a browser: axe-core finds nothing, the table sorts and is saved.

Skipped where Playwright or Chromium is missing; axe-core is run where its script is (MEMECAP_AXE, or node_modules).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from memecap.core import storage
from memecap.evaluation import judging
from memecap.report.evaluation import write_report
from memecap.report.judging import write_page
from memecap.scoring.compare import rank, read_systems
from memecap.scoring.predictions import Prediction

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(os.environ.get("MEMECAP_AXE") or Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {1400: 900, 700: 450, 390: 844}  # 700: the desk at 200 %
LOG = "stage,epoch,step,train_loss,val_loss,chrf2\na,1,10,3.5,,20\na,1,20,3.0,3.1,25\nb,2,30,2.5,2.9,30\n"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """report-<language>.html and judge-<language>.html of six painted pictures."""
    out = tmp_path_factory.mktemp("pages")
    folder, images, run = out / "evaluation", out / "corpus" / "val" / "images", out / "run"
    images.mkdir(parents=True)
    run.mkdir()
    (run / "log.csv").write_text(LOG)
    rows = []
    for n in range(6):
        Image.new("RGB", (480, 320), (n * 40, 90, 160)).save(images / f"{n}.png")
        line = {"text": f"утро {n}", "box": [10, 10, 200, 60], "confidence": 0.4 + 0.1 * n, "language": "ru"}
        reading = {"lines": [line], "width": 480, "height": 320, "reader": "known"}
        rest = {"file_name": f"images/{n}.png", "system": "reader_writer", "reading": reading}
        reference = f'На фото кот грустит. Надпись: "утро {n}".'
        rows.append(Prediction(str(n), f'на фото грустный кот. подпись: "утро {n}"', (reference,), rest))
    constant = [Prediction(row.image_id, "кот на фото", row.references, row.rest) for row in rows]
    storage.write_jsonl(folder / "captions.jsonl", (row.to_json() for row in rows))
    storage.write_jsonl(folder / "floors" / "constant.jsonl", (row.to_json() for row in constant))
    settings = {"model": str(run), "corpus": str(out / "corpus"), "split": "val", "seed": 0}
    decoding = {"name": "greedy", "max_new_tokens": 96}
    storage.write_json(folder / "evaluation.json", {**settings, "decoding": decoding})
    storage.write_json(folder / "scores.json", rank(read_systems(folder), every=True, resamples=100))
    told = judging.Judging("A", "B", "1", "2", 0)
    questions = judging.pairs(rows, constant, n=3, judge="a")
    for language in ("ru", "en"):
        shutil.copy(write_report(folder, language=language), out / f"report-{language}.html")
        page, where = out / f"judge-{language}.html", images.parent
        write_page(page, questions, images=where, judge="a", judging=told, out="a.jsonl", language=language)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, pages: Path) -> Iterator[Any]:
    """visit(name, width): the page; no other host is asked, no script fails."""
    faults: list[str] = []
    contexts = []

    def opened(name: str, width: int = 1400, **settings: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(("file:", "data:", "blob:")) or faults.append(asked.url))
        page.goto((pages / name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: set MEMECAP_AXE to axe.min.js")
@pytest.mark.parametrize(
    "name", [f"{page}-{language}.html" for page in ("report", "judge") for language in ("ru", "en")]
)
def test_axe_finds_nothing(visit: Any, name: str) -> None:
    for width in SIZES:
        page = visit(name, width, bypass_csp=True)
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
        assert not [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("img:not([alt]), img[alt='']").count() == 0
        if shots := os.environ.get("MEMECAP_SHOTS"):
            page.screenshot(path=Path(shots) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_table_sorts_by_keyboard_and_is_saved(visit: Any, language: str) -> None:
    page = visit(f"report-{language}.html", accept_downloads=True)
    assert page.locator("html").get_attribute("lang") == language
    first = "#table tbody tr:first-child th"
    head = page.locator("#table thead button[data-name='chrf2']")
    head.focus()
    names = []
    for expected in ("descending", "ascending", "none"):
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.dataset.name") == "chrf2"
        sorted_by = page.locator("#table thead th:has(button[data-name='chrf2'])").get_attribute("aria-sort")
        assert sorted_by == expected
        names.append(page.locator(first).inner_text())
    assert names[0] == names[2] == "reader_writer" != names[1]
    saved = {}
    for button in ("csv", "markdown"):
        with page.expect_download() as download:
            page.click(f"#{button}")
        saved[button] = Path(download.value.path()).read_text(encoding="utf-8")
    shown = page.locator("#table tbody tr:first-child td >> nth=0 >> span").inner_text()
    assert saved["csv"].splitlines()[1].startswith(f'"reader_writer","{shown}"')
    assert saved["markdown"].splitlines()[2].startswith(f"| reader\\_writer | {shown} |")
    assert len(saved["csv"].splitlines()) == len(saved["markdown"].splitlines()) - 1 == 3


def test_a_judge_needs_no_mouse(visit: Any) -> None:
    page = visit("judge-en.html", accept_downloads=True)
    for key in ("1", "=", "Backspace", "2", "1"):
        page.keyboard.press(key)
    assert page.locator("#place").inner_text() == "Done: save the answers."
    page.locator("#save").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert len(Path(download.value.path()).read_text(encoding="utf-8").splitlines()) == 3


def test_an_english_page_holds_no_russian_label(visit: Any) -> None:
    """What is Russian there is somebody's text: captions, references, what was read."""
    page = visit("report-en.html")
    page.evaluate("document.querySelectorAll('article').forEach((card) => card.remove())")
    assert not page.evaluate("(document.body.innerText.match(/[а-яё]+/gi) || []).join(' ')")
