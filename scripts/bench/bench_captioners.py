"""Every captioner that can be run here, scored beside the floors: one page and one Markdown table of all of them.

    python scripts/bench/bench_captioners.py [--only lstm …] [--folder FOLDER] [--threads 1] [--limit N]
                                             [--memes CORPUS [--memory FOLDER] [--run NAME=MODEL …]]

Painted memes: trains configs/train/demo_<captioner>.yaml one after another. Real ones, where MEMES (a corpus that was
built and read, `--memes` or $MEMECAP_MEMES) is there: `template`, `remember` with a memory of the training split (made
where `--memory` names none), every model that `--run` names, and every file FOLDER/memes/<system>.jsonl of captions
made elsewhere. What is done already is not done again. Out: FOLDER/leaderboard.html and leaderboard.md, and tables
on stdout. A lead is the captioner's chrF2 minus the floor's, with the 95 % interval of a paired bootstrap.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs" / "train"
SCORES = ("bleu1", "bleu4", "meteor", "chrf2", "quoted_recall", "quoted_precision")
FLOORS = ("constant", "random_caption", "template", "template_constant", "template_random", "shuffled_pixels")
FLOOR_ROWS = {
    "template_constant": "floor: template's quotes after the best constant scene",
    "template_random": "floor: template's quotes after the scene of a random training caption",
    "template": "floor: template with reading",
    "constant": "floor: the best constant caption",
    "random_caption": "floor: a random training caption",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = sorted(path.stem.removeprefix("demo_") for path in CONFIGS.glob("demo_*.yaml"))
    parser.add_argument("--only", nargs="*", default=every, help=f"of {', '.join(every)}")
    parser.add_argument("--folder", type=Path, default=ROOT / "output" / "bench_captioners")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=int, help="only so many rows of a split")
    parser.add_argument(
        "--memes", type=Path, default=os.environ.get("MEMECAP_MEMES") or None, help="corpus of real memes"
    )
    parser.add_argument("--memory", type=Path, help="memory of the training memes")
    parser.add_argument("--run", action="append", default=[], metavar="NAME=MODEL", help="further model for real memes")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    limit = ["--limit", str(arguments.limit)] if arguments.limit else []
    if arguments.only:
        make_world(folder)
    for name in arguments.only:
        train(name, folder, arguments.threads, limit)
    if names := [name for name in every if (folder / name / "test" / "scores.json").exists()]:
        print_table(names, folder)
    if arguments.memes and arguments.memes.is_dir():
        runs = dict(one.split("=", 1) for one in arguments.run)
        describe_memes(arguments.memes.resolve(), folder, arguments.memory, runs, arguments.threads, limit)
    write_page(names, folder)


def describe_memes(
    corpus: Path, folder: Path, memory: Path | None, runs: dict[str, str], threads: int, limit: list[str]
) -> None:
    """Evaluate whatever describes real memes here on their validation split, in <folder>/memes/<system>."""
    out = folder / "memes"
    memory = memory.resolve() if memory else out / "memory"
    if not (memory / "memory.sqlite").exists() and not (out / "remember.jsonl").exists():
        command(folder, threads, "memory", "build", corpus, "--split", "train", "--out", memory)
    systems = {"template": "template", "remember": "remember", **runs}
    for name, model in systems.items():
        if (out / f"{name}.jsonl").exists():
            continue  # its captions were made elsewhere
        told = ["--memory", memory] if name == "remember" else []
        model = str(Path(model).resolve()) if Path(model).exists() else model
        command(
            folder, threads, "evaluate", model, corpus, "--split", "val", "--out", out / name, "--batch-size", "32",
            *told, *limit,
        )  # fmt: skip


def write_page(names: list[str], folder: Path) -> None:
    """The page of both boards, as far as there is anything to show."""
    from memecap.report.leaderboard import Board, write_leaderboard

    notes = {name: f"{int((folder / name / 'seconds').read_text()) / 60:.1f} CPU minutes" for name in names}
    painted = {name: folder / name / "test" for name in names}
    memes = {path.parent.name: path.parent for path in sorted((folder / "memes").glob("*/scores.json"))}
    captions = {path.stem: path for path in sorted((folder / "memes").glob("*.jsonl"))}
    boards = [Board("Нарисованные мемы", painted, notes=notes)] if painted else []
    boards += [Board("Настоящие мемы, проверочная часть", memes, captions)] if memes else []
    if boards:
        print(*write_leaderboard(folder, boards), sep="\n", file=sys.stderr)


def make_world(folder: Path) -> None:
    """The demo's corpora, translated and read, in <folder>/output/demo, where the configurations look for them."""
    from memecap.demo.road import Road

    done = folder / "world.done"
    if done.exists():
        return
    import memecap.cli.verbs  # noqa: F401  (the road runs commands)

    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["MEMECAP_CACHE"] = str(folder / "cache")
    road = Road(folder / "output" / "demo")
    road.prepare()
    road.gather()
    road.translate()
    command(
        folder,
        1,
        "read",
        road.memes,
        "--reader",
        "tesseract",
        "--set",
        "languages=rus",
        "--set",
        "passes=[white-11,plain-3]",
    )
    maker = ROOT / "scripts" / "demo_checkpoints" / "make_vlm.py"
    subprocess.run([sys.executable, maker, road.out], check=True, stdout=sys.stderr)
    done.touch()


