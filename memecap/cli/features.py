"""memecap features: run a frozen image encoder once over a corpus and keep what it sees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import tell
from memecap.core.manifest import open_corpus
from memecap.core.progress import complain
from memecap.errors import ConfigError


@app.command(epilog="Example: memecap features data/corpora/memes --encoder ruclip · … --config configs/train/x.yaml")
def features(
    corpora: Annotated[list[Path], typer.Argument(help="corpus folders", show_default=False)],
    encoder: Annotated[str | None, typer.Option(help="an encoder: see `memecap parts encoders`")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="a setting of the encoder, key=value")] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", "-c", help="take the encoder of this training configuration")
    ] = None,
    splits: options.Splits = None,
    batch_size: options.BatchSize = 32,
    device: options.Device = None,
    on: options.Place = "here",
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.JsonLines = False,
) -> None:
    """Compute image features beside a corpus, so that training need not run the encoder. Stopped runs go on."""
    if (encoder is None) == (config_file is None):
        raise ConfigError("name the encoder once", where="memecap features", fix="Give --encoder or --config.")
    from memecap.core import config
    from memecap.core.device import choose
    from memecap.encoders.stored import features as store

    place = choose(device)
    opened = [open_corpus(folder).limited(limit) for folder in corpora]
    part = config.build("encoders", _chosen(encoder, config_file, settings or []))
    if dry_run:
        places = [store.features_folder(corpus.folder, part.fingerprint) for corpus in opened]
        n = sum(
            corpus.counts[split] for corpus in opened for split in splits or corpus.counts if split in corpus.counts
        )
        raise planned("features", reads=corpora, writes=places, n=n, as_json=as_json)
    n_failed = 0
    for corpus in opened:
        done = store.extract(corpus, part, splits, batch_size=batch_size, device=place, on=on)
        n_failed += len(done.failed)
        for path, why in done.failed:
            complain(f"{path}: {why}")
        record = {"corpus": str(corpus.folder), "features": str(done.folder), "new": done.n_new, "known": done.n_known}
        tell(record, f"{done.folder}: {done.n_new} new, {done.n_known} there before", as_json)
    if n_failed:
        raise typer.Exit(1)


def _chosen(encoder: str | None, config_file: Path | None, settings: list[str]) -> object:
    from memecap.core import config

    found: Any = encoder
    if config_file is not None:
        captioner = config.read_yaml(config_file).get("captioner")
        found = captioner.get("encoder") if isinstance(captioner, dict) else None
    if not found:
        raise ConfigError("no captioner.encoder there", where=config_file, fix="Take another file, or give --encoder.")
    return options.part_settings("encoders", found, settings)
