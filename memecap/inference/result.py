"""Result: what became of one picture, as `memecap caption` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memecap.modeling.outputs import Caption


@dataclass(frozen=True, slots=True)
class Result:
    """One picture's captions, or the reason there is none."""

    source: str
    model: str
    candidates: tuple[Caption, ...] = ()  # all that were found, best first
    error: str | None = None

    @classmethod
    def of(cls, source: str, model: str, captions: Sequence[Caption]) -> Result:
        """What a captioner gave: its candidates, or the error that it names."""
        error = captions[0].error if captions else None
        return cls(source, model, tuple(captions)) if error is None else cls(source, model, error=error.what)

    @property
    def caption(self) -> Caption | None:
        """The best of the candidates."""
        return self.candidates[0] if self.candidates else None

    def to_json(self) -> dict[str, Any]:
        """The record of `memecap caption --json`."""
        caption = self.caption.to_json() if self.caption else {}
        return {
            "file": self.source,
            "caption": caption.get("text"),
            "reading": caption.get("reading"),
            "quotes": caption.get("quotes", ()),
            "source": caption.get("source"),
            "log_probability": caption.get("log_probability"),
            "score": caption.get("score"),
            "candidates": [
                {"caption": one.text, "score": one.score, "log_probability": one.log_probability}
                for one in self.candidates
            ],
            "model": self.model,
            "seconds": round(caption.get("seconds") or 0.0, 4),
            "error": self.error,
        }


def certain(caption: Caption) -> Caption:
    """The caption. Raises its `error`, where there is none."""
    if caption.error is not None:
        raise caption.error
    return caption
