"""memecap score: score captions that are in a file, with no model at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from memecap.cli import app, options
from memecap.core import spelling
from memecap.errors import UsageError

if TYPE_CHECKING:
    from memecap.scoring import tables
    from memecap.scoring.predictions import Prediction

_EXAMPLE = (
    "Example: memecap score mine.jsonl theirs.csv --preset ru-words · memecap score --compare mine.jsonl theirs.jsonl"
    " · memecap score first.txt --columns id,caption,reference --sep ' | '"
)


Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="captions (.jsonl, .csv, .tsv, .txt, COCO .json), folders of memecap evaluate, tables (scores.json)"
    ),
]
Compare = Annotated[
    tuple[Path, Path] | None, typer.Option(help="two files of captions: is the first better than the second?")
]
References = Annotated[
    list[Path] | None, typer.Option(help="text file: line n is a reference of row n; can be repeated")
]
Column = Annotated[
    list[str] | None, typer.Option(help="what your file calls a column: caption=NAME, references=NAME, image_id=NAME")
]
Positions = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="a file without a header: what its columns are, such as id,caption,reference; - for any other",
    ),
]
Separator = Annotated[str, typer.Option("--sep", help="what stands between cells: ' | ', tab; found when not given")]
Metric = Annotated[
    list[str] | None, typer.Option(help="one more metric, such as bertscore or clipscore; can be repeated")
]
MetricSettings = Annotated[
    list[str] | None, typer.Option("--set", help="a setting of a metric named so: bertscore.model=FOLDER")
]
Images = Annotated[Path | None, typer.Option(help="where the rows' file_name starts, for clipscore: <corpus>/<split>")]
Training = Annotated[
    Path | None, typer.Option(help="training captions (.txt, one a line), to count copies; a folder's are found")
]
OnlyCommon = Annotated[
    bool, typer.Option("--only-common", help="leave out pictures that a system lacks, not score them as empty")
]


@app.command(epilog=_EXAMPLE)
def score(
    files: Files = None,
    compare: Compare = None,
    annotations: Annotated[Path | None, typer.Option(help="COCO annotations, for captions without references")] = None,
    references: References = None,
    column: Column = None,
    positions: Positions = None,
    separator: Separator = "",
    preset: Annotated[str, typer.Option(help="protocol: ru-words, ru-punct, nltk-seed, coco, fbc2")] = "ru-words",
    form: Annotated[str, typer.Option("--format", "-f", help="text, markdown, latex, json or csv")] = "text",
    every: Annotated[bool, typer.Option("--all", help="every metric of the preset, not only the main ones")] = False,
    alt: Annotated[
        bool, typer.Option("--alt", help="also: how many captions have each of eight properties of good alt text")
    ] = False,
    metric: Metric = None,
    settings: MetricSettings = None,
    images: Images = None,
    training: Training = None,
    only_common: OnlyCommon = False,
    resamples: options.Resamples = 1000,
    seed: Annotated[int, typer.Option(help="seed of the resamples")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="only the pictures of the first file's first rows")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
) -> None:
    """Score captions against the references that stand beside them, with 95 % intervals and p-values.

    Rows are joined by image_id, whatever their order. A picture that a system left out counts as an empty caption.

    A folder of memecap evaluate brings its floors. A file without a header, of tabs or ` | `, is read with
    `--columns id,caption,reference`. Bad rows are named by file and number, and end with exit code 65.
    """
    from memecap.scoring import compare as leaderboard
    from memecap.scoring import inputs, tables
    from memecap.scoring.formats import texts
    from memecap.scoring.predictions import annotated

    form = _form(form, as_json)
    if not (paths := [*(files or ()), *(compare or ())]):
        raise UsageError("no file to score", where="memecap score", fix="Name files of captions, or use --compare A B.")
    if inputs.are_tables(paths):
        records = leaderboard.join([leaderboard.read_records(path) for path in paths])
    else:
        read = _reading(annotations, references, column, positions, separator)
        records = leaderboard.rank(
            inputs.first(limit, inputs.open_systems(paths, read, images)),
            preset,
            every=every,
            more=_more_metrics([*(metric or ()), *["alt"] * alt], settings or []),
            training=texts(training) if training else inputs.known_captions(paths),
            resamples=resamples,
            seed=seed,
            asked=annotated(annotations) if annotations and limit is None else (),
            only_common=only_common,
        )
    typer.echo(tables.render(records, form, every=every or bool(metric)))


def _form(name: str, as_json: bool) -> tables.Format:
    """How a table is printed, by its name. Raises `UsageError`."""
    from memecap.scoring import tables

    return cast(
        "tables.Format",
        spelling.choose("json" if as_json else name, get_args(tables.Format), "format", where="--format"),
    )


def _reading(
    annotations: Path | None,
    references: list[Path] | None,
    column: list[str] | None,
    positions: str | None,
    separator: str,
) -> Callable[[Path], list[Prediction]]:
    """How a file of captions is read."""
    from memecap.scoring import inputs
    from memecap.scoring.predictions import read_predictions

    return partial(
        read_predictions,
        annotations=annotations,
        references=references or (),
        columns=inputs.named_columns(column or ()),
        positions=positions.split(",") if positions else (),
        separator=inputs.separator(separator),
    )


def _more_metrics(names: list[str], settings: list[str]) -> list[dict[str, Any]]:
    parts = []
    for name in names:
        own = [setting.removeprefix(f"{name}.") for setting in settings if setting.startswith(f"{name}.")]
        parts.append(options.part_settings("metrics", name, own).model_dump())
    for setting in settings:
        if not setting.startswith(tuple(f"{name}." for name in names)):
            fix = "Name it: --metric NAME --set NAME.key=value."
            raise UsageError("the setting belongs to no metric", where=f"--set {setting}", fix=fix)
    return parts
