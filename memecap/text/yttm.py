"""ruCLIP's and RuDOLPH's tokenizer: YouTokenToMe's `bpe.model`, read and written as plain text; in lower case.

In: sentences. Out: ids; padding 0, unknown 1, start 2, end 3 in the published models.
Source: VKCOM/YouTokenToMe bpe.cpp (file format, order of merges), ai-forever/ru-clip processor.py (frame of a text).
The file is `n_chars n_rules`, then `codepoint id`, then `left right new`, then `unk pad bos eos`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from memecap.core import storage
from memecap.errors import DataError, MissingFileError

SPACE = "\u2581"  # begins every word
_SPACES = re.compile(f"[ \t\n\v\f\r{SPACE}]+")  # C's isspace and the mark itself; a no-break space is a letter


@dataclass(frozen=True)
class YttmBPE:
    """The rules of a `bpe.model`. Two rules may spell the same string, so merging goes by ids, not by strings."""

    characters: dict[str, int]
    rules: tuple[tuple[int, int, int], ...]  # left, right, new: earlier rules go first
    unknown_id: int = 1
    pad_id: int = 0
    start_id: int = 2
    end_id: int = 3

    @cached_property
    def _ranks(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Of two rules for one pair the earlier."""
        rules = list(enumerate(self.rules))
        return {(left, right): (rank, new) for rank, (left, right, new) in reversed(rules)}

    @cached_property
    def _pieces(self) -> dict[int, str]:
        """What each id spells."""
        pieces = {i: character for character, i in self.characters.items()}
        for left, right, new in self.rules:
            pieces[new] = pieces.get(left, "") + pieces.get(right, "")
        return pieces

    @classmethod
    def read(cls, path: Path) -> YttmBPE:
        """Raises `MissingFileError`, or `DataError` when the file is not a YouTokenToMe model."""
        try:
            numbers = [int(word) for word in path.read_text(encoding="ascii").split()]
            n_characters, n_rules = numbers[:2]
            ends = 2 + 2 * n_characters, 2 + 2 * n_characters + 3 * n_rules
            pairs, triples = numbers[2 : ends[0]], numbers[ends[0] : ends[1]]
            unknown, pad, start, end = numbers[ends[1] :]
        except FileNotFoundError as error:
            raise MissingFileError("no such file", where=path, fix="Check the model's folder.") from error
        except (ValueError, UnicodeDecodeError) as error:
            fix = "Expected ruCLIP's bpe.model; fetch it again."
            raise DataError("not a YouTokenToMe model", where=path, fix=fix) from error
        return cls(
            characters={chr(code): i for code, i in zip(pairs[::2], pairs[1::2], strict=True)},
            rules=tuple(zip(triples[::3], triples[1::3], triples[2::3], strict=True)),
            unknown_id=unknown,
            pad_id=pad,
            start_id=start,
            end_id=end,
        )

    def write(self, path: Path) -> None:
        lines = [f"{len(self.characters)} {len(self.rules)}"]
        lines += [f"{ord(character)} {i}" for character, i in self.characters.items()]
        lines += [f"{left} {right} {new}" for left, right, new in self.rules]
        lines.append(f"{self.unknown_id} {self.pad_id} {self.start_id} {self.end_id}")
        storage.write_text(path, "\n".join(lines) + "\n")

    @property
    def size(self) -> int:
        """How many ids there are, the four special ones included."""
        return 4 + len(self.characters) + len(self.rules)

    def encode(self, text: str) -> list[int]:
        """Ids without start and end. ASCII's six spaces and U+2581 part words, as in the original; no others do."""
        return [i for word in _SPACES.split(text) if word for i in self._merge(self._spell(SPACE + word))]

    def decode(self, ids: Sequence[int]) -> str:
        """Text; ids that stand for no piece are dropped."""
        return "".join(self._pieces.get(i, "") for i in ids).replace(SPACE, " ").strip(" ")

    def frame(self, texts: Sequence[str], length: int) -> list[list[int]]:
        """Lower-cased texts as rows of `length` ids: start, text cut to fit, end, padding."""
        rows = []
        for text in texts:
            ids = [self.start_id, *self.encode(text.lower())[: length - 2], self.end_id]
            rows.append(ids + [self.pad_id] * (length - len(ids)))
        return rows

    def _spell(self, word: str) -> list[int]:
        ids: list[int] = []
        before = True
        for character in word:
            known = character in self.characters
            if known or before:  # a run of unknown characters is one unknown id
                ids.append(self.characters.get(character, self.unknown_id))
            before = known
        return ids

    def _merge(self, ids: list[int]) -> list[int]:
        never = (len(self.rules), -1)
        while len(ids) > 1:
            found = [self._ranks.get(pair, never) for pair in pairwise(ids)]
            if (first := min(found)) == never:
                break
            best = found.index(first)
            ids[best : best + 2] = [first[1]]
        return ids


@dataclass(frozen=True)
class YttmTokenizer:
    """The tokenizer of a captioner: lower case, as the published models have learnt it."""

    bpe: YttmBPE

    @classmethod
    def from_folder(cls, folder: Path) -> YttmTokenizer:
        return cls(YttmBPE.read(folder / "bpe.model"))

    @property
    def size(self) -> int:
        return self.bpe.size

    @property
    def start_id(self) -> int:
        return self.bpe.start_id

    @property
    def end_id(self) -> int:
        return self.bpe.end_id

    def encode(self, text: str) -> list[int]:
        return self.bpe.encode(text.lower())

    def decode(self, ids: Sequence[int]) -> str:
        return self.bpe.decode(ids)

    def save(self, folder: Path) -> None:
        self.bpe.write(folder / "bpe.model")
