"""memecap adopt: checkpoints of ClipCap and its kin, and of RuDOLPH, as checkpoints of memecap."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import tell
from memecap.errors import MissingFileError

_EXAMPLE = "Example: memecap adopt coco_weights.pt --out output/clipcap_coco"
_GPT2 = "openai-community/gpt2"
#: encoder → what its captions are written with unless the user says
_DECODERS = {"clip": _GPT2, "ruclip": _GPT2, "vqgan": "shonenkov/rudalle-utils"}


@app.command(epilog=_EXAMPLE)
def adopt(
    weights: Annotated[
        Path,
        typer.Argument(help="a .pt of rmokady/CLIP_prefix_caption or its kin; or weights of RuDOLPH"),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder of the checkpoint to write")],
    encoder: Annotated[
        str, typer.Option(help="what it was trained on: clip:MODEL, ruclip:MODEL, vqgan:MODEL, a folder or Hub id")
    ] = "clip:openai/clip-vit-base-patch32",
    decoder: Annotated[
        str | None,
        typer.Option(help="the GPT-2 or ruGPT it began from, or for RuDOLPH where bpe.model is, a folder or Hub id"),
    ] = None,
    normalize: Annotated[bool, typer.Option(help="image vectors were brought to length one before the mapper")] = False,
    stop: Annotated[
        str, typer.Option(help="what ends a caption: . as in ClipCap, <|endoftext|>, or none: the decoder's end alone")
    ] = ".",
    self_contained: Annotated[bool, typer.Option(help="copy the image encoder into the checkpoint too")] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Turn an original ClipCap or RuDOLPH into a checkpoint that `memecap caption`, `evaluate` and `train` take.

    Weights behind a VQGAN (--encoder vqgan:MODEL) are RuDOLPH's; --normalize and --stop are of ClipCap.
    """
    from memecap.checkpoints import checkpoint, original_clipcap, original_rudolph

    seeing = _encoder(encoder)
    writing = decoder or _DECODERS[seeing["name"]]
    if dry_run:
        if not weights.exists():
            raise MissingFileError("no such file", where=weights, fix="Check the path.")
        raise planned("adopt", reads=[weights, seeing["model"], writing], writes=[out], as_json=as_json)
    if seeing["name"] == "vqgan":
        captioner = original_rudolph.read(weights, encoder=seeing, tokenizer=writing)
    else:
        ends = None if stop == "none" else stop
        captioner = original_clipcap.read(weights, encoder=seeing, decoder=writing, normalize=normalize, stop=ends)
    checkpoint.save(captioner, out, self_contained=self_contained)
    tell({"checkpoint": str(out)}, out, as_json)


def _encoder(text: str) -> dict[str, str]:
    """`ruclip:MODEL` → settings; a model alone is a CLIP."""
    name, colon, model = text.partition(":")
    return {"name": name, "model": model} if colon and name in _DECODERS else {"name": "clip", "model": text}
