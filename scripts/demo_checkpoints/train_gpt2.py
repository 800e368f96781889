"""A tiny Russian GPT-2 that has read descriptions of painted memes: it stands where ruGPT-3 stands on real ones.

In: the grammar's `school` half, as text only. Out: a folder of transformers with its byte-level BPE. A sequence is what
the captioner will show it, [start × k][prompt with the reading][description][end], where k is drawn so that a prefix of
any length may take that place later, and the reading carries the mistakes that readers make.
Legend: B sequences, L positions.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel

from memecap.captioners.clipcap import ClipCap
from memecap.core import progress, storage
from memecap.demo import grammar
from memecap.text.bpe import BPE

MOST_POSITIONS = 256
_PREFIX = 12  # as many vectors may stand before the prompt
_IGNORED = -100
_SLIPS = {"о": "0", "з": "3", "ё": "е", "Ё": "Е", "б": "6", "и": "й", "Й": "И", "ш": "щ", "Т": "Г", "т": "г", "О": "0"}


def train_gpt2(
    folder: Path,
    *,
    steps: int = 1400,
    batch: int = 24,
    lr: float = 2e-3,
    width: int = 128,
    n_layers: int = 3,
    vocab_size: int = 1500,
    seed: int = 0,
) -> float:
    """Write a trained model to `folder`; returns the mean loss of the last tenth of the steps, nats per token."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tokenizer = BPE.learn(_texts(rng, 6000), vocab_size=vocab_size)
    end = tokenizer.end_id
    model: Any = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=tokenizer.size, n_positions=MOST_POSITIONS, n_embd=width, n_layer=n_layers, n_head=4,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=end, eos_token_id=end,
        )
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps, pct_start=0.05)
    losses: list[float] = []
    for _ in progress.track(range(steps), "gpt2"):
        ids, labels = _batch(tokenizer, rng, batch)
        states = model.transformer(input_ids=ids).last_hidden_state[:, :-1]
        wanted = labels[:, 1:] != _IGNORED  # the prompt is given, so no logits are wasted on it
        loss = functional.cross_entropy(model.lm_head(states[wanted]), labels[:, 1:][wanted])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    model.half().save_pretrained(folder)
    tokenizer.save(folder)
    storage.write_json(folder / "generation_config.json", {"eos_token_id": end, "bos_token_id": end})
    tail = losses[-max(1, steps // 10) :]
    return sum(tail) / len(tail)


def misread(lines: list[str], rng: random.Random) -> list[str]:
    """The lines as a reader may give them: a letter mistaken, a stray mark, a word lost, words run together."""
    seen = []
    for line in lines:
        words = [_slip(word, rng) if rng.random() < 0.06 else word for word in line.split() if rng.random() > 0.01]
        if len(words) > 1 and rng.random() < 0.03:
            words[:2] = [words[0] + words[1]]
        if rng.random() < 0.06:
            words.insert(rng.randint(0, len(words)), rng.choice(("|", ".", "—", "‘", "=", "й", ":", "Г", ",")))
        seen.append(" ".join(words))
    if rng.random() < 0.15:
        seen.insert(rng.randint(0, len(seen)), rng.choice(("и", "= |", "©", "ое", "Ш!", "7", "а —", "№ 1")))
    return seen


def _slip(word: str, rng: random.Random) -> str:
    place = rng.randrange(len(word))
    kind = rng.random()
    if kind < 0.4:
        return word[:place] + _SLIPS.get(word[place], word[place]) + word[place + 1 :]
    if kind < 0.7:
        return word + rng.choice((".", ",", "'", ":", "“"))
    return word[:place] + word[place + 1 :] if len(word) > 3 else word


def _texts(rng: random.Random, count: int) -> list[str]:
    prompt = ClipCap.Config().prompt
    memes = [grammar.meme(rng, "school") for _ in range(count)]
    read = [prompt.format(reading="\n".join(lines_of(meme, rng))) + meme.description for meme in memes]
    return read + [russian for meme in memes for _, russian in grammar.captions(meme.scenes[0])]


def lines_of(meme: grammar.Meme, rng: random.Random) -> list[str]:
    """The meme's texts as written, broken into lines somewhere."""
    lines = [meme.author] if meme.author else []
    for text in meme.texts:
        words, width = text.split(), rng.randint(3, 7)
        lines += [" ".join(words[i : i + width]) for i in range(0, len(words), width)]
    return lines


def _batch(tokenizer: BPE, rng: random.Random, size: int) -> tuple[Tensor, Tensor]:
    """ids and labels [B L]; four in five are memes with their reading, the rest captions of bare scenes."""
    config = ClipCap.Config()
    ids = torch.full((size, MOST_POSITIONS), tokenizer.end_id)
    labels = torch.full((size, MOST_POSITIONS), _IGNORED)
    longest = 0
    for row in range(size):
        if rng.random() < 0.8:
            meme = grammar.meme(rng, "school")
            reading, caption = misread(lines_of(meme, rng), rng), meme.description
        else:
            reading, caption = [], rng.choice(grammar.captions(grammar.scene(rng, "school")))[1]
        prompt = tokenizer.encode(config.prompt.format(reading=config.line_break.join(reading)))
        written = [*tokenizer.encode(caption), tokenizer.end_id]
        start = rng.randint(1, _PREFIX) + len(prompt)
        stop = min(start + len(written), MOST_POSITIONS)
        ids[row, start - len(prompt) : stop] = torch.tensor([*prompt, *written][: len(prompt) + stop - start])
        labels[row, start:stop] = torch.tensor(written[: stop - start])
        longest = max(longest, stop)
    return ids[:, :longest], labels[:, :longest]
