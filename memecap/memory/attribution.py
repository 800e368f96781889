"""Attribution: whose words a caption retells, since a remembered description is somebody's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from memecap.memory.recollection import Recollection


@dataclass(frozen=True, slots=True)
class Attribution:
    """The row that a caption's words outside quotes come from."""

    #: what joined the two: the same picture, or no more than a text that is alike
    by: Literal["picture", "text"]
    caption: str  # as it was remembered
    image_id: str
    corpus: str
    confidence: float  # 0..1, that it is the same picture
    inliers: int
    written_by: str  # person, correction, or the name of a model
    link: str
    licence: str

    @classmethod
    def of(cls, found: Recollection, caption: str) -> Attribution:
        return cls(
            by="picture" if found.inliers else "text",
            caption=caption,
            image_id=found.image_id,
            corpus=found.corpus,
            confidence=found.confidence,
            inliers=found.inliers,
            written_by=found.written_by,
            link=found.source_url,
            licence=found.licence,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
