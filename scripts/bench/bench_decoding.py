"""Captions a second of a full-size ClipCap, and what stored features save in training; ratios within one run.

    python scripts/bench/bench_decoding.py [--batch 96] [--threads 2] [--only decoding|training]

ruCLIP ViT-B/32-384 → MLP 10 → ruGPT3-small, random weights in the original files, 50 new tokens each. Decoding starts
from the picture's vector, as ClipCap's users keep them; the row of whole pictures counts the encoder too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import full_size
import torch
from PIL import Image
from torch import Tensor
from transformers import GenerationConfig, GPT2LMHeadModel

from memecap.captioners.base import Captioner, create
from memecap.core import config
from memecap.decoding.greedy import Greedy
from memecap.inference.precision import lower, writing
from memecap.modeling import prefix
from memecap.modeling.batch import Images, collate
from memecap.pictures.safe_open import open_picture
from memecap.training.config import StageConfig
from memecap.training.datasets import Dataset, Item
from memecap.training.image_inputs import ImageInputs
from memecap.training.optim import build_optimizer
from memecap.training.sampling import load_windows, windows

N_NEW = 50
FLICKR, MEME = 20, 60  # tokens of a caption
clock = time.perf_counter
CAPTIONS = [
    'На первом кадре человек смотрит в окно. Надпись сверху: "когда наступила пятница". На втором он спит на диване.',
    'Кот сидит на столе и говорит: "хочу рыбу".',
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=96, help="pictures captioned together")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--loops", type=int, default=2, help="captions by the one-at-a-time loop")
    parser.add_argument("--only", choices=["decoding", "training"])
    parser.add_argument("--cpu-seconds", action="store_true", help="for a busy machine, with --threads 1")
    options = parser.parse_args()
    global clock
    clock = time.process_time if options.cpu_seconds else time.perf_counter
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        files = Path(temporary)
        captioner = clipcap(files)
        if options.only != "decoding":
            print("| training step of 8 captions | tokens | stored features, s | from pictures, s | ratio |")
            print("|---|--:|--:|--:|--:|")
            small, large = "ruclip-vit-base-patch32-384", "ruclip-vit-large-patch14-336"
            training(f"frozen ruGPT3-small behind {small}", captioner, files, n_tokens=(FLICKR, MEME))
            training(f"frozen ruGPT3-small behind {large}", clipcap(files, large), files, n_tokens=(FLICKR, MEME))
            training("LSTM 512 behind ResNet-101", recurrent(files), files, n_tokens=(FLICKR,))
            print(f"\nwaiting for data, ClipCap on stored features: {waiting(captioner):.2%} of a step\n", flush=True)
        if options.only != "training":
            decoding(captioner, options.batch, options.loops)


def clipcap(files: Path, encoder_name: str = "ruclip-vit-base-patch32-384") -> Captioner:
    encoder = full_size.write(encoder_name, files)
    decoder = full_size.write("rugpt3small", files)
    settings = {
        "name": "clipcap", "prefix_length": 10, "max_caption_tokens": 64,  # the vocabulary written here has bytes alone
        "encoder": {"name": "ruclip", "model": str(encoder)}, "decoder": {"model": str(decoder)},
    }  # fmt: skip
    return create(config.configure("captioners", settings), CAPTIONS).eval()


def recurrent(files: Path) -> Captioner:
    encoder = {"name": "resnet", "model": str(full_size.write("resnet-101", files))}
    # A vocabulary of the size that Flickr30k gives: 8,000 words.
    words = [" ".join(f"слово{first + i}" for i in range(50)) for first in range(0, 8000, 50)]
    settings = {"name": "lstm", "encoder": encoder, "min_count": 1}
    return create(config.configure("captioners", settings), [*CAPTIONS, *words]).eval()


@torch.inference_mode()
def decoding(captioner: Captioner, n: int, n_loops: int) -> None:
    """The table of ways to decode the same prefixes."""
    features = torch.randn(n, 1, 512)
    greedy = Greedy(max_new_tokens=N_NEW, min_new_tokens=N_NEW)
    prefix: Tensor = captioner.mapper(features)
    captioner.generate(Images(features=features[:2]), [None] * 2, Greedy(max_new_tokens=2))  # warm up

    def ours() -> list[list[int]]:
        return [list(found[0].token_ids) for found in captioner.generate(Images(features=features), [None] * n, greedy)]

    rows = []
    plain_model = GPT2LMHeadModel.from_pretrained(captioner.config.decoder.model).eval()  # as transformers has it
    seconds, looped = timed(lambda: [loop(plain_model, one[None]) for one in prefix[:n_loops]])
    rows.append(("one at a time, whole sequence at each token (ClipCap's loop)", n_loops, seconds))
    seconds, exact = timed(ours)
    rows.append((f"memecap, fp32, batch {n}", n, seconds))
    seconds, generated = timed(lambda: generate(plain_model, prefix, captioner.tokenizer.end_id))
    rows.append((f"transformers' generate, fp32, batch {n}", n, seconds))
    pixels = torch.randn(n, 3, 384, 384)
    see, _ = timed(lambda: captioner.encoder(pixels))
    lower(captioner, "bf16")
    with writing("bf16", "cpu"):
        seconds, rounded = timed(ours)
        rows.append((f"memecap, bf16, batch {n}", n, seconds))
        see_rounded, _ = timed(lambda: captioner.encoder(pixels))
        forced = forced_tokens(captioner, features, exact)
    print("| way to decode | s a caption | captions/s | × the loop | × generate |\n|---|---|---|---|---|")
    slowest, plain = rows[0][2] / n_loops, rows[2][2] / n
    for name, count, seconds in rows:
        each = seconds / count
        print(f"| {name} | {each:.3f} | {1 / each:.2f} | {slowest / each:.1f} | {plain / each:.2f} |")
    both, both_rounded = see / n + rows[1][2] / n, see_rounded / n + rows[3][2] / n
    with_encoder = slowest + see / n
    print(f"\nwhole pictures, encoder included: fp32 {with_encoder / both:.1f} ×, ", end="")
    print(f"bf16 {with_encoder / both_rounded:.1f} × the loop")
    print(f"fp32 tokens equal to the loop's: {share(exact[:n_loops], looped):.1%}, ", end="")
    print(f"to generate's: {share(exact, generated):.1%}")
    print(f"bf16 tokens equal to fp32's: {share(rounded, exact):.1%} written freely, ", end="")
    print(f"{share(forced, exact):.1%} after the same words")


@torch.inference_mode()
def loop(decoder: Any, generated: Tensor) -> list[int]:
    """The loop of ClipCap's notebooks restated: no cache, logits of every place, a sort of the vocabulary."""
    tokens = []
    for _ in range(N_NEW):
        logits = decoder(inputs_embeds=generated).logits[:, -1]
        sorted_logits, places = torch.sort(logits, descending=True)
        removed = sorted_logits.softmax(dim=-1).cumsum(dim=-1) > 0.8
        removed[:, 1:] = removed[:, :-1].clone()
        removed[:, 0] = False
        logits[:, places[0][removed[0]]] = -torch.inf
        token = logits.argmax(dim=-1)
        tokens.append(int(token))
        generated = torch.cat([generated, decoder.get_input_embeddings()(token)[:, None]], dim=1)
    return tokens


