"""memecap bench: what captioners cost on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, options
from memecap.cli.output import tell
from memecap.cli.pictures import check_any, expand
from memecap.core import defaults

if TYPE_CHECKING:
    from memecap.inference.benchmark import Cost


@app.command(epilog="Example: memecap bench output/memes_read memes/ --beside template --threads 1")
def bench(
    model: options.Model,
    targets: Annotated[list[str], typer.Argument(metavar="PICTURES...", help="pictures, folders, globs")],
    beside: Annotated[list[str] | None, typer.Option(help="another model to measure on the same pictures")] = None,
    revision: options.Revision = None,
    limit: Annotated[int, typer.Option(min=1, help="pictures at most")] = 20,
    reader: options.ReaderName = defaults.READER,
    reader_settings: options.ReaderSettings = None,
    decoding: options.Decoding = None,
    settings: options.DecodingSettings = None,
    precision: options.PrecisionName = "fp32",
    threads: Annotated[int | None, typer.Option(min=1, help="threads of torch; its own choice when not given")] = None,
    device: options.Device = None,
    as_json: options.JsonLines = False,
) -> None:
    """Measure what a captioner costs on this machine: seconds to load, seconds a picture, memory.

    Pictures go through one at a time, each model in a process of its own. Reading and captioning are timed apart,
    as medians over the pictures; memory is the highest resident memory of the process, without programs that a
    reader starts.
    """
    from memecap.core import device as devices
    from memecap.core import hub
    from memecap.decoding.base import choose
    from memecap.inference import benchmark
    from memecap.inference import precision as precisions

    pictures = [picture for picture in expand(targets) if isinstance(picture, Path)]
    check_any(pictures, targets)
    costs = benchmark.benchmark(
        [hub.pin(model, revision), *(beside or ())],
        pictures[:limit],
        reader=options.reader_settings(reader, reader_settings),
        decoding=choose(decoding, settings or ()),
        precision=precisions.choose(precision),
        device=devices.choose(device),
        n_threads=threads,
    )
    if not as_json:
        typer.echo(_line("model", "load s", "read s", "caption s", "memory MB", "device, decoding"))
    for cost in costs:
        tell(asdict(cost), _row(cost), as_json)


def _row(cost: Cost) -> str:
    memory = f"{cost.memory_bytes / 1e6:.0f}"
    if cost.gpu_memory_bytes is not None:
        memory += f" + {cost.gpu_memory_bytes / 1e6:.0f} GPU"
    seconds = (f"{cost.load_s:.2f}", f"{cost.read_s:.3f}", f"{cost.caption_s:.3f}")
    pictures = f"{cost.n_pictures} picture{'' if cost.n_pictures == 1 else 's'}"
    return _line(cost.model, *seconds, memory, f"{cost.device}, {cost.decoding}, {pictures}")


def _line(model: str, load: str, read: str, caption: str, memory: str, terms: str) -> str:
    return f"{model:28} {load:>8} {read:>8} {caption:>10} {memory:>10}  {terms}"
