"""memecap config: a file of defaults for this folder or this user, and where each value comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from memecap.cli import app, options, settings
from memecap.cli.dry_run import planned
from memecap.cli.everywhere import Verbs
from memecap.cli.output import tell
from memecap.core import registry, storage
from memecap.core.progress import say
from memecap.errors import ConfigError, UsageError

config_app = Verbs(help="Settings: a file of them, and where each value comes from.", no_args_is_help=True)
app.add_typer(config_app, name="config")


@config_app.command(epilog="Example: memecap config init · memecap config init --user")
def init(
    of_user: Annotated[bool, typer.Option("--user", help="for you everywhere, not for this folder")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the file that is there")] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Write a file of every option of every verb with its built-in value, commented out, for you to change.

    A flag wins over MEMECAP_<VERB>_<OPTION>, that over -c FILE, that over ./memecap.yaml, that over the user's
    config.yaml (in memecap/ of $XDG_CONFIG_HOME or ~/.config), that over the built-in value.
    """
    file = settings.user_file() if of_user else settings.PROJECT
    if file.exists() and not overwrite:
        raise UsageError("a file stands there", where=file, fix="Edit it, or replace it with --overwrite.")
    if dry_run:
        raise planned("config init", writes=[file], as_json=as_json)
    storage.write_text(file, settings.sample(typer.main.get_command(app)))
    tell({"file": str(file)}, file, as_json)


@config_app.command(epilog="Example: memecap config show configs/train/memes_read.yaml --set seed=1")
def show(
    file: Annotated[
        Path | None, typer.Argument(help="a YAML of configs/train, or of configs/corpora; none: options of verbs")
    ] = None,
    overrides: options.Overrides = None,
    every: Annotated[bool, typer.Option("--all", help="options with their built-in values, too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="a list of {key, value, source} on stdout")] = False,
) -> None:
    """Print every setting with its value and its source: flag, environment, file or default.

    Without a file: the verbs' options that are set by the environment, by ./memecap.yaml or by the user's config.yaml.
    """
    from memecap.core.config import explain

    rows: Sequence[tuple[str, Any, str]]
    if file is None:
        found = settings.explain(typer.main.get_command(app))
        rows = [(key, _plain(value), source) for key, value, source in found if every or source != "default"]
        if not rows:
            say(f"nothing is set: no {settings.PROJECT}, no {settings.user_file()}, no MEMECAP_<VERB>_<OPTION>")
    else:
        rows = explain(_model(file), file, overrides or ())
    width = max((len(key) for key, _, _ in rows), default=0)
    lines = [f"{key:{width}}  {json.dumps(value, ensure_ascii=False)}  ({source})" for key, value, source in rows]
    record = [{"key": key, "value": value, "source": source} for key, value, source in rows]
    if rows or as_json:
        tell(record, "\n".join(lines), as_json)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | list) else str(value)


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
