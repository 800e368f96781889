"""Describe Russian memes: the scene, and the text on the picture, quoted.

    import memecap
    captioner = memecap.load_captioner()          # no training: a scene sentence plus what was read
    print(captioner.caption("meme.jpg").text)

Importing memecap does not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memecap.inference.pipeline import load_captioner
    from memecap.modeling.outputs import Caption

__version__ = "0.1.0"
__all__ = ["Caption", "__version__", "load_captioner"]


def __getattr__(name: str) -> Any:
    if name == "Caption":
        from memecap.modeling.outputs import Caption

        return Caption
    if name == "load_captioner":
        from memecap.inference.pipeline import load_captioner

        return load_captioner
    raise AttributeError(f"module 'memecap' has no attribute {name!r}")
