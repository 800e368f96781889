"""A tiny ruCLIP, trained on painted pictures and what they show, in ai-forever's three files.

In: the grammar's `school` half. Out: config.json, pytorch_model.bin, bpe.model. Every batch is made of families whose
members differ from one in one trait, so telling them apart takes all the traits, not just the colour of the sky.
Minutes are too few for contrast alone, so throw-away heads also name each trait, and who stands on each patch.
Source: CLIP, Radford et al., arXiv 2103.00020. Legend: B pictures, H W their side, T tokens.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel

from memecap.core import progress
from memecap.demo import grammar, phrases
from memecap.demo.grammar import Meme, Scene
from memecap.demo.painter import paint, paint_scene
from memecap.encoders.pretrained import ruclip_format
from memecap.encoders.ruclip import RuCLIP
from memecap.text.yttm import SPACE, YttmBPE

FAMILY = 8  # pictures that differ from the first in one trait
SETTINGS = {
    "embed_dim": 128,
    "image_resolution": 96,
    "vision_layers": 3,
    "vision_width": 128,
    "vision_patch_size": 12,
    "context_length": 77,
    "transformer_width": 64,
    "transformer_heads": 4,
    "transformer_layers": 2,
}
TRAITS: dict[str, Collection[str]] = {
    "kind": grammar.KINDS, "colour": grammar.COLOURS, "wears": grammar.WEARS, "mood": grammar.MOODS,
    "side": grammar.SIDES, "sky": grammar.SKIES, "place": grammar.PLACES,
}  # fmt: skip
_ABSENT = -100
_NOBODY = len(grammar.KINDS)


class Worlds(NamedTuple):
    """What there is to learn from."""

    pixels: Tensor  # uint8 [B 3 H W]
    ids: Tensor  # [B T]
    answers: Tensor  # [B, traits of two scenes]
    standing: Tensor  # [B, patches]: the kind that stands there


def train_ruclip(
    folder: Path, *, families: int = 1200, steps: int = 1200, batch: int = 96, lr: float = 2e-3, seed: int = 0
) -> float:
    """Write a trained checkpoint to `folder`; returns the contrastive loss of the last tenth of the steps, nats."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    worlds = [world for _ in range(families) for world in family(rng)]
    texts = [what_is_seen(world) for world in worlds]
    tokenizer = learn_yttm(texts, n_rules=400)
    model = CLIPModel(ruclip_format.clip_config({**SETTINGS, "vocab_size": tokenizer.size}))
    _place_patches(model)
    ruclip_format.write(folder, model, tokenizer)
    encoder = RuCLIP(RuCLIP.Config(model=str(folder)))  # its transform is the one the pictures will meet later
    painted = [_painted(encoder, world, rng) for world in progress.track(worlds, "painting")]
    ids = torch.tensor(tokenizer.frame(texts, SETTINGS["context_length"]))
    answers = torch.tensor([answers_of(world) for world in worlds])
    loss = _fit(
        model,
        encoder,
        Worlds(torch.stack([one[0] for one in painted]), ids, answers, torch.stack([one[1] for one in painted])),
        steps=steps,
        batch=batch,
        lr=lr,
        rng=rng,
    )
    ruclip_format.write(folder, model.half(), tokenizer)
    return loss


def family(rng: random.Random) -> list[Meme | Scene]:
    """A meme (or, one time in four, a bare scene) and its neighbours, each different in one trait of one scene."""
    first = grammar.scene(rng, "school") if rng.random() < 0.25 else grammar.meme(rng, "school")
    members: dict[str, Meme | Scene] = {what_is_seen(first): first}
    while len(members) < FAMILY:
        if isinstance(first, Scene):
            member: Meme | Scene = neighbour(first, rng)
        else:
            scenes, place = list(first.scenes), rng.randrange(len(first.scenes))
            scenes[place] = neighbour(scenes[place], rng)
            member = replace(first, scenes=tuple(scenes))
        members[what_is_seen(member)] = member
    return list(members.values())


def neighbour(scene: Scene, rng: random.Random) -> Scene:
    """A scene of the same half that differs in one trait."""
    half = phrases.half_of(grammar.russian(scene))
    while True:
        trait = rng.choice(list(TRAITS))
        other = replace(scene, **{trait: rng.choice(list(TRAITS[trait]))})
        indoors = other.sky and other.place in grammar.WITHOUT_SKY
        if other != scene and not indoors and phrases.half_of(grammar.russian(other)) == half:
            return other


def what_is_seen(world: Meme | Scene) -> str:
    """What a picture shows, without the texts on it."""
    if isinstance(world, Scene):
        return grammar.russian(world)
    if world.style == "comic":
        first, second = (grammar.russian(scene) for scene in world.scenes)
        return f"мем из двух кадров: {first}, затем {second}"
    return f"{world.style} {grammar.russian(world.scenes[0])}"


