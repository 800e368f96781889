"""memecap push: a checkpoint to the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import tell


@app.command(epilog="Example: memecap push output/memes_read someone/memes-read --private")
def push(
    model: Annotated[Path, typer.Argument(help="checkpoint or run folder")],
    repository: Annotated[str, typer.Argument(help="where to: owner/name; with --folder, the name in the card")],
    folder: Annotated[
        Path | None, typer.Option(help="write all that would be uploaded here, card and copies, and upload nothing")
    ] = None,
    scores: Annotated[
        Path | None, typer.Option(help="folder of memecap evaluate: its table stands in the card")
    ] = None,
    private: Annotated[bool, typer.Option(help="for you alone, if the repository is new")] = False,
    self_contained: Annotated[bool, typer.Option(help="copy the frozen models into the checkpoint too")] = False,
    trust_code: options.TrustCode = False,
    message: Annotated[str, typer.Option("--message", "-m", help="of the commit")] = "Upload a memecap checkpoint",
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Upload a checkpoint with its card, so that `--model owner/name` loads it anywhere.

    The token of `hf auth login`, or HF_TOKEN, must be allowed to write.
    """
    from memecap.checkpoints.push import check
    from memecap.checkpoints.push import push as upload

    if dry_run:
        check(model, scores, self_contained=self_contained)
        raise planned(
            "push", reads=[model, *([scores] if scores else [])], writes=[folder or repository], as_json=as_json
        )
    address = upload(
        model,
        repository,
        folder=folder,
        scores=scores,
        private=private,
        self_contained=self_contained,
        trust_code=trust_code,
        message=message,
    )
    tell({"address": address}, address, as_json)
