"""A small but real Marian model, trained on given sentence pairs: what the embedded world translates with.

In: English sentences and their Russian translations. Out: a folder as OPUS-MT publishes them (config.json, weights,
source.spm, target.spm, vocab.json, …), which transformers loads and CTranslate2 converts.
Legend: B sentences, S source tokens, T target tokens, V vocabulary.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from torch import Tensor
from transformers import MarianConfig, MarianMTModel
from transformers.utils import logging

from memecap.core import storage

Pair = tuple[str, str]
_SPECIAL = ("</s>", "<unk>")  # ids 0 and 1, as in every Marian vocabulary; <pad> is the last
_IGNORED = -100


def train_marian(
    pairs: Sequence[Pair],
    folder: Path,
    *,
    steps: int = 1200,
    batch_size: int = 48,
    lr: float = 4e-3,
    width: int = 64,
    n_layers: int = 1,
    n_pieces: int = 300,
    stop_loss: float = 0.006,
    seed: int = 0,
) -> float:
    """Train a Marian model on (source, target) pairs and write it to `folder`; returns the loss it ends with.

    Pieces of `n_pieces` at most are learnt for each language. Training stops early once the running loss is below
    `stop_loss` (nats per token). Equal arguments give equal weights on one machine and number of threads.
    """
    torch.manual_seed(seed)
    source_spm = train_pieces([source for source, _ in pairs], n_pieces)
    target_spm = train_pieces([target for _, target in pairs], n_pieces)
    source, target = (sentencepiece.SentencePieceProcessor(model_proto=spm) for spm in (source_spm, target_spm))
    vocabulary = make_vocabulary(source, target)
    encoded = [_encode(pair, source, target, vocabulary) for pair in pairs]
    model = make_model(vocabulary, width=width, n_layers=n_layers)
    loss = _fit(model, encoded, steps=steps, batch_size=batch_size, lr=lr, stop_loss=stop_loss, seed=seed)
    save_marian(model, vocabulary, source_spm, target_spm, folder)
    return loss


def train_pieces(sentences: Sequence[str], n_pieces: int) -> bytes:
    """A sentencepiece model, as its file's bytes."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=written,
        vocab_size=n_pieces,
        hard_vocab_limit=False,  # a small world may have fewer pieces
        character_coverage=1.0,
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return written.getvalue()


def make_vocabulary(*processors: Any) -> dict[str, int]:
    """Piece → id for both languages together."""
    pieces: dict[str, None] = dict.fromkeys(_SPECIAL)
    for processor in processors:
        pieces |= dict.fromkeys(processor.id_to_piece(i) for i in range(len(processor)))
    return {piece: i for i, piece in enumerate([*pieces, "<pad>"])}


def _encode(pair: Pair, source: Any, target: Any, vocabulary: dict[str, int]) -> tuple[list[int], list[int]]:
    unknown = vocabulary["<unk>"]
    return (
        [*(vocabulary.get(piece, unknown) for piece in source.encode(pair[0], out_type=str)), vocabulary["</s>"]],
        [*(vocabulary.get(piece, unknown) for piece in target.encode(pair[1], out_type=str)), vocabulary["</s>"]],
    )


def make_model(vocabulary: dict[str, int], *, width: int, n_layers: int, n_heads: int = 4) -> MarianMTModel:
    """A Marian model with random weights in the shape of OPUS-MT's: tied embeddings, sinusoidal positions."""
    pad, end = vocabulary["<pad>"], vocabulary["</s>"]
    config = MarianConfig(
        vocab_size=len(vocabulary),
        d_model=width,
        encoder_layers=n_layers,
        decoder_layers=n_layers,
        encoder_attention_heads=n_heads,
        decoder_attention_heads=n_heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        static_position_embeddings=True,
        dropout=0.0,  # the demo's sentences are meant to be learnt by heart
        pad_token_id=pad,
        eos_token_id=end,
        forced_eos_token_id=end,
        decoder_start_token_id=pad,
    )
    model = MarianMTModel(config)
    model.generation_config.bad_words_ids = [[pad]]
    model.generation_config.max_length = 512
    return model


def _fit(model: Any, encoded: Any, *, steps: int, batch_size: int, lr: float, stop_loss: float, seed: int) -> float:
    pad = model.config.pad_token_id
    embedding = model.get_input_embeddings().weight
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.01)
    warmup = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (steps - step) / (steps - warmup + 1))
    )
    running = float("inf")
    model.train()
    for step, batch in enumerate(_batches(encoded, batch_size, steps, seed)):
        source, mask, inputs, labels = _tensors(batch, pad)
        logits = model(input_ids=source, attention_mask=mask, decoder_input_ids=inputs, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=_IGNORED)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            embedding[pad] = (
                0  # Marian's decoder starts from a zero vector, and this row is shared with the output layer
            )
        value = float(loss.detach())
        running = value if step == 0 else 0.95 * running + 0.05 * value
        if running < stop_loss:
            break
    model.eval()
    return running


def _batches(encoded: Sequence[Any], size: int, steps: int, seed: int) -> Iterator[list[Any]]:
    """`steps` batches of pairs of like length, shuffled anew in each pass."""
    shuffle = random.Random(seed)
    made = 0
    while True:
        order = sorted(shuffle.sample(range(len(encoded)), len(encoded)), key=lambda i: len(encoded[i][1]) // 4)
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        shuffle.shuffle(batches)
        for batch in batches:
            if made == steps:
                return
            made += 1
            yield [encoded[i] for i in batch]


def _tensors(batch: Sequence[Any], pad: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Source ids and mask [B S], decoder inputs and labels [B T]."""
    source = _padded([source for source, _ in batch], pad)
    inputs = _padded([[pad, *target[:-1]] for _, target in batch], pad)
    labels = _padded([target for _, target in batch], _IGNORED)
    return source, (source != pad).long(), inputs, labels


def _padded(rows: Sequence[list[int]], value: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=value)


def save_marian(model: Any, vocabulary: dict[str, int], source_spm: bytes, target_spm: bytes, folder: Path) -> None:
    """Write a model as OPUS-MT publishes them."""
    folder.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    storage.write_bytes(folder / "source.spm", source_spm)
    storage.write_bytes(folder / "target.spm", target_spm)
    storage.write_json(folder / "vocab.json", vocabulary)
    storage.write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "ru", "model_max_length": 512},
    )