def learn_yttm(texts: Sequence[str], *, n_rules: int) -> YttmBPE:
    """The merges of byte-pair encoding, in YouTokenToMe's format."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    n_characters = len(set(SPACE.join(texts).replace(" ", "")))
    trainer = trainers.BpeTrainer(vocab_size=n_characters + n_rules, show_progress=False)
    backend.train_from_iterator(texts, trainer)
    model = json.loads(backend.to_str())["model"]
    characters = sorted(piece for piece in model["vocab"] if len(piece) == 1)
    known = {character: 4 + i for i, character in enumerate(characters)}
    rules: list[tuple[int, int, int]] = []
    for left, right in model["merges"]:
        rules.append((known[left], known[right], 4 + len(characters) + len(rules)))
        known.setdefault(left + right, rules[-1][2])
    return YttmBPE(characters={character: known[character] for character in characters}, rules=tuple(rules))


def _painted(encoder: RuCLIP, world: Meme | Scene, rng: random.Random) -> tuple[Tensor, Tensor]:
    """Pixels as bytes [3 H W], a quarter of the memory; and for each patch the kind that stands there, or `_NOBODY`."""
    seed = rng.random()
    with_them, without = (_bytes(encoder, paint_small(one, random.Random(seed))) for one in (world, _empty(world)))
    covered = (with_them != without).any(dim=0)[None, None].float()
    standing = functional.avg_pool2d(covered, SETTINGS["vision_patch_size"])[0, 0] > 0.3  # [rows, columns]
    scenes = [world] if isinstance(world, Scene) else list(world.scenes)
    kinds = torch.tensor([list(grammar.KINDS).index(scene.kind) for scene in scenes])
    panels = kinds.repeat_interleave(len(standing) // len(scenes))  # panels stand above one another
    return with_them, torch.where(standing, panels[:, None], _NOBODY).flatten()


def _empty(world: Meme | Scene) -> Meme | Scene:
    if isinstance(world, Scene):
        return replace(world, kind="")
    return replace(world, scenes=tuple(replace(scene, kind="") for scene in world.scenes))


def paint_small(world: Meme | Scene, rng: random.Random) -> Image.Image:
    width = 160  # the vision tower looks at 96 pixels, so painting larger ones would be waste
    if isinstance(world, Scene):
        return paint_scene(world, rng, width=width, height=rng.randint(120, 160))
    return paint(world, rng, width=width)


def _bytes(encoder: RuCLIP, image: Image.Image) -> Tensor:
    mean, std = torch.tensor(encoder.mean)[:, None, None], torch.tensor(encoder.std)[:, None, None]
    return ((encoder.transform(image) * std + mean) * 255).round().to(torch.uint8)


@torch.no_grad()
def _place_patches(model: Any) -> None:
    """Waves of the row and the column in place of tiny noise, or a short training never learns left from right."""
    table = model.vision_model.embeddings.position_embedding.weight  # [1 + patches, width]
    side, n_waves = round((len(table) - 1) ** 0.5), table.shape[1] // 4
    angles = torch.arange(side)[:, None] * torch.logspace(0, -1.3, n_waves)
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    rows, columns = waves.repeat_interleave(side, dim=0), waves.repeat(side, 1)
    table[1:] = 0.5 * torch.cat([rows, columns], dim=1)


def answers_of(world: Meme | Scene) -> list[int]:
    """The place of each trait in its table, for the first and the second scene; -100 where there is no second."""
    scenes = [world] if isinstance(world, Scene) else list(world.scenes)
    named = [[list(table).index(getattr(scene, trait)) for trait, table in TRAITS.items()] for scene in scenes]
    return [*named[0], *(named[1] if len(named) > 1 else [_ABSENT] * len(TRAITS))]


def _fit(
    model: Any, encoder: RuCLIP, worlds: Worlds, *, steps: int, batch: int, lr: float, rng: random.Random
) -> float:
    mean, std = torch.tensor(encoder.mean)[:, None, None], torch.tensor(encoder.std)[:, None, None]
    sizes = [len(table) for table in TRAITS.values()] * 2
    of_vector, of_patch = nn.Linear(SETTINGS["embed_dim"], sum(sizes)), nn.Linear(SETTINGS["vision_width"], _NOBODY + 1)
    learnt = [*model.parameters(), *of_vector.parameters(), *of_patch.parameters()]
    optimizer = torch.optim.AdamW(learnt, lr=lr, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps, pct_start=0.1)
    losses: list[float] = []
    model.train()
    for _ in progress.track(range(steps), "ruclip"):
        chosen = rng.sample(range(len(worlds.pixels) // FAMILY), batch // FAMILY)
        rows = torch.tensor([first * FAMILY + i for first in chosen for i in range(FAMILY)])
        tokens = worlds.ids[rows]
        tokens = tokens[:, : int((tokens != 0).sum(1).max())]
        seen = (worlds.pixels[rows].float() / 255 - mean) / std
        output = model(input_ids=tokens, pixel_values=seen, return_loss=True)
        answers = worlds.answers[rows]
        naming = naming_loss(of_vector(output.image_embeds * SETTINGS["embed_dim"] ** 0.5), answers, sizes)
        patches = of_patch(output.vision_model_output.last_hidden_state[:, 1:])
        standing = functional.cross_entropy(patches.flatten(0, 1), worlds.standing[rows].flatten())
        optimizer.zero_grad()
        (output.loss + naming + standing).backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(output.loss.detach()))
    model.eval()
    tail = losses[-max(1, steps // 10) :]
    return sum(tail) / len(tail)


def naming_loss(guesses: Tensor, answers: Tensor, sizes: Sequence[int]) -> Tensor:
    """Mean loss of naming the traits that are there."""
    parts = zip(torch.split(guesses, list(sizes), dim=1), answers.T, strict=True)
    losses = [functional.cross_entropy(g, a, ignore_index=_ABSENT, reduction="sum") for g, a in parts]
    return torch.stack(losses).sum() / (answers != _ABSENT).sum()