def train(name: str, folder: Path, threads: int, limit: list[str]) -> None:
    """Train, remember the seconds of CPU it took, evaluate."""
    run = folder / name
    if not (run / "seconds").exists():
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        command(folder, threads, "train", CONFIGS / f"demo_{name}.yaml", "--out", run)
        (run / "seconds").write_text(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before:.0f}")
    command(
        folder, threads, "evaluate", run, "output/demo/corpora/memes", "--split", "test", "--out", run / "test",
        "--decoding", "greedy", "--set", "max_new_tokens=100", "--batch-size", "32",
        *limit,
    )  # fmt: skip


def command(folder: Path, threads: int, *words: str | Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
    subprocess.run(
        [sys.executable, "-m", "memecap", *map(str, words)],
        check=True, cwd=folder, env=environment, stdout=sys.stderr,
    )  # fmt: skip


def print_table(names: list[str], folder: Path) -> None:
    found = {name: json.loads((folder / name / "test" / "scores.json").read_text(encoding="utf-8")) for name in names}
    print("| system | CPU minutes | BLEU-1 | BLEU-4 | METEOR | chrF2 [95 %] | quoted recall | quoted precision |")
    print("|---|---|---|---|---|---|---|---|")
    for name in sorted(names, key=lambda name: -_record(found[name], None)["scores"]["chrf2"]):
        minutes = int((folder / name / "seconds").read_text()) / 60
        print(f"| {name} | {minutes:.1f} | {_scores(_record(found[name], None))} |")
    for floor, title in FLOOR_ROWS.items():
        print(f"| {title} | | {_scores(_record(found[names[0]], floor))} |")
    titles = (*(name.replace("_", " ") for name in FLOORS[:-1]), "its own with another row's pixels")
    print(f"\n| chrF2 lead over | {' | '.join(titles)} |")
    print("|---" * (len(titles) + 1) + "|")
    for name in names:
        print(f"| {name} | {' | '.join(_lead(found[name], floor) for floor in FLOORS)} |")


def _record(records: list[dict[str, Any]], floor: str | None) -> Any:
    """The captioner's record, or a floor's; None where that floor does not apply."""
    if floor is None:
        return next(record for record in records if record["kind"] == "captioner")
    return next((record for record in records if record["system"] == floor), None)


def _scores(record: dict[str, Any]) -> str:
    shown = []
    for name in SCORES:
        digits = 1 if name.startswith(("bleu", "chrf")) else 3
        value = f"{record['scores'][name]:.{digits}f}"
        if name == "chrf2":
            low, high = record["intervals"][name]
            value += f" [{low:.1f}, {high:.1f}]"
        shown.append(value)
    return " | ".join(shown)


def _lead(records: list[dict[str, Any]], floor: str) -> str:
    record = _record(records, floor)
    if record is None:
        return "sees no pixels"
    lead = record["compared"]["minus_this"]["chrf2"]
    return f"{lead['difference']:+.1f} [{lead['low']:+.1f}, {lead['high']:+.1f}]"


if __name__ == "__main__":
    main()
