"""A captioner ready to use, from a checkpoint, a name or a YAML: what `memecap.load_captioner` is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from memecap.captioners.base import Captioner
from memecap.core import config, defaults
from memecap.core.device import choose as choose_device
from memecap.decoding.base import Search
from memecap.inference.described import open_model
from memecap.inference.pipeline import Pipeline
from memecap.inference.precision import Precision
from memecap.inference.ranking import Ranking
from memecap.inference.remembering import open_memory
from memecap.inference.styles import Style

if TYPE_CHECKING:
    from memecap.memory.memory import Memory


def load_captioner(
    model: str | Path | Captioner | None = None,
    *,
    reader: Any = defaults.READER,
    memory: str | Path | Memory | None = None,
    decoding: Search | None = None,
    ranking: Ranking | None = None,
    precision: Precision = "fp32",
    style: Style = "plain",
    device: str | None = None,
    trust_code: bool = False,
) -> Pipeline:
    """A captioner ready to use.

    Args:
        model: a checkpoint folder, a run folder of `memecap train`, a Hub id (`owner/name@revision` pins it), a YAML
            of a captioner that needs no training, or a captioner that is loaded already; `remember`, which retells what
            a memory knows; None: `template`. The last two need no training.
        memory: the folder of a memory (`memecap memory`) that is asked about each picture, or the memory itself.
        reader: a reader's name or settings (see `memecap parts reading`), or None: no text is read.
        ranking: how the candidates of the decoding are ordered; None: as the decoding does.
        precision: bf16 is the faster and rounds products to 8 bits, so some captions differ from those of fp32.
        style: plain, as the captioner writes; alt: as a screen reader reads it out, doubt put into words.
        device: cpu, cuda, mps …; the best there is when None.
        trust_code: import the modules outside the package that the checkpoint names; importing runs them.

    Raises:
        UsageError: no such device here, or the checkpoint names such modules and `trust_code` is not set.
        MissingFileError, DataError: the folder is not a checkpoint.
        ServiceError: the model or the reader's program cannot be had.
    """
    place = choose_device(device)
    model, name = (model, None) if isinstance(model, Captioner) else open_model(model, trust_code=trust_code)
    return Pipeline(
        model,
        config.build("reading", reader) if reader is not None else None,
        memory=open_memory(memory),
        name=name,
        decoding=decoding,
        ranking=ranking,
        precision=precision,
        style=style,
        device=place,
    )
