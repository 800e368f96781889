"""Models of transformers run by CTranslate2: conversion on first use, and the translation of tokens.

Source: the converter and the inference options of OpenNMT/CTranslate2.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from razdel import sentenize

from memecap.core import hub, progress, storage
from memecap.core.config import PartConfig
from memecap.errors import DataError, ServiceError, StorageError

#: what is fetched of a model on the Hub: its settings, tokenizer and weights for PyTorch, nothing for other frameworks
FILES = ("*.json", "*.spm", "*.model", "*.safetensors", "pytorch_model*.bin", "model.bin", "shared_vocabulary.*")
_SUFFIXES = {".bin", ".safetensors", ".spm", ".model", ".json"}  # of the files that change a model's answers
Device = Literal["auto", "cpu", "cuda"]
Compute = Literal["auto", "int8", "int8_float16", "float16", "bfloat16", "float32"]


class EngineConfig(PartConfig):
    """What every engine on CTranslate2 can be told."""

    model: str = Field(description="a folder in the format of transformers or of CTranslate2, or a Hub id")
    revision: str | None = Field(None, description="commit, branch or tag on the Hub; the newest when absent")
    device: Device = Field("auto", description="auto: the GPU where CTranslate2 finds one")
    compute_type: Compute = Field("auto", description="auto: int8 on the CPU, float16 on the GPU")
    beam: int = Field(4, ge=1, description="hypotheses kept while decoding; 1 is greedy and about twice as fast")
    patience: float = Field(2.0, ge=1, description="finished hypotheses awaited, in beams; 1 may stop too early")
    batch_tokens: int = Field(2048, ge=1, description="source tokens in a batch")
    max_tokens: int = Field(200, ge=8, description="longest input in tokens; longer text goes sentence by sentence")
    threads: int = Field(0, ge=0, description="CPU threads, a batch each; 0: all cores (1 for each of several workers)")


def place(config: EngineConfig) -> tuple[str, str]:
    """The device and the type of numbers a configuration means on this machine."""
    import ctranslate2

    device: str = config.device
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    if config.compute_type != "auto":
        return device, config.compute_type
    return device, "int8" if device == "cpu" else "float16"


def convert(folder: Path, target: Path, compute: str) -> Path:
    """The folder of the converted model, made on first use; a folder already converted is its own answer.

    Raises:
        DataError: the folder holds no model that CTranslate2 can convert.
        StorageError: the cache folder cannot be written.
    """
    if (folder / "model.bin").is_file():
        return folder
    if target.is_dir():
        return target
    progress.say(f"converting {folder.name} for CTranslate2 ({compute}), once")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".converting-", dir=target.parent) as temporary:
            _run_converter(folder, Path(temporary) / "model", compute)
            (Path(temporary) / "model").rename(target)
    except OSError as error:
        if not target.is_dir():  # another process may have been faster: its folder is as good as ours
            fix = "Check the model's files, and the permissions and space of the cache folder."
            raise StorageError(f"the model cannot be converted: {error}", where=target, fix=fix) from error
    return target


def _run_converter(folder: Path, target: Path, compute: str) -> None:
    from ctranslate2.converters import TransformersConverter
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # transformers recommends sacremoses, and then does not use it
            TransformersConverter(str(folder)).convert(str(target), quantization=compute)
    except OSError:
        raise
    except Exception as error:
        what = f"CTranslate2 cannot convert the model: {type(error).__name__}: {error}"
        fix = "Give a Marian or NLLB model in the format of transformers."
        raise DataError(what, where=folder, fix=fix) from error


def split(text: str, encode: Callable[[str], list[str]], max_tokens: int) -> list[list[str]]:
    """The tokens of a text in pieces of at most `max_tokens`, cut between sentences where that is possible."""
    tokens = encode(text)
    if len(tokens) <= max_tokens:
        return [tokens] if tokens else []
    pieces: list[list[str]] = [[]]
    for sentence in sentenize(text):
        tokens = encode(sentence.text)
        if pieces[-1] and len(pieces[-1]) + len(tokens) > max_tokens:
            pieces.append([])
        pieces[-1] += tokens
        while len(pieces[-1]) > max_tokens:
            pieces[-1:] = [pieces[-1][:max_tokens], pieces[-1][max_tokens:]]
    return pieces


class Runner:
    """A converted model, loaded at the first batch and not before: a warm cache needs no model."""

    def __init__(self, config: EngineConfig, source: str, target: str) -> None:
        """Fetch the model; `source` and `target`: its SentencePiece files, which a local folder must hold too."""
        import sentencepiece

        self._config = config
        files = (source, target) if Path(config.model).is_dir() else FILES
        self.folder = hub.fetch(config.model, files, revision=config.revision)
        self._source, self._target = (
            sentencepiece.SentencePieceProcessor(model_file=str(self.folder / name)) for name in (source, target)
        )

    @cached_property
    def model(self) -> str:
        """Name and revision of the model, the same wherever its folder lies."""
        if self.folder.parent.name == "snapshots":
            return f"{self._config.model}@{self.folder.name[:12]}"
        paths = sorted(path for path in self.folder.iterdir() if path.suffix in _SUFFIXES)
        listed = "".join(f"{path.name} {storage.sha256_file(path)}\n" for path in paths)
        return f"{self.folder.resolve().name}@{storage.sha256_bytes(listed.encode())[:12]}"

    @property
    def version(self) -> str:
        """The model with everything that changes its answers."""
        _, compute = place(self._config)
        search = f"beam={self._config.beam} patience={self._config.patience:g} max_tokens={self._config.max_tokens}"
        return f"{self.model} {compute} {search}"

    def translate(self, sentences: Sequence[str], *, begin: Sequence[str], target: str = "") -> list[str]:
        """Translate text of any length: what is longer than `max_tokens` goes in pieces, and the pieces are joined.

        Args:
            begin: what stands before the tokens of each piece.
            target: the token that every translation is forced to begin with; none when empty.
        """
        cut = [split(sentence, self._encode, self._config.max_tokens) for sentence in sentences]
        # Without the end token a model repeats itself.
        translated = iter(self._run([[*begin, *piece, "</s>"] for pieces in cut for piece in pieces], target))
        return [" ".join(self._target.decode_pieces(next(translated)) for _ in pieces) for pieces in cut]

    def _encode(self, text: str) -> list[str]:
        tokens: list[str] = self._source.encode(text, out_type=str)
        return tokens

    def _run(self, tokens: list[list[str]], target: str) -> list[list[str]]:
        """The likeliest target tokens for each list of source tokens, in order."""
        # CTranslate2 sorts by length and cuts the batches itself.
        results = self._translator.translate_batch(
            tokens,
            target_prefix=[[target]] * len(tokens) if target else None,
            beam_size=self._config.beam,
            # With scores divided by length, four worse but shorter hypotheses would end the search before the best.
            patience=self._config.patience,
            batch_type="tokens",
            max_batch_size=self._config.batch_tokens,
            max_decoding_length=2 * self._config.max_tokens,
            disable_unk=True,
        )
        return [[token for token in result.hypotheses[0] if token != target] for result in results]

    @cached_property
    def _translator(self) -> Any:
        import ctranslate2

        device, compute = place(self._config)
        target = storage.cache_folder() / "ctranslate2" / f"{self.model.replace('/', '--')}-{compute}"
        converted = convert(self.folder, target, compute)
        try:
            return ctranslate2.Translator(
                str(converted),
                device=device,
                compute_type=compute,
                inter_threads=(self._config.threads or os.cpu_count() or 1) if device == "cpu" else 1,
                intra_threads=1 if device == "cpu" else 0,
            )
        except (RuntimeError, ValueError) as error:
            fix = "Remove that folder to convert the model again, or set another device or compute_type."
            raise ServiceError(f"CTranslate2 cannot load the model: {error}", where=converted, fix=fix) from error
