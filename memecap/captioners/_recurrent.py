"""What the recurrent captioners share: settings, vocabulary, word embeddings, examples, captions from ids.

V words, E the embeddings' width, C = B · candidates captions, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from memecap.batching import Example
from memecap.captioners import _generation, _quotes
from memecap.captioners.base import Caption
from memecap.config import EncoderConfig, Frozen, PartConfig
from memecap.reading.base import Reading
from memecap.text import _navec
from memecap.text.words import UNKNOWN_ID, Words


class Embeddings(Frozen):
    """Word vectors: new ones of a width, or navec's 300."""

    width: int = Field(512, ge=1, description="of new vectors; navec's are 300 wide")
    navec: bool = Field(False, description="begin from navec's vectors")
    navec_file: Path | None = Field(None, description="a navec .tar; none: the one in the natasha package")
    frozen: bool = Field(False, description="whether the vectors stay as they are")


class RecurrentConfig(PartConfig):
    """Settings that the recurrent captioners have in common."""

    encoder: EncoderConfig = Field(description="the image encoder")
    train_encoder: bool = Field(False, description="whether the encoder is fine-tuned too")
    width: int = Field(512, ge=1, description="of the LSTM's state")
    embeddings: Embeddings = Field(default_factory=lambda: Embeddings())
    dropout: float = Field(0.5, ge=0, lt=1)
    min_count: int = Field(3, ge=1, description="rarer words of the training captions are left out")
    max_words: int = Field(100, ge=1, description="a caption to learn is cut there")


def learn_words(config: RecurrentConfig, texts: Iterable[str]) -> Words:
    """The vocabulary of training captions; where the threshold leaves none, all words."""
    kept = list(texts)
    words = Words.learn(kept, min_count=config.min_count)
    return words if words.size > 2 else Words.learn(kept)


def embedding(config: Embeddings, words: Words, *, filled: bool) -> nn.Embedding:
    """The table [V E]; `filled` with navec's vectors for training, empty when a checkpoint is about to be loaded."""
    if not config.navec:
        table = nn.Embedding(words.size, config.width)
    elif filled:
        vectors, _ = _navec.vectors(words.words, config.navec_file)
        table = nn.Embedding(vectors.shape[0], vectors.shape[1], _weight=vectors)
    else:
        table = nn.Embedding(words.size, 300)
    table.weight.requires_grad_(not config.frozen)
    return table


def example(words: Words, config: RecurrentConfig, caption: str, image: Tensor | None) -> Example:
    return Example(token_ids=[*words.encode(caption)[: config.max_words], words.end_id], image=image)


def forbid_unknown(logits: Float[Tensor, "... V"]) -> Float[Tensor, "... V"]:
    """No caption says that a word is missing."""
    logits = logits.clone()
    logits[..., UNKNOWN_ID] = float("-inf")
    return logits


def captions(
    words: Words, ids: Int[Tensor, "C T"], scores: Float[Tensor, " C"], readings: Sequence[Reading | None]
) -> list[list[Caption]]:
    """Candidates of each picture, in the decoder's order."""
    n = len(ids) // len(readings)
    found: list[list[Caption]] = []
    for i, reading in enumerate(readings):
        found.append([])
        for row, score in zip(ids[i * n : (i + 1) * n], scores[i * n : (i + 1) * n], strict=True):
            cut, finished = _generation.cut(row, words.end_id)
            text = words.decode(cut)
            found[-1].append(Caption(text, _quotes.find(text, reading), float(score), finished))
    return found
