"""Full-size captioners with random weights: load, train, save, reload, caption; parameters, peak memory, seconds.

    python scripts/bench/bench_models.py [--only NAME …] [--files FOLDER] [--threads 1] [--steps 3] [--step-only]

Prints a Markdown table. Each captioner runs in its own process, so that its peak memory is its own; the models' files
are deleted after each (up to 7 GB), unless --files keeps them.
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

BATCH = 8
CAPTION = (
    'На первом кадре человек смотрит в окно. Надпись сверху: "когда наконец наступила пятница". На втором он спит.'
)

_RUCLIP_384 = {"name": "ruclip", "model": "ruclip-vit-base-patch32-384"}
#: a name → the captioner's settings, models by the names of full_size.py; `bench` says how it is trained here
CAPTIONERS: dict[str, dict[str, Any]] = {
    "ResNet-101 → LSTM 2 × 512": {
        "name": "lstm", "n_layers": 2, "min_count": 1,
        "encoder": {"name": "resnet", "model": "resnet-101"},
    },
    "ResNet-101 grid → attention LSTM 512, encoder fine-tuned": {
        "name": "attention_lstm", "min_count": 1, "train_encoder": True,
        "encoder": {"name": "resnet", "model": "resnet-101", "output": "grid"},
    },
    "ViT-B/16-224 + ruGPT3-small, cross-attention": {
        "name": "vit_gpt", "encoder": {"name": "vit", "model": "vit-base-patch16-224", "output": "all"},
        "decoder": {"model": "rugpt3small"},
    },
    "ClipCap: ruCLIP ViT-B/32-384 → MLP 10 → frozen ruGPT3-small": {
        "name": "clipcap", "prefix_length": 10, "reading": True,
        "encoder": _RUCLIP_384, "decoder": {"model": "rugpt3small"},
    },
    "ClipCap: ruCLIP ViT-B/32-384 → MLP 10 → trained ruGPT3-small": {
        "name": "clipcap", "prefix_length": 10, "reading": True,
        "encoder": _RUCLIP_384, "decoder": {"model": "rugpt3small", "train": "full"},
    },
    "ClipCap: ruCLIP ViT-L/14-336 → MLP 10 → frozen ruGPT3-large, bf16": {
        "name": "clipcap", "prefix_length": 10, "reading": True,
        "encoder": {"name": "ruclip", "model": "ruclip-vit-large-patch14-336"}, "decoder": {"model": "rugpt3large"},
        "bench": {"batch": 2, "bf16": True},
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="captioners whose name holds one of these words")
    parser.add_argument("--files", type=Path, help="keep the models' files here (several GB)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--step-only", action="store_true", help="train, and neither caption nor save")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        settings = json.loads(arguments.run)
        print(json.dumps(measure(settings, arguments.threads, arguments.steps, captions=not arguments.step_only)))
        return
    columns = ["parameters", "trained", "load", "step", *([] if arguments.step_only else ["caption"]), "peak"]
    titles = {"parameters": "parameters, M", "trained": "trained, M", "peak": "peak memory, GB"}
    print(f"| captioner | batch | {' | '.join(titles.get(key, f'{key}, s') for key in columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    for name, settings in CAPTIONERS.items():
        if arguments.only and not any(word in name for word in arguments.only):
            continue
        with tempfile.TemporaryDirectory() as temporary:
            found = _in_process(_with_files(settings, arguments.files or Path(temporary)), arguments)
        numbers = [f"{found[key]:.1f}" for key in columns]
        print(f"| {name} | {_batch(settings)} | {' | '.join(numbers)} |", flush=True)


def _batch(settings: dict[str, Any]) -> int:
    return int(settings.get("bench", {}).get("batch", BATCH))


def _with_files(settings: dict[str, Any], files: Path) -> dict[str, Any]:
    script = "import sys; from pathlib import Path; import full_size; full_size.write(sys.argv[1], Path(sys.argv[2]))"
    made = dict(settings)
    for key in ("encoder", "decoder"):
        model = made.get(key, {}).get("model")
        if model:  # written by another process: its memory is not the captioner's
            subprocess.run([sys.executable, "-c", script, model, str(files)], check=True, cwd=Path(__file__).parent)
            made[key] = {**made[key], "model": str(files / model)}
    return made


def _in_process(settings: dict[str, Any], arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--run", json.dumps(settings), "--threads", str(arguments.threads)]
    command += ["--steps", str(arguments.steps), *(["--step-only"] if arguments.step_only else [])]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(answer.splitlines()[-1])
    return found


def measure(settings: dict[str, Any], threads: int, steps: int, *, captions: bool) -> dict[str, float]:
    """Train a few steps on a batch of pictures; save, reload, and caption the same pictures."""
    import numpy as np
    import torch
    from PIL import Image

    from memecap.captioners.base import create
    from memecap.checkpoints import checkpoint
    from memecap.core import config
    from memecap.decoding.greedy import Greedy
    from memecap.modeling.batch import collate
    from memecap.reading.base import Line, Reading

    batch_size, bf16 = _batch(settings), bool(settings.pop("bench", {}).get("bf16"))
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    started = time.perf_counter()
    captioner = create(config.configure("captioners", settings), [CAPTION] * 4)
    load = time.perf_counter() - started
    noise = np.random.default_rng(0).integers(0, 256, (batch_size, 480, 640, 3), dtype=np.uint8)
    reading = Reading((Line("когда наконец наступила пятница", (0, 0, 640, 40), 0.9),), 640, 480, "bench")
    assert captioner.encoder is not None
    batch = collate(
        [
            captioner.example(CAPTION, image=captioner.encoder.transform(Image.fromarray(one)), reading=reading)
            for one in noise
        ]
    )
    trained = [p for p in captioner.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5)
    captioner.train()
    started = time.perf_counter()
    for _ in range(steps):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = captioner(batch).mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    step = (time.perf_counter() - started) / steps
    found = {
        "parameters": sum(p.numel() for p in captioner.parameters()) / 1e6,
        "trained": sum(p.numel() for p in trained) / 1e6,
        "load": load,
        "step": step,
    }
    if captions:
        decoding = Greedy(max_new_tokens=50, min_new_tokens=50)
        started = time.perf_counter()
        before = captioner.generate(batch.images, [reading] * batch_size, decoding)
        found["caption"] = (time.perf_counter() - started) / batch_size
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    if captions:
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.save(captioner, Path(folder) / "saved")
            del captioner, optimizer, trained
            again = checkpoint.load(Path(folder) / "saved")
        if again.generate(batch.images, [reading] * batch_size, decoding) != before:
            raise SystemExit("the reloaded captioner says something else")
    return found


if __name__ == "__main__":
    main()
