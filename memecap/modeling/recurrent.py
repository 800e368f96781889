"""What the recurrent captioners share: settings, vocabulary, word embeddings, the picture's tokens, captions from ids.

V words, E the embeddings' width, C = B · candidates captions, T tokens, B pictures of N tokens of width D.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from memecap.core.config import EncoderConfig, Frozen, PartConfig
from memecap.core.progress import say
from memecap.encoders.base import ImageEncoder
from memecap.modeling import line_reader
from memecap.modeling.batch import Example, ImageInput, Images
from memecap.modeling.outputs import Caption, cut
from memecap.quoting import matching
from memecap.reading.base import Reading
from memecap.text import navec as _navec
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
    train_encoder: bool = Field(False, description="whether the encoder is fine-tuned too (encoder_lr is its rate)")
    width: int = Field(512, ge=1, description="of the LSTM's state")
    embeddings: Embeddings = Field(default_factory=lambda: Embeddings())
    dropout: float = Field(0.5, ge=0, lt=1)
    min_count: int = Field(3, ge=1, description="rarer words of the training captions are left out")
    max_words: int = Field(100, ge=1, description="a caption to learn is cut there; one that is cut has no end")
    reading: bool = Field(
        False, description="whether it is told of the lines that were read, and quotes them as slots; not in the paper"
    )
    max_lines: int = Field(24, ge=1, le=96, description="lines that can be quoted")


def learn_words(config: RecurrentConfig, texts: Iterable[str]) -> Words:
    """The vocabulary of training captions; where the threshold leaves none, all words."""
    kept = list(texts)
    marks = line_reader.marks(config.max_lines) if config.reading else ()
    words = Words.learn(kept, min_count=config.min_count, marks=marks)
    if words.size > words.n_special or config.min_count == 1:
        return words
    say(f"no word is met min_count = {config.min_count} times in {len(kept)} training captions: all words are kept")
    return Words.learn(kept, marks=marks)


def embedding(config: Embeddings, words: Words, *, filled: bool) -> nn.Embedding:
    """The table [V E]; `filled` with navec's vectors for training, empty when a checkpoint is about to be loaded."""
    if not config.navec:
        table = nn.Embedding(words.size, config.width)
    elif filled:
        vectors, known = _navec.vectors(words.words, config.navec_file)
        n_special = words.n_special
        vectors[:n_special] = torch.randn_like(vectors[:n_special]) * vectors[known].std() if bool(known.any()) else 0.0
        table = nn.Embedding(vectors.shape[0], vectors.shape[1], _weight=vectors)
        n_unknown = int((~known[n_special:]).sum())
        if n_unknown:
            say(f"{n_unknown} of {words.size - n_special} words have no navec vector: they begin as its unknown word")
    else:
        table = nn.Embedding(words.size, _navec.WIDTH)
    table.weight.requires_grad_(not config.frozen)
    return table


def example(
    words: Words, config: RecurrentConfig, caption: str, image: ImageInput | None, reading: Reading | None
) -> Example:
    """A caption to learn: words, with slots for lines where the captioner reads; then the end, unless it was cut."""
    ids = line_reader.encode(words, caption, reading, config.max_lines) if config.reading else words.encode(caption)
    prompt = line_reader.prompt(words, reading, config.max_lines) if config.reading else []
    token_ids = [*ids, words.end_id] if len(ids) <= config.max_words else ids[: config.max_words]
    return Example(token_ids=token_ids, image=image, prompt_ids=prompt)


def tokens(encoder: ImageEncoder, images: Images, device: torch.device) -> Float[Tensor, "B N D"]:
    """What the captioner sees: cached features as they are, pixels through the encoder."""
    images = images.to(device)
    seen: Tensor = images.features if images.features is not None else encoder(images.tensor)
    return seen


def references(captioner: Any) -> dict[str, nn.Module]:
    """The encoder, unless it is fine-tuned."""
    return {} if captioner.config.train_encoder else {"encoder": captioner.encoder}


def save_references(captioner: Any, folder: Path) -> dict[str, Any]:
    """A tuned encoder's too: its weights are the checkpoint's own, its shape and its transform are not."""
    captioner.encoder.save(folder / "encoder")
    return {"encoder": {"model": "./encoder"}}


def keep_eval(encoder: ImageEncoder, *, trained: bool) -> None:
    """A frozen encoder stays in evaluation mode, and so do the batch norms of a trained one.

    Batches of captions are small and repeat their pictures: moving statistics would be spoilt by them.
    """
    if not trained:
        encoder.eval()
    for module in encoder.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def forbidden(words: Words, config: RecurrentConfig, readings: Sequence[Reading | None]) -> list[Any]:
    """Rules of the search: no caption says that a word is missing, slots are those of the lines there are."""
    return line_reader.rules(words, readings, config.max_lines) if config.reading else [Never([UNKNOWN_ID])]


class PictureNorm(nn.BatchNorm1d):
    """BatchNorm1d that takes one picture too, by the running statistics: an epoch's last batch may be as small.

    Source: Ioffe and Szegedy, arXiv 1502.03167.
    """

    def forward(self, vectors: Float[Tensor, "B E"]) -> Float[Tensor, "B E"]:
        if len(vectors) > 1:
            normalised: Tensor = super().forward(vectors)
            return normalised
        return nn.functional.batch_norm(
            vectors, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


class Never:
    """Ids that no caption holds, as a rule (new ids [C t], scores [C V]) → scores."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        scores = scores.clone()
        scores[:, self.ids] = float("-inf")
        return scores


def captions(
    words: Words,
    config: RecurrentConfig,
    ids: Int[Tensor, "C T"],
    scores: Float[Tensor, " C"],
    readings: Sequence[Reading | None],
) -> list[list[Caption]]:
    """Candidates of each picture, in the decoder's order."""
    n = len(ids) // len(readings)
    found: list[list[Caption]] = []
    for i, reading in enumerate(readings):
        found.append([])
        for row, score in zip(ids[i * n : (i + 1) * n], scores[i * n : (i + 1) * n], strict=True):
            kept, finished = cut(row, words.end_id)
            if config.reading:
                text, quotes = line_reader.decode(words, kept, reading, config.max_lines)
            else:
                text = words.decode(kept)
                quotes = matching.find(text, reading)
            found[-1].append(Caption(text, quotes, float(score), finished, token_ids=tuple(kept)))
    return found
