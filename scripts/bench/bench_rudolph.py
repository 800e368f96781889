"""RuDOLPH-350M at full size with random weights, from its own files: parameters, memory, seconds a caption.

    python scripts/bench/bench_rudolph.py [--version 1] [--threads 1] [--batch 1] [--tokens 63] [--no-step]

Writes pytorch_model.bin (fp16, 0.7 GB), the VQGAN's checkpoint (0.1 GB) and a bpe.model of 16,384 ids, then measures in
a process of its own, which takes 5 GB (3.2 with --no-step). Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
CAPTION = "на первом кадре человек смотрит в окно, надпись сверху: когда наконец наступила пятница"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=Path, help="keep the models' files here (0.8 GB)")
    parser.add_argument("--version", type=int, choices=(1, 2), default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1, help="pictures captioned together")
    parser.add_argument("--tokens", type=int, default=63, help="of each caption")
    parser.add_argument("--no-step", action="store_true", help="train nothing")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.files or Path(temporary)
        write(folder, arguments.version)
        command = [sys.executable, __file__, *sys.argv[1:], "--measure", str(folder / f"v{arguments.version}")]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(answer.splitlines()[-1])
    print(f"| {' | '.join(found)} |")
    print("|---" * len(found) + "|")
    print(f"| {' | '.join(str(value) for value in found.values())} |")


def write(folder: Path, version: int) -> None:
    """The files of a model with random weights, unless they are there."""
    import torch
    from torch import nn
    from transformers.models.chameleon.configuration_chameleon import ChameleonVQVAEConfig
    from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAEEncoder

    from memecap.encoders import vqgan
    from memecap.modeling import rudolph_format
    from memecap.modeling.rudolph import Rudolph, Shape
    from memecap.text.yttm import SPACE, YttmBPE

    place = folder / f"v{version}"
    if (place / rudolph_format.TOKENIZER).exists():
        return
    torch.manual_seed(0)
    more = {1: {}, 2: {"n_text": 16384 + 384 + 64, "n_codes": 8192 + 384}}[version]
    rudolph_format.write(place / rudolph_format.WEIGHTS, Rudolph(Shape(**more)))
    sizes = ChameleonVQVAEConfig(channel_multiplier=[1, 1, 2, 4], resolution=256, attn_resolutions=[32])
    parts = nn.ModuleDict({
        "encoder": ChameleonVQVAEEncoder(sizes), "quant_conv": nn.Conv2d(256, 256, 1),
        "quantize": nn.ModuleDict({"proj": nn.Conv2d(256, 8192, 1)}),
    })  # fmt: skip
    vqgan.write(place / vqgan.VQGAN.Config().file, parts.state_dict())
    known = {letter: 4 + number for number, letter in enumerate(SPACE + LETTERS)}
    first, n_letters = 4 + len(known), len(known)
    rules = [(4 + n // n_letters % n_letters, 4 + n % n_letters, first + n) for n in range(16384 - first)]
    YttmBPE(known, tuple(rules)).write(place / rudolph_format.TOKENIZER)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Load, look, caption, take a step of the fine-tuning."""
    import numpy as np
    import torch
    from PIL import Image

    from memecap.captioners.base import create
    from memecap.core import config
    from memecap.decoding.greedy import Greedy
    from memecap.modeling.batch import Images, collate

    torch.set_num_threads(arguments.threads)
    model, started = str(arguments.measure), time.perf_counter()
    settings = {"encoder": {"name": "vqgan", "model": model}, "decoder": {"model": model, "freeze": ["mlp"]}}
    captioner: Any = create(config.configure("captioners", {"name": "rudolph", **settings})).eval()
    found: dict[str, Any] = {"version": arguments.version, "batch": arguments.batch, "threads": arguments.threads}
    found["parameters"] = f"{sum(p.numel() for p in captioner.decoder.parameters()):,}"
    found["of the VQGAN"] = f"{sum(p.numel() for p in captioner.encoder.parameters()):,}"
    found["load, s"] = _since(started)
    noise = np.random.default_rng(0).integers(0, 256, (arguments.batch, 480, 640, 3), dtype=np.uint8)
    started = time.perf_counter()
    with torch.no_grad():
        codes = captioner.encoder.encode([captioner.look(Image.fromarray(one)) for one in noise])
    found["codes, s a picture"] = _since(started, arguments.batch)
    search = Greedy(max_new_tokens=arguments.tokens, min_new_tokens=arguments.tokens)
    started, worked = time.perf_counter(), time.process_time()
    captions = captioner.generate(Images(features=codes), [None] * arguments.batch, search)
    found[f"caption of {arguments.tokens} tokens, s a picture"] = _since(started, arguments.batch)
    found["of them CPU"] = round((time.process_time() - worked) / arguments.batch, 2)
    if any(len(caption.token_ids) != arguments.tokens for (caption,) in captions):
        raise SystemExit("a caption has another length")
    found["peak memory so far, GB"] = _peak()
    if not arguments.no_step:
        captioner.train()
        optimizer = torch.optim.AdamW([p for p in captioner.parameters() if p.requires_grad], lr=2e-5)
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = captioner(collate([captioner.example(CAPTION, image=codes[0])])).mean
        loss.backward()
        optimizer.step()
        found["training step of one, s"] = _since(started)
        found["peak memory, GB"] = _peak()
    return found


def _since(started: float, parts: int = 1) -> float:
    return round((time.perf_counter() - started) / parts, 2)


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


if __name__ == "__main__":
    main()
