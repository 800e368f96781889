"""Describe Russian memes: the scene, and the text on the picture, quoted.

    import memecap
    captioner = memecap.load_captioner()          # no training: a scene sentence plus what was read
    print(captioner.caption("meme.jpg").text)

Importing memecap imports neither torch nor anything else that is large: what is asked for brings it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from memecap.core import defaults

if TYPE_CHECKING:
    from memecap.captioners.base import Captioner
    from memecap.core.manifest import Corpus
    from memecap.inference.load import load_captioner
    from memecap.modeling.outputs import Caption
    from memecap.pictures.safe_open import PictureSource
    from memecap.quoting.quote import Quote
    from memecap.reading.base import Reading

__version__ = "0.1.0"
__all__ = [
    "Caption", "Quote", "__version__", "evaluate", "load_captioner", "open_corpus", "read", "score", "train",
]  # fmt: skip
_LAZY = {
    "Caption": "memecap.modeling.outputs",
    "Quote": "memecap.quoting.quote",
    "load_captioner": "memecap.inference.load",
}


@overload
def read(
    pictures: list[PictureSource] | tuple[PictureSource, ...], reader: str = defaults.READER, **settings: Any
) -> list[Reading]: ...
@overload
def read(pictures: PictureSource, reader: str = defaults.READER, **settings: Any) -> Reading: ...
def read(pictures: Any, reader: str = defaults.READER, **settings: Any) -> Reading | list[Reading]:
    """The text on a picture (path, bytes, PIL image, array), or on each of a list or tuple of them.

    Args:
        reader: a name of `memecap parts reading`.
        settings: of that reader.

    Raises:
        MemecapError: a picture cannot be opened, or the reader's program or model is not there.
    """
    from memecap.core import config
    from memecap.pictures.safe_open import open_picture

    part = config.build("reading", {"name": reader, **settings})
    several = isinstance(pictures, list | tuple)
    found: list[Reading] = part.read([open_picture(picture) for picture in (pictures if several else [pictures])])
    return found if several else found[0]


def open_corpus(folder: str | Path) -> Corpus:
    """A finished corpus: its counts, and `rows(split)`. Raises `MissingFileError` where there is none."""
    from memecap.core import manifest

    return manifest.open_corpus(Path(folder))


def train(config: str | Path, out: str | Path | None = None, overrides: Sequence[str] = ()) -> Path:
    """Train what a YAML says; returns the run folder, which `load_captioner` takes. A stopped run goes on.

    Args:
        out: the run folder; output/<name of the YAML> when None.
        overrides: such as `stages.0.lr=1e-4`.

    Raises:
        MemecapError: the YAML or the corpora are not as they should be, or a run with other settings stands there.
    """
    from memecap.core.config import load
    from memecap.training.config import TrainConfig
    from memecap.training.run import train as run

    path = Path(config)
    return run(load(TrainConfig, path, overrides), Path(out) if out is not None else Path("output") / path.stem)


def evaluate(
    model: str | Path | Captioner, corpus: str | Path, out: str | Path, **options: Any
) -> list[dict[str, Any]]:
    """Caption a split, score it beside its floors; returns the records of `scores.json`, the captioner's first.

    Args:
        options: those of `memecap.evaluation.evaluate.evaluate`, such as `split="test"`.
    """
    from memecap.evaluation.evaluate import evaluate as run

    return run(model, Path(corpus), Path(out), **options)


def score(
    captions: Sequence[str], references: Sequence[Sequence[str]], preset: str = "ru-words", **options: Any
) -> Mapping[str, float]:
    """Scores of captions, each against its references, by name.

    Args:
        options: those of `memecap.scoring.score.measure`, such as `every=True`.

    Raises:
        DataError: rows that do not pair up, or texts that cannot be scored.
    """
    from memecap.scoring.score import measure

    return measure(captions, references, preset, **options).scores


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'memecap' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
