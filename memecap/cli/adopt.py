"""memecap adopt: ClipCap's own checkpoints as checkpoints of memecap."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app

_EXAMPLE = "Example: memecap adopt coco_weights.pt --out output/clipcap_coco"


@app.command(epilog=_EXAMPLE)
def adopt(
    weights: Annotated[Path, typer.Argument(help="a .pt of rmokady/CLIP_prefix_caption, with either mapper")],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder of the checkpoint to write")],
    encoder: Annotated[str, typer.Option(help="the CLIP it was trained on, a folder or Hub id")] = (
        "openai/clip-vit-base-patch32"
    ),
    decoder: Annotated[str, typer.Option(help="the GPT-2 it began from, a folder or Hub id")] = "openai-community/gpt2",
    normalize: Annotated[bool, typer.Option(help="it was trained with --normalize_prefix")] = False,
    self_contained: Annotated[bool, typer.Option(help="copy the image encoder into the checkpoint too")] = False,
) -> None:
    """Turn an original ClipCap checkpoint into one that `memecap caption`, `evaluate` and `train` take."""
    from memecap import checkpoint
    from memecap.captioners import _original_clipcap
    from memecap.progress import say

    captioner = _original_clipcap.read(
        weights, encoder={"name": "clip", "model": encoder}, decoder=decoder, normalize=normalize
    )
    checkpoint.save(captioner, out, self_contained=self_contained)
    say(f"written: {out}")
