"""memecap config show: each value of a YAML and where it came from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from memecap.cli import app, options
from memecap.cli.output import tell
from memecap.core import registry
from memecap.errors import ConfigError

config_app = typer.Typer(help="Look at settings.", no_args_is_help=True)
app.add_typer(config_app, name="config")


@config_app.command(epilog="Example: memecap config show configs/train/memes_read.yaml --set seed=1")
def show(
    file: Annotated[Path, typer.Argument(help="a YAML of configs/train, or of configs/corpora")],
    overrides: options.Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="a list of {key, value, source} on stdout")] = False,
) -> None:
    """Print every setting with its value and its source: flag, environment, file or default."""
    from memecap.core.config import explain

    rows = explain(_model(file), file, overrides or ())
    width = max(len(key) for key, _, _ in rows)
    lines = [f"{key:{width}}  {json.dumps(value, ensure_ascii=False)}  ({source})" for key, value, source in rows]
    record = [{"key": key, "value": value, "source": source} for key, value, source in rows]
    tell(record, "\n".join(lines), as_json)


def _model(file: Path) -> Any:
    """The settings a file holds: a training run, or a part of the corpora family."""
    from memecap.core.config import read_yaml

    values = read_yaml(file)
    if "stages" in values or "captioner" in values:
        from memecap.training.config import TrainConfig

        return TrainConfig
    if isinstance(values.get("name"), str):
        return registry.load("corpora", values["name"]).Config
    fix = "A run has `captioner` and `stages`; a corpus has the `name` of its part."
    raise ConfigError("neither a training run nor a corpus", where=file, fix=fix)
