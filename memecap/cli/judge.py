"""memecap judge: blind side-by-side of two systems' captions, in the terminal or in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import tell
from memecap.core import progress, storage
from memecap.core.terminal import plain
from memecap.errors import UsageError

if TYPE_CHECKING:
    from memecap.cli.rating import Asking
    from memecap.evaluation.judging import Judging, Pair

_EXAMPLE = (
    "Example: memecap judge mine.jsonl theirs.jsonl --judge anna · memecap judge --tally answers.jsonl · "
    "memecap judge mine.jsonl theirs.jsonl more.jsonl --scale 5 --judge anna · "
    "memecap judge --results answers.jsonl --captions mine.jsonl --captions theirs.jsonl"
)


@app.command(epilog=_EXAMPLE)
def judge(
    files: Annotated[
        list[Path] | None, typer.Argument(help="two captions.jsonl; with --tally, files of answers")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="file of answers, added to")] = Path("answers.jsonl"),
    name: Annotated[str, typer.Option("--judge", help="who is judging")] = "judge",
    n: Annotated[int | None, typer.Option("--limit", "--n", min=1, help="questions at most")] = None,
    seed: Annotated[int, typer.Option(help="seed of the questions; order and sides also vary by judge")] = 0,
    page: Annotated[Path | None, typer.Option(help="write a page for the browser here instead of asking")] = None,
    images: Annotated[Path | None, typer.Option(help="where the pictures are: <corpus>/<split>")] = None,
    language: options.Language = "ru",
    scale: Annotated[
        int | None, typer.Option(min=2, max=9, help="rate captions of any number of systems from 1 to this")
    ] = None,
    label_studio: Annotated[
        Path | None, typer.Option("--label-studio", help="write a Label Studio project into this folder instead")
    ] = None,
    pictures: Annotated[
        str, typer.Option(help="what stands before a picture's name in Label Studio")
    ] = "/data/local-files/?d=",
    tally: Annotated[bool, typer.Option(help="count the answers in the files")] = False,
    results: Annotated[
        bool, typer.Option("--results", help="how far every metric agrees with the answers in the files")
    ] = False,
    captions: Annotated[
        list[Path] | None, typer.Option("--captions", help="with --results: the captions that were judged")
    ] = None,
    dry_run: options.DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="the tally or the results as JSON")] = False,
) -> None:
    """Ask which of two captions describes the picture better; the systems' names stay hidden and sides are random.

    Keys: 1, 2, = (as good), q (stop; the same command goes on from there). Answers carry the systems' names, the hashes
    of their files and the seed: answers to other questions are never mixed. With --scale every caption is rated on
    its own: is it right, is it complete, is it invented? Any number of judges add to one file, or keep their own.
    """
    from memecap.cli import rating
    from memecap.evaluation import tally as tallies

    paths = files or []
    if tally:
        result = asdict(tallies.tally(answer for path in paths or [out] for answer in storage.read_jsonl(path)))
        tell(result, _told(result), as_json)
    elif results:
        rating.tell_results(paths or [out], captions or [], as_json)
    else:
        asking = rating.Asking(
            out, name, n, seed, scale, page, images, label_studio, pictures, language, dry_run, as_json
        )
        rating.ask(paths, asking) if scale else _ask(paths, asking)


def _ask(paths: Sequence[Path], asking: Asking) -> None:
    """Which of two captions is better, in the terminal, on a page or in Label Studio."""
    from memecap.evaluation import judging
    from memecap.scoring.predictions import read_predictions

    if len(paths) != 2:
        what = f"two files of captions are compared, not {len(paths)}"
        raise UsageError(what, where="memecap judge", fix="Name A and B, or rate any number of systems: --scale 5.")
    asked = judging.identify(*paths, seed=asking.seed)
    rows = [read_predictions(path) for path in paths]
    questions = judging.pairs(*rows, n=asking.n, seed=asking.seed, judge=asking.judge)
    if asking.dry_run:
        writes = [asking.label_studio or asking.page or asking.out]
        raise planned("judge", reads=paths, writes=writes, n=len(questions), of="questions", as_json=asking.as_json)
    if asking.label_studio:
        from memecap.evaluation.label_studio import write_pairs

        write_pairs(asking.label_studio, questions, asked, pictures=asking.pictures)
        progress.say(f"{len(questions)} tasks: {asking.label_studio}")
    elif asking.page:
        from memecap.report.judging import write_page

        if asking.images is None:
            progress.say("warning: the page shows no pictures: say where they are with --images <corpus>/<split>")
        out = asking.out.name
        write_page(
            asking.page,
            questions,
            images=asking.images,
            judge=asking.judge,
            judging=asked,
            out=out,
            language=asking.language,
        )
        progress.say(
            f"{len(questions)} questions: open {asking.page}; it saves {out} where the browser keeps downloads"
        )
    else:
        _ask_all(questions, asking.out, asking.judge, asking.images, asked)


def _ask_all(questions: list[Pair], out: Path, name: str, images: Path | None, asked: Judging) -> None:
    from memecap.evaluation import judging

    answered = judging.answered(out, asked, name)
    todo = [question for question in questions if question.image_id not in answered]
    pictures = judging.pictures_of(todo, images) if images else [Path(question.file_name) for question in todo]
    for number, (question, picture) in enumerate(zip(todo, pictures, strict=True), 1):
        typer.echo(f"\n[{number}/{len(todo)}] {plain(str(picture))}")
        typer.echo(f"\n1: {plain(question.first)}\n\n2: {plain(question.second)}\n")
        choice = ""
        while choice not in ("1", "2", "=", "q"):
            choice = typer.prompt("1, 2, = or q").strip()
        if choice == "q":
            return
        answer = {"judge": name, "image_id": question.image_id, "winner": question.winner(choice)}
        storage.append_line(out, answer | {"judging": asdict(asked)})


def _told(result: dict[str, Any]) -> str:
    systems = result["judging"] or {"a": "A", "b": "B"}
    a, b = (plain(str(systems.get(side, side))) for side in ("a", "b"))
    lines = [
        f"A is {a}, B is {b}",
        f"votes {result['n']} on {result['pictures']} pictures, judges {result['judges']}: "
        f"A {result['a']}, B {result['b']}, as good {result['tie']}",
        f"A wins {result['win_rate']:.3f} (95 %, of pictures: {result['low']:.3f}–{result['high']:.3f}), "
        "a tie counting half",
    ]
    if result["agreement"] is not None:
        alpha = "" if result["alpha"] is None else f", Krippendorff's alpha {result['alpha']:.2f}"
        lines.append(f"judges agree on {result['agreement']:.3f}{alpha}")
    return "\n".join(lines)
