"""What `memecap judge --scale` and `--results` do: rate captions in the terminal, on a page or in Label Studio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from memecap.cli.dry_run import planned
from memecap.cli.output import tell
from memecap.core import progress, storage
from memecap.core.terminal import plain
from memecap.errors import UsageError

if TYPE_CHECKING:
    from memecap.evaluation.people import Agreement
    from memecap.evaluation.rating import Item, Rating


@dataclass(frozen=True, slots=True)
class Asking:
    """Where and how a judge is asked."""

    out: Path
    judge: str
    n: int | None
    seed: int
    scale: int | None  # None: pairs are compared
    page: Path | None
    images: Path | None
    label_studio: Path | None
    pictures: str
    language: str = "ru"
    dry_run: bool = False
    as_json: bool = False


def ask(paths: Sequence[Path], asking: Asking) -> None:
    """Rate the captions of these files. Raises `UsageError` where none is named."""
    from memecap.evaluation import rating
    from memecap.scoring.predictions import read_predictions

    if not paths:
        raise UsageError("no captions are named", where="memecap judge --scale", fix="Name files of captions.")
    rated = rating.identify(paths, seed=asking.seed, scale=asking.scale or rating.SCALE)
    systems = {name: read_predictions(path) for name, path in zip(rated.systems, paths, strict=True)}
    asked = rating.items(systems, n=asking.n, seed=asking.seed, judge=asking.judge)
    if asking.dry_run:
        writes = [asking.label_studio or asking.page or asking.out]
        raise planned("judge", reads=paths, writes=writes, n=len(asked), of="captions", as_json=asking.as_json)
    if asking.label_studio:
        from memecap.evaluation.label_studio import write_ratings

        write_ratings(asking.label_studio, asked, rated, pictures=asking.pictures)
        progress.say(f"{len(asked)} tasks: {asking.label_studio}")
    elif asking.page:
        from memecap.report.rating import write_page

        if asking.images is None:
            progress.say("warning: the page shows no pictures: say where they are with --images <corpus>/<split>")
        write_page(asking.page, asked, images=asking.images, judge=asking.judge, rating=rated, out=asking.out.name)
        progress.say(f"{len(asked)} captions: open {asking.page}; it saves {asking.out.name} among the downloads")
    else:
        _ask_all(asked, rated, asking)


def tell_results(paths: Sequence[Path], captions: Sequence[Path], as_json: bool) -> None:
    """Every metric beside what people said. Raises `UsageError` where the captions are not named."""
    from memecap.evaluation import label_studio, people, rating
    from memecap.scoring.predictions import read_predictions

    if not captions:
        fix = "Name each file that was judged: --captions mine.jsonl --captions theirs.jsonl"
        raise UsageError("metrics need the captions and their references", where="memecap judge --results", fix=fix)
    names = rating.identify(captions).systems
    systems = {name: read_predictions(path) for name, path in zip(names, captions, strict=True)}
    answers = (
        answer
        for path in paths
        for answer in (label_studio.read_answers(path) if path.suffix == ".json" else storage.read_jsonl(path))
    )
    found = people.correlate(answers, systems)
    tell({"questions": [asdict(one) for one in found]}, "\n\n".join(map(_told, found)), as_json)


def _ask_all(asked: Sequence[Item], rated: Rating, asking: Asking) -> None:
    from memecap.evaluation import judging, rating

    done = rating.answered(asking.out, rated, asking.judge)
    todo = [item for item in asked if item.name not in done]
    if asking.images:
        pictures: Sequence[Path] = judging.pictures_of(todo, asking.images)
    else:
        pictures = [Path(item.file_name or item.image_id) for item in todo]
    for number, (item, picture) in enumerate(zip(todo, pictures, strict=True), 1):
        typer.echo(f"\n[{number}/{len(todo)}] {plain(str(picture))}\n\n{plain(item.caption)}\n")
        values: dict[str, int] = {}
        for name, (question, low, high) in rating.QUESTIONS.items():
            answer = _number(f"{question} 1 — {low}, {rated.scale} — {high}; q", rated.scale)
            if answer is None:
                return
            values[name] = answer
        for line in rating.answers_of(item, values, asking.judge, rated):
            storage.append_line(asking.out, line)


def _number(question: str, scale: int) -> int | None:
    """A number of the scale; None for q."""
    while True:
        word = typer.prompt(question).strip()
        if word == "q":
            return None
        if word.isdecimal() and 1 <= int(word) <= scale:
            return int(word)


def _told(found: Agreement) -> str:
    """One question as a table, the metrics that agree most first."""
    alpha = "" if found.alpha is None else f", Krippendorff's alpha {found.alpha:.2f}"
    head = f"{found.question}: judges {found.judges}{alpha}; captions {found.captions}, pictures {found.pictures}"
    rows = sorted(found.metrics.items(), key=lambda row: -_first(row[1]))
    lines = [f"{'metric':24}{'Kendall':>22}{'Spearman':>22}{'pairs in order':>22}"]
    lines += [f"{name:24}" + "".join(f"{_cell(values[kind]):>22}" for kind in values) for name, values in rows]
    return "\n".join([head, *lines])


def _first(values: Mapping[str, Any]) -> float:
    return next((float(value[0]) for value in values.values() if value is not None), float("-inf"))


def _cell(value: tuple[float, float, float] | None) -> str:
    return "–" if value is None else "{:+.2f} [{:+.2f}, {:+.2f}]".format(*value)
