"""A tiny RuDOLPH and its VQGAN, trained on painted pictures, what is written on them and how they are described.

    python scripts/demo_checkpoints/train_rudolph.py output/demo/models

In: the grammar's `school` half. Out: `rudolph` (pytorch_model.bin, bpe.model) and `vqgan` (a checkpoint under its
original name). A picture is worth 36 codes; the left text is the reading, with the mistakes that readers make. Minutes
are too few for a VQGAN that only has to paint pictures again, so a throw-away head also names each trait.
Legend: B pictures, N codes, L and R places of the left and the right text, Z latent channels.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from train_gpt2 import lines_of, misread
from train_ruclip import TRAITS, answers_of, learn_yttm, naming_loss, paint_small
from transformers.models.chameleon.configuration_chameleon import ChameleonVQVAEConfig
from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAEEncoder

from memecap.core import progress
from memecap.demo import grammar
from memecap.demo.grammar import Meme, Scene
from memecap.encoders import vqgan
from memecap.encoders.vqgan import VQGAN
from memecap.modeling import rudolph_format
from memecap.modeling.rudolph import Rudolph, Shape
from memecap.text.yttm import YttmBPE

SIDE, LATENT, N_CODES = 48, 32, 256
LEVELS = [1, 1, 2, 2]
LEFT, RIGHT = 56, 96
_PAD = 0


class Worlds(NamedTuple):
    """What there is to learn from: memes, and bare scenes with a caption."""

    all: list[Meme | Scene]
    pixels: Tensor  # uint8 [B 3 H W]
    answers: Tensor  # [B, traits of two scenes]


def train_rudolph(
    folder: Path, *, n_worlds: int = 3000, steps: int = 700, vqgan_steps: int = 260, batch: int = 12,
    lr: float = 2e-3, width: int = 96, n_layers: int = 3, n_rules: int = 700, seed: int = 0,
) -> float:  # fmt: skip
    """Write `folder` and the `vqgan` beside it; returns the caption's mean loss of the last tenth of the steps."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    worlds = _worlds(n_worlds, rng)
    _train_vqgan(folder.parent / "vqgan", worlds, steps=vqgan_steps, rng=rng)
    encoder = VQGAN(VQGAN.Config(model=str(folder.parent / "vqgan"), side=SIDE)).eval()
    with torch.no_grad():
        codes = torch.cat([encoder(part.float() / 255)[..., 0].long() for part in worlds.pixels.split(64)])
    tokenizer = learn_yttm([text.lower() for world in worlds.all for text in _texts(world, rng)], n_rules=n_rules)
    shape = Shape(
        n_layers=n_layers, width=width, n_heads=4, left=LEFT, right=RIGHT, side=SIDE // 2 ** (len(LEVELS) - 1),
        n_text=tokenizer.size + LEFT, n_codes=N_CODES,
    )  # fmt: skip
    model = _new(shape)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps, pct_start=0.05)
    losses: list[float] = []
    model.train()
    for _ in progress.track(range(steps), "rudolph"):
        rows = rng.sample(range(n_worlds), batch)
        left, right = _batch(tokenizer, [worlds.all[row] for row in rows], rng)
        total, caption = _loss(model, left, codes[rows], right)
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(caption.detach()))
    rudolph_format.write(folder / rudolph_format.WEIGHTS, model)
    tokenizer.write(folder / rudolph_format.TOKENIZER)
    tail = losses[-max(1, steps // 10) :]
    return sum(tail) / len(tail)


def _worlds(count: int, rng: random.Random) -> Worlds:
    """Four memes for each bare scene."""
    worlds = [grammar.scene(rng, "school") if i % 5 == 0 else grammar.meme(rng, "school") for i in range(count)]
    pictures = [paint_small(world, rng).resize((SIDE, SIDE), 2) for world in progress.track(worlds, "painting")]
    pixels = torch.from_numpy(np.stack([np.asarray(picture.convert("RGB")) for picture in pictures]))
    return Worlds(worlds, pixels.permute(0, 3, 1, 2), torch.tensor([answers_of(world) for world in worlds]))


def _train_vqgan(folder: Path, worlds: Worlds, *, steps: int, rng: random.Random, batch: int = 24) -> None:
    """The codes with which pictures are painted again and their traits are named."""
    sizes = ChameleonVQVAEConfig(
        base_channels=32, channel_multiplier=LEVELS, num_res_blocks=1, attn_resolutions=[], latent_channels=LATENT
    )
    seeing = nn.ModuleDict({
        "encoder": ChameleonVQVAEEncoder(sizes),
        "quant_conv": nn.Conv2d(LATENT, LATENT, 1),
        "quantize": nn.ModuleDict({"proj": nn.Conv2d(LATENT, N_CODES, 1), "embed": nn.Embedding(N_CODES, LATENT)}),
    })  # fmt: skip
    factor = 2 ** (len(LEVELS) - 1)
    painting = nn.Sequential(
        nn.Conv2d(LATENT, 64, 3, padding=1), nn.GELU(), nn.Conv2d(64, 64, 3, padding=1), nn.GELU(),
        nn.Conv2d(64, 3 * factor**2, 1), nn.PixelShuffle(factor),
    )  # fmt: skip
    names = [len(table) for table in TRAITS.values()] * 2
    naming = nn.Sequential(
        nn.Flatten(), nn.Linear(LATENT * (SIDE // factor) ** 2, 256), nn.GELU(), nn.Linear(256, sum(names))
    )
    learnt = [*seeing.parameters(), *painting.parameters(), *naming.parameters()]
    optimizer = torch.optim.AdamW(learnt, lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.1)
    for step in progress.track(range(steps), "vqgan"):
        rows = rng.sample(range(len(worlds.pixels)), min(batch, len(worlds.pixels)))
        pixels = worlds.pixels[rows].float() / 255
        seen = seeing["quant_conv"](seeing["encoder"](2 * pixels - 1))
        quantize: Any = seeing["quantize"]
        scores = quantize["proj"](seen)
        chosen = functional.gumbel_softmax(scores, tau=max(0.3, 1 - step / steps), hard=True, dim=1)
        latent = torch.einsum("bkhw,kz->bzhw", chosen, quantize["embed"].weight)
        used = scores.softmax(dim=1).mean(dim=(0, 2, 3))  # all codes, or few would be left
        variety = (used * (used * N_CODES + 1e-6).log()).sum()
        loss = 20 * functional.mse_loss(painting(latent), pixels) + 0.1 * variety
        loss = loss + naming_loss(naming(latent), worlds.answers[rows], names)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        schedule.step()
    state = {name: tensor.half() for name, tensor in seeing.state_dict().items()}
    vqgan.write(folder / VQGAN.Config().file, state)


def _new(shape: Shape) -> Rudolph:
    """Small embeddings: with the torch's own the first half of a short training goes into shrinking them."""
    model = Rudolph(shape, dropout=0.0)
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.05)
    return model


def _loss(model: Rudolph, left: Tensor, codes: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """All three parts, and the caption's alone, in nats per token."""
    padded = model.padded(left)
    x = torch.cat([model.before(padded, codes), model.right(right[:, :-1])], dim=1)
    states, _ = model(x, pictured=True)
    wanted = right[:, 1:] != _PAD
    written = model.text_logits(states[:, LEFT + codes.shape[1] :][wanted])
    caption = functional.cross_entropy(written, right[:, 1:][wanted])
    image = functional.cross_entropy(
        model.code_logits(states[:, LEFT : LEFT + codes.shape[1] - 1]).transpose(1, 2), codes[:, 1:]
    )
    read = left[:, 1:] != _PAD
    text = functional.cross_entropy(model.text_logits(states[:, : LEFT - 1][read]), left[:, 1:][read])
    return caption + 0.1 * image + 0.1 * text, caption


def _texts(world: Meme | Scene, rng: random.Random) -> tuple[str, str]:
    """What was read on it, and its description."""
    if isinstance(world, Scene):
        return "", rng.choice(grammar.captions(world))[1]
    return " ".join(misread(lines_of(world, rng), rng)), world.description


def _batch(tokenizer: YttmBPE, worlds: list[Meme | Scene], rng: random.Random) -> tuple[Tensor, Tensor]:
    """Left ids [B L] and right ids [B R], each [start] text [end], padded with 0."""
    left = torch.full((len(worlds), LEFT), _PAD)
    right = torch.full((len(worlds), RIGHT), _PAD)
    for row, world in enumerate(worlds):
        reading, caption = _texts(world, rng)
        if reading:
            ids = [tokenizer.start_id, *tokenizer.encode(reading.lower())[: LEFT - 2], tokenizer.end_id]
            left[row, : len(ids)] = torch.tensor(ids)
        ids = [tokenizer.start_id, *tokenizer.encode(caption.lower()), tokenizer.end_id][:RIGHT]
        right[row, : len(ids)] = torch.tensor(ids)
    return left, right[:, : int((right != _PAD).sum(dim=1).max())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where `rudolph` and `vqgan` are written")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    loss = train_rudolph(arguments.folder / "rudolph")
    progress.say(f"rudolph: loss {loss:.3f} nats")


if __name__ == "__main__":
    main()