def generate(decoder: Any, prefix: Tensor, end_id: int) -> list[list[int]]:
    settings = GenerationConfig(
        max_new_tokens=N_NEW, min_new_tokens=N_NEW, do_sample=False, eos_token_id=end_id, pad_token_id=end_id
    )
    mask = torch.ones(prefix.shape[:2], dtype=torch.long)
    ids: list[list[int]] = decoder.generate(
        inputs_embeds=prefix, attention_mask=mask, generation_config=settings
    ).tolist()
    return ids


def forced_tokens(captioner: Captioner, features: Tensor, rows: list[list[int]]) -> list[list[int]]:
    """The likeliest token at each place of the given captions."""
    batch = collate(
        [replace(captioner.example("", image=one), token_ids=row) for one, row in zip(features, rows, strict=True)]
    )
    read = prefix.read(captioner.decoder, captioner.mapper(features), batch)
    likeliest = read.logits.index_fill(1, torch.tensor([captioner.tokenizer.end_id]), -torch.inf).argmax(dim=1)
    return likeliest.reshape(len(rows), -1).tolist()


def share(found: list[list[int]], expected: list[list[int]]) -> float:
    pairs = [pair for one, other in zip(found, expected, strict=True) for pair in zip(one, other, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def training(name: str, captioner: Captioner, files: Path, *, n_tokens: Sequence[int]) -> None:
    """Rows of the table: the same step on stored features and from the files of eight photographs."""
    assert captioner.encoder is not None
    encoder = captioner.encoder.eval()
    photographs = [photograph(files / f"{i}.jpg", seed=i) for i in range(8)]
    optimizer = build_optimizer(captioner, stage())

    @torch.no_grad()
    def look() -> Tensor:
        return encoder(torch.stack([encoder.transform(open_picture(path)) for path in photographs]))

    def step(features: Tensor, length: int) -> None:
        made = [replace(captioner.example("", image=one), token_ids=range(6, 6 + length)) for one in features]
        captioner(collate(made)).mean.backward()
        optimizer.step()
        optimizer.zero_grad()

    features = look()
    captioner.train()
    for length in n_tokens:
        step(features, length)  # warm up
        stored = statistics.median(timed(partial(step, features, length))[0] for _ in range(5))
        looked = statistics.median(timed(lambda length=length: step(look(), length))[0] for _ in range(3))
        print(f"| {name} | {length} | {stored:.3f} | {looked:.3f} | {looked / stored:.1f} |", flush=True)
    captioner.eval()


def photograph(path: Path, *, seed: int) -> Path:
    """A picture of the size of Flickr30k's."""
    coarse = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse[None], size=(375, 500), mode="bicubic")[0].clamp(0, 1)
    Image.fromarray((fine * 255).byte().permute(1, 2, 0).numpy()).save(path, quality=90)
    return path


def stage() -> StageConfig:
    settings = {"name": "bench", "corpora": ["x"], "epochs": 1, "batch_size": 8, "lr": 1e-5}
    return config.validate(StageConfig, settings, where="bench")


def waiting(captioner: Captioner, n_steps: int = 3) -> float:
    """The share of a step's time in which the model has nothing to read, batches prepared in the same process."""
    items = [Item(str(i), (CAPTIONS[i % 2],), None, None) for i in range(8 * n_steps)]
    stored = {item.image_id: torch.randn(1, 512) for item in items}
    dataset = Dataset(captioner, [items], ImageInputs(captioner.encoder, stored), stage(), train=True)
    loaded = load_windows(dataset, windows(dataset.lengths, stage(), [0]), seed="bench")
    optimizer = build_optimizer(captioner, stage())
    captioner.train()
    waited = total = 0.0
    for _ in range(n_steps):
        seconds, window = timed(lambda: next(loaded))
        started = clock()
        for part in window:
            captioner(part.batch).mean.backward()
        optimizer.step()
        optimizer.zero_grad()
        waited, total = waited + seconds, total + seconds + clock() - started
    captioner.eval()
    return waited / total


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = clock()
    found = work()
    return clock() - started, found


if __name__ == "__main__":
    main()
