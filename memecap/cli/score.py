"""memecap score: score captions that are in a file, with no model at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from memecap.cli import app

_EXAMPLE = (
    "Example: memecap score mine.jsonl theirs.csv --preset ru-words · memecap score --compare mine.jsonl theirs.jsonl"
    " · memecap score first.txt --columns id,caption,reference --sep ' | '"
)


@app.command(epilog=_EXAMPLE)
def score(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="captions (.jsonl, .csv, .tsv, .txt, COCO .json), folders of memecap evaluate, tables (scores.json)"
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(help="two files of captions: is the first better than the second?")
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="COCO annotations, for captions without references")] = None,
    references: Annotated[
        list[Path] | None, typer.Option(help="text file: line n is a reference of row n; can be repeated")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="what your file calls a column: caption=NAME, references=NAME, image_id=NAME"),
    ] = None,
    positions: Annotated[
        str | None,
        typer.Option(
            "--columns",
            help="a file without a header: what its columns are, such as id,caption,reference; - for any other",
        ),
    ] = None,
    separator: Annotated[
        str, typer.Option("--sep", help="what stands between cells: ' | ', tab; found when not given")
    ] = "",
    preset: Annotated[str, typer.Option(help="protocol: ru-words, ru-punct, nltk-seed, coco, fbc2")] = "ru-words",
    form: Annotated[str, typer.Option("--format", "-f", help="text, markdown, latex, json or csv")] = "text",
    every: Annotated[bool, typer.Option("--all", help="every metric of the preset, not only the main ones")] = False,
    metric: Annotated[
        list[str] | None, typer.Option(help="one more metric, such as bertscore or clipscore; can be repeated")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="a setting of a metric named so: bertscore.model=FOLDER")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="where the rows' file_name starts, for clipscore: <corpus>/<split>")
    ] = None,
    training: Annotated[
        Path | None, typer.Option(help="training captions (.txt, one a line), to count copies; a folder's are found")
    ] = None,
    only_common: Annotated[
        bool, typer.Option("--only-common", help="leave out pictures that a system lacks, not score them as empty")
    ] = False,
    resamples: Annotated[int, typer.Option(min=100, help="resamples of bootstrap and randomisation")] = 1000,
    seed: Annotated[int, typer.Option(help="seed of the resamples")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
) -> None:
    """Score captions against the references that stand beside them, with 95 % intervals and p-values.

    Rows are joined by image_id, whatever their order. A picture that a system left out counts as an empty caption.

    A folder of memecap evaluate brings its floors. A file without a header, of tabs or ` | `, is read with
    `--columns id,caption,reference`. Bad rows are named by file and number, and end with exit code 65.
    """
    from functools import partial
    from typing import get_args

    from memecap.errors import UsageError
    from memecap.scoring import compare as leaderboard
    from memecap.scoring import tables
    from memecap.scoring.formats import texts
    from memecap.scoring.predictions import annotated, read_predictions

    if as_json:
        form = "json"
    if form not in get_args(tables.Format):
        raise UsageError(
            f"no format {form!r}", where="--format", fix=f"There are: {', '.join(get_args(tables.Format))}."
        )
    paths = [*(files or ()), *(compare or ())]
    if not paths:
        raise UsageError("no file to score", where="memecap score", fix="Name files of captions, or use --compare A B.")
    ready = [path for path in paths if path.name.startswith("scores") and path.suffix == ".json"]
    if ready:
        if len(ready) < len(paths):
            raise UsageError(
                "tables and captions do not mix", where=str(ready[0]), fix="Give captions only, or tables only."
            )
        records = leaderboard.join([leaderboard.read_records(path) for path in ready])
    else:
        named = [setting.partition("=") for setting in column or []]
        for ours, _, theirs in named:
            if ours not in ("caption", "references", "image_id") or not theirs:
                fix = "Write caption=NAME, references=NAME or image_id=NAME."
                raise UsageError("a column is named OURS=YOURS", where=f"--column {ours}", fix=fix)
        columns = {ours: theirs for ours, _, theirs in named}
        read = partial(
            read_predictions,
            annotations=annotations,
            references=references or (),
            columns=columns,
            positions=positions.split(",") if positions else (),
            separator={"tab": "\t", "\\t": "\t"}.get(separator, separator),
        )
        systems = _read_systems(paths, read, images)
        more = _more_metrics(metric or [], settings or [])
        known = texts(training) if training else _training_captions(paths)
        records = leaderboard.rank(
            systems,
            preset,
            every=every,
            more=more,
            training=known,
            resamples=resamples,
            seed=seed,
            asked=annotated(annotations) if annotations else (),
            only_common=only_common,
        )
    typer.echo(tables.render(records, form, every=every or bool(metric)))  # type: ignore[arg-type]


def _training_captions(paths: list[Path]) -> list[str] | None:
    from memecap.scoring.compare import training_captions

    return next((known for path in paths if path.is_dir() and (known := training_captions(path))), None)


def _more_metrics(names: list[str], settings: list[str]) -> list[dict[str, Any]]:
    from memecap.core import config, registry
    from memecap.errors import UsageError

    parts = []
    for name in names:
        own = [setting.removeprefix(f"{name}.") for setting in settings if setting.startswith(f"{name}.")]
        found = config.load(registry.load("metrics", name).Config, None, own, defaults={"name": name})
        parts.append(found.model_dump())
    for setting in settings:
        if not setting.startswith(tuple(f"{name}." for name in names)):
            raise UsageError(
                "the setting belongs to no metric",
                where=f"--set {setting}",
                fix="Name it: --metric NAME --set NAME.key=value.",
            )
    return parts


def _read_systems(paths: list[Path], read: Callable[[Path], list[Any]], images: Path | None) -> list[Any]:
    from dataclasses import replace

    from memecap.scoring.compare import CAPTIONER, System, read_systems

    systems: list[System] = []
    for path in paths:
        if path.is_dir():
            found = read_systems(path)
        else:
            found = [System(path.stem, CAPTIONER, read(path), images)]
        taken = {system.name for system in systems}
        for system in found:
            name = f"{path.parent.name}/{system.name}" if system.name in taken else system.name
            while name in taken:
                name += "+"
            taken.add(name)
            systems.append(replace(system, name=name))
    return systems
