"""Byte-level BPE: learnt from captions, or that of a pretrained model; text ↔ ids, nothing unknown, nothing lost.

In: captions, or a folder with `tokenizer.json`, or `vocab.json` and `merges.txt`. Out: a `Tokenizer`.
Source: Sennrich et al., arXiv 1508.07909, on bytes as in GPT-2; the work is done by Hugging Face `tokenizers`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import ByteLevelBPETokenizer, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from memecap.core import storage
from memecap.errors import DataError, MemecapError, MissingFileError

END = "<|endoftext|>"
_END_TOKENS = (END, "</s>", "<|im_end|>", "<|end_of_text|>", "<eos>", "[SEP]")


class BPE:
    """A `Tokenizer` (see base.py) around one of Hugging Face's; `end_token` must be in its vocabulary."""

    def __init__(self, backend: Backend, *, end_token: str) -> None:
        if (end_id := backend.token_to_id(end_token)) is None:
            fix = "Name the end token in the model's tokenizer_config.json (eos_token)."
            raise DataError(f"the vocabulary has no end token {end_token!r}", where="tokenizer", fix=fix)
        backend.encode_special_tokens = True  # a special token's name met in a text is text
        self.backend = backend
        self.end_token = end_token
        self.end_id = int(end_id)
        self.size = int(backend.get_vocab_size(with_added_tokens=True))

    @classmethod
    def learn(cls, texts: Iterable[str], *, vocab_size: int, marks: Sequence[str] = ()) -> BPE:
        """At most `vocab_size` ids, bytes, end and marks at least; the same texts give the same tokenizer.

        `marks` are names of ids that stand for no text: `mark_id` finds them, `encode` never gives them.
        """
        backend = Backend(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=max(vocab_size, 257 + len(marks)),
            special_tokens=[END, *marks],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        backend.train_from_iterator(texts, trainer)
        return cls(backend, end_token=END)

    @classmethod
    def from_folder(cls, folder: Path) -> BPE:
        """The tokenizer of a pretrained model's folder, or one saved by `save`.

        Raises:
            MissingFileError: no tokenizer there.
            DataError: no end token can be found.
        """
        backend = _backend(folder)
        return cls(backend, end_token=_end_token(folder, backend))

    def mark_id(self, mark: str) -> int:
        """The id of a mark given to `learn`. Raises `DataError` where there is none."""
        found = self.backend.token_to_id(mark)
        if found is None:
            raise DataError(f"the vocabulary has no mark {mark!r}", where="tokenizer", fix="Train the captioner again.")
        return int(found)

    def named(self, token: str) -> list[int]:
        """The id of an end token by its name, which `encode` takes for text; empty where it is none."""
        found = self.backend.token_to_id(token) if token in _END_TOKENS else None
        return [] if found is None else [int(found)]

    def encode(self, text: str) -> list[int]:
        return list(self.backend.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int], *, strip: bool = True) -> str:
        text = str(self.backend.decode([i for i in ids if i != self.end_id], skip_special_tokens=True))
        return text.strip() if strip else text

    def save(self, folder: Path) -> None:
        storage.write_text(folder / "tokenizer.json", self.backend.to_str(pretty=True))
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": self.end_token}
        storage.write_json(folder / "tokenizer_config.json", config)


def _backend(folder: Path) -> Backend:
    try:
        if (folder / "tokenizer.json").exists():
            return Backend.from_file(str(folder / "tokenizer.json"))
        vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
        if vocabulary.exists() and merges.exists():
            if not merges.stat().st_size:
                raise DataError("no merges in it", where=merges, fix="Fetch the model again.")
            made = ByteLevelBPETokenizer.from_file(str(vocabulary), str(merges), add_prefix_space=False)
            return Backend.from_str(made.to_str())
    except MemecapError:
        raise
    except Exception as error:  # tokenizers raises nothing more exact
        raise DataError(f"broken tokenizer: {error}", where=folder, fix="Save or fetch the model again.") from error
    what = "no tokenizer there: expected tokenizer.json, or vocab.json and merges.txt"
    fix = "Check that the folder holds a causal language model with its tokenizer."
    raise MissingFileError(what, where=folder, fix=fix)


def _end_token(folder: Path, backend: Backend) -> str:
    """What the model's files call its end token, or the usual names: older GPT-2 folders say nothing."""
    files = [folder / name for name in ("tokenizer_config.json", "special_tokens_map.json")]
    said = [storage.read_json(path) for path in files if path.exists()]
    named: list[Any] = [settings.get("eos_token") for settings in said if isinstance(settings, dict)]
    given = [token.get("content") if isinstance(token, dict) else token for token in named]
    candidates = [token for token in given if isinstance(token, str)]
    for token in (*candidates, *_END_TOKENS):
        if backend.token_to_id(token) is not None:
            return str(token)
    tried = json.dumps([*candidates, *_END_TOKENS], ensure_ascii=False)
    raise DataError(f"no end token: tried {tried}", where=folder, fix="Name it as eos_token in tokenizer_config.json.")
