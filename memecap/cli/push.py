"""memecap push: a checkpoint to the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options


@app.command(epilog="Example: memecap push output/memes_read someone/memes-read --private")
def push(
    model: Annotated[Path, typer.Argument(help="checkpoint or run folder")],
    repository: Annotated[str, typer.Argument(help="where to: owner/name")],
    scores: Annotated[
        Path | None, typer.Option(help="folder of memecap evaluate: its table stands in the card")
    ] = None,
    private: Annotated[bool, typer.Option(help="for you alone, if the repository is new")] = False,
    self_contained: Annotated[bool, typer.Option(help="copy the frozen models into the checkpoint too")] = False,
    trust_code: options.TrustCode = False,
    message: Annotated[str, typer.Option("--message", "-m", help="of the commit")] = "Upload a memecap checkpoint",
) -> None:
    """Upload a checkpoint with its card, so that `--model owner/name` loads it anywhere.

    The token of `hf auth login`, or HF_TOKEN, must be allowed to write.
    """
    from memecap.checkpoints.push import push as upload

    address = upload(
        model,
        repository,
        scores=scores,
        private=private,
        self_contained=self_contained,
        trust_code=trust_code,
        message=message,
    )
    typer.echo(address)
