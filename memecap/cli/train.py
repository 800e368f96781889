"""memecap train: a YAML → a trained captioner in a run folder; the same command goes on with a stopped run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from memecap.cli import app, options
from memecap.cli.output import emit
from memecap.core import storage

if TYPE_CHECKING:
    from memecap.training.config import TrainConfig


@app.command(epilog="Example: memecap train configs/train/memes_read.yaml --set seed=1 --out output/second")
def train(
    config: Annotated[Path, typer.Argument(help="the YAML of the run; configs/train holds complete ones")],
    overrides: options.Overrides = None,
    out: Annotated[Path | None, typer.Option("--out", help="run folder [default: output/<name of the YAML>]")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="only so many rows of each corpus and split, to try the run: limit=N")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="train nothing: say all that is missing, and what the run would cost")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the run's manifest instead of its folder")] = False,
) -> None:
    """Train a captioner; on several devices with `torchrun --nproc_per_node N -m memecap train …`.

    --dry-run ends with exit code 0 when the run can begin, with 65 or 74 when something is missing.
    """
    from memecap.core.config import load
    from memecap.training.config import TrainConfig
    from memecap.training.run import train as run

    asked = [*(overrides or ()), *([] if limit is None else [f"limit={limit}"])]
    settings, place = load(TrainConfig, config, asked), out or Path("output") / config.stem
    if dry_run:
        _say_what_is_missing(settings, place, as_json)
    folder = run(settings, place)
    if as_json:
        emit(storage.read_json(folder / "run.json"))
    else:
        typer.echo(folder)


def _say_what_is_missing(settings: TrainConfig, out: Path, as_json: bool) -> NoReturn:
    from memecap.training import readiness

    checks = readiness.check(settings, out)
    if as_json:
        emit([asdict(check) for check in checks])
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark = "-" if check.exit_code is None else "MISSING" if check.exit_code else "ok"
            typer.echo(f"{mark:9}{check.name:{width}}  {check.found}")
            if check.fix:
                typer.echo(f"{'':9}{'':{width}}  → {check.fix}")
    raise typer.Exit(readiness.missing(checks))
