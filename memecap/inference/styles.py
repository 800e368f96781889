"""How captions are worded: plain, as the captioner writes, or as alt text for those who hear it."""

from __future__ import annotations

from typing import Literal, cast, get_args

from memecap.captioners.base import Captioner
from memecap.errors import UsageError
from memecap.modeling.outputs import Caption
from memecap.reading.base import Reading

Style = Literal["plain", "alt"]


def choose(name: str) -> Style:
    """The style of that name. Raises `UsageError` with the names there are."""
    if name not in get_args(Style):
        raise UsageError(f"no style {name!r}", where="--style", fix=f"There are: {', '.join(get_args(Style))}.")
    return cast("Style", name)


def worded(captioner: Captioner, caption: Caption, reading: Reading | None, style: Style) -> Caption:
    """A caption of that captioner in a style."""
    return captioner.alt(caption, reading) if style == "alt" and caption.error is None else caption
