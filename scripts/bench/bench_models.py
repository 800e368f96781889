"""Full-size captioners with random weights: load, train, save, reload, caption; parameters, peak memory, seconds.

    python scripts/bench/bench_models.py [--only NAME …] [--files FOLDER] [--threads 1]

Prints a Markdown table. Each captioner runs in its own process, so that its peak memory is its own.
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

STEPS, BATCH = 3, 8
CAPTION = (
    'На первом кадре человек смотрит в окно. Надпись сверху: "когда наконец наступила пятница". На втором он спит.'
)

#: a name → the captioner's settings, models by the names of full_size.py, and how it is trained
CAPTIONERS: dict[str, dict[str, Any]] = {
    "ClipCap: ruCLIP ViT-B/32-384 → MLP 10 → frozen ruGPT3-small": {
        "name": "clipcap", "prefix_length": 10, "reading": True,
        "encoder": {"name": "ruclip", "model": "ruclip-vit-base-patch32-384"}, "decoder": {"model": "rugpt3small"},
    },
    "ClipCap: ruCLIP ViT-B/32-384 → MLP 10 → trained ruGPT3-small": {
        "name": "clipcap", "prefix_length": 10, "reading": True,
        "encoder": {"name": "ruclip", "model": "ruclip-vit-base-patch32-384"},
        "decoder": {"model": "rugpt3small", "train": "full"},
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="captioners whose name holds one of these words")
    parser.add_argument("--files", type=Path, help="keep the models' files here (several GB)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(measure(json.loads(arguments.run), arguments.threads)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        files = arguments.files or Path(temporary)
        print("| captioner | parameters, M | trained, M | load, s | step, s | caption, s | peak memory, GB |")
        print("|---|---|---|---|---|---|---|")
        for name, settings in CAPTIONERS.items():
            if not arguments.only or any(word in name for word in arguments.only):
                found = _in_process(_with_files(settings, files), arguments.threads)
                numbers = [f"{found[key]:.1f}" for key in ("parameters", "trained", "load", "step", "caption", "peak")]
                print(f"| {name} | {' | '.join(numbers)} |", flush=True)


def _with_files(settings: dict[str, Any], files: Path) -> dict[str, Any]:
    script = "import sys; from pathlib import Path; import full_size; full_size.write(sys.argv[1], Path(sys.argv[2]))"
    made = dict(settings)
    for key in ("encoder", "decoder"):
        model = made.get(key, {}).get("model")
        if model:  # written by another process: its memory is not the captioner's
            subprocess.run([sys.executable, "-c", script, model, str(files)], check=True, cwd=Path(__file__).parent)
            made[key] = {**made[key], "model": str(files / model)}
    return made


def _in_process(settings: dict[str, Any], threads: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--run", json.dumps(settings), "--threads", str(threads)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(answer.splitlines()[-1])
    return found


def measure(settings: dict[str, Any], threads: int) -> dict[str, float]:
    """Train a few steps on `BATCH` pictures, save, reload, and caption the same pictures."""
    import numpy as np
    import torch
    from PIL import Image

    from memecap import checkpoint, config
    from memecap.batching import collate
    from memecap.captioners.base import create
    from memecap.decoding import Greedy
    from memecap.reading.base import Line, Reading

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    started = time.perf_counter()
    captioner = create(config.configure("captioners", settings), [CAPTION] * 4)
    load = time.perf_counter() - started
    noise = np.random.default_rng(0).integers(0, 256, (BATCH, 480, 640, 3), dtype=np.uint8)
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
    for _ in range(STEPS):
        loss = captioner(batch).mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    step = (time.perf_counter() - started) / STEPS
    decoding = Greedy(max_new_tokens=50, min_new_tokens=50)
    started = time.perf_counter()
    before = captioner.generate(batch.images, [reading] * BATCH, decoding)
    caption = (time.perf_counter() - started) / BATCH
    found = {
        "parameters": sum(p.numel() for p in captioner.parameters()) / 1e6,
        "trained": sum(p.numel() for p in trained) / 1e6,
        "load": load,
        "step": step,
        "caption": caption,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(captioner, Path(folder) / "saved")
        del captioner, optimizer, trained
        again = checkpoint.load(Path(folder) / "saved")
    if again.generate(batch.images, [reading] * BATCH, decoding) != before:
        raise SystemExit("the reloaded captioner says something else")
    return found


if __name__ == "__main__":
    main()
