"""memecap adopt: checkpoints of ClipCap and its kin as checkpoints of memecap."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app

_EXAMPLE = "Example: memecap adopt coco_weights.pt --out output/clipcap_coco"
_ENCODERS = ("clip", "ruclip")


@app.command(epilog=_EXAMPLE)
def adopt(
    weights: Annotated[
        Path, typer.Argument(help="a .pt of rmokady/CLIP_prefix_caption or of what was made from it, either mapper")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder of the checkpoint to write")],
    encoder: Annotated[
        str, typer.Option(help="what it was trained on: clip:MODEL or ruclip:MODEL, a folder or Hub id")
    ] = "clip:openai/clip-vit-base-patch32",
    decoder: Annotated[
        str, typer.Option(help="the GPT-2 or ruGPT it began from, a folder or Hub id")
    ] = "openai-community/gpt2",
    normalize: Annotated[bool, typer.Option(help="image vectors were brought to length one before the mapper")] = False,
    stop: Annotated[
        str, typer.Option(help="what ends a caption: . as in ClipCap, <|endoftext|>, or none: the decoder's end alone")
    ] = ".",
    self_contained: Annotated[bool, typer.Option(help="copy the image encoder into the checkpoint too")] = False,
) -> None:
    """Turn an original ClipCap checkpoint into one that `memecap caption`, `evaluate` and `train` take."""
    from memecap.checkpoints import checkpoint, original_clipcap
    from memecap.core.progress import say

    captioner = original_clipcap.read(
        weights, encoder=_encoder(encoder), decoder=decoder, normalize=normalize, stop=None if stop == "none" else stop
    )
    checkpoint.save(captioner, out, self_contained=self_contained)
    say(f"written: {out}")


def _encoder(text: str) -> dict[str, str]:
    """`ruclip:MODEL` → settings; a model alone is a CLIP."""
    name, colon, model = text.partition(":")
    return {"name": name, "model": model} if colon and name in _ENCODERS else {"name": "clip", "model": text}
