"""Tokenizer: text ↔ token ids, saved with the captioner it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """What a captioner needs of a tokenizer. Padding is a mask, so there is no padding id."""

    @property
    def size(self) -> int:
        """How many ids there are: 0 .. size - 1."""

    @property
    def end_id(self) -> int:
        """The id that ends every caption, covered by the loss."""

    def encode(self, text: str) -> list[int]:
        """Ids without any special token."""

    def decode(self, ids: Sequence[int]) -> str:
        """Text for people; special tokens are dropped."""

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files into a checkpoint folder."""
