"""memecap train: a YAML → a trained captioner in a run folder; the same command goes on with a stopped run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app
from memecap.cli._output import emit


@app.command(epilog="Example: memecap train configs/train/memes_read.yaml --set seed=1 --out output/second")
def train(
    config: Annotated[Path, typer.Argument(help="the YAML of the run; configs/train holds complete ones")],
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value, such as stages.0.lr=1e-4")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="run folder [default: output/<name of the YAML>]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the run's manifest instead of its folder")] = False,
) -> None:
    """Train a captioner; on several devices with `torchrun --nproc_per_node N -m memecap train …`."""
    from memecap import storage
    from memecap.config import load
    from memecap.training.config import TrainConfig
    from memecap.training.run import train as run

    folder = run(load(TrainConfig, config, overrides or ()), out or Path("output") / config.stem)
    if as_json:
        emit(storage.read_json(folder / "run.json"))
    else:
        typer.echo(folder)
