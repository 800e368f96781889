"""Every command of the READMEs and of the pages for beginners runs as it is written, on a painted world.

The world: painted memes, the repository's YAMLs, tiny checkpoints in the Hub's cache; for commands that name a corpus,
a run or a memory also what the six commands of docs/train_your_own.md make of twelve described pictures (slow). A
command is typed as it stands; what is added makes it short. What does not run here is in `LEFT_OUT` with its reason,
the whole road in `test_readme_road.py`.
"""

from __future__ import annotations

import csv
import random
import re
import shlex
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hub_cache import put_into_the_hub_s_cache
from typer.testing import CliRunner
from written_commands import commands, shell_block

from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.core import corrections
from memecap.demo import world as painted_world
from memecap.demo.painter import paint

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.ru.md"]
PAGES = ["first_caption", "page", "train_your_own", "your_data", "models"]
DOCUMENTS = [*READMES, *(f"docs/{name}.md" for name in PAGES)]
OWN = shell_block(ROOT / "docs" / "train_your_own.md")

SERVER, WEIGHTS, NETWORK = "asks a server that is not here", "needs gigabytes of weights", "needs the network"
SETUP, DOCKER = "installs packages from the network", "needs Docker"
NAMED = "names a verb in a sentence; its commands stand elsewhere"
LEFT_OUT = {
    "make setup": SETUP,
    "pip install '.[web]'": SETUP,
    "make docs": SETUP + ": tests/test_site.py builds the site where mkdocs is",
    "make demo": "takes ten minutes: tests/demo/test_road.py (slow)",
    "make serve": "is `memecap serve` after `make setup`",
    "memecap caption https://example.org/meme.jpg": NETWORK + ": tests/pictures/test_fetch.py asks a guarded one",
    "memecap caption memes/ --model configs/serve/qwen3_vl_8b.yaml": SERVER + ": tests/captioners/test_openai.py",
    "memecap caption meme.jpg --model configs/train/vlm_qwen3_2b_zero_shot.yaml --precision bf16": WEIGHTS,
    "memecap models fetch NAME": NETWORK,
    "torchrun --nproc_per_node 2 -m memecap train FILE": "takes a minute: tests/training/test_loop.py (slow)",
    "docker build -t memecap .": DOCKER,
    "docker run --rm -p 127.0.0.1:8000:8000 memecap": DOCKER,
    'docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/output:/output:ro" memecap --model /output/memes_read': DOCKER,
    "memecap corpus build KIND SOURCE --out FOLDER": NAMED,
    "memecap corpus index FOLDER": "wants packed shards: tests/corpora/tools/test_index_shards.py",
    "memecap score": NAMED,
    "memecap judge": NAMED,
    "memecap judge --results": NAMED,
    "memecap score … --alt": NAMED,
    "memecap evaluate … --lang en": NAMED,
    "memecap judge … --page judge.html --lang en": NAMED,
    "python scripts/readme_pictures.py": "wants a browser and a finished demo",
}  # fmt: skip
#: what a command's capital words stand for here
MEANT = {
    "memecap corpus build corrections FOLDER": {"FOLDER": "corrections"},
    "memecap corpus build pictures FOLDER --out data/corpora/wild": {"FOLDER": "memes"},
    "memecap label data/corpora/wild --model TEACHER --out data/corpora/taught": {"TEACHER": "template"},
    "memecap config show FILE": {"FILE": "configs/train/own.yaml"},
    "memecap train FILE --dry-run": {"FILE": "configs/train/own.yaml"},
}
#: exit codes that say something else than a failure of the command
CODES = {
    "memecap train configs/train/vlm_qwen3_2b_lora.yaml --dry-run": {65, 74},  # it says what is missing
    "memecap doctor": {0, 69},  # and so does it
}
#: the beginning of a command → what makes it short
SHORTER = {
    "caption": ["--reader-set", "tesseract=false"],
    "read": ["--set", "tesseract=false"],
    "bench": ["--limit", "1", "--reader-set", "tesseract=false"],
    "memory find": ["--reader-set", "tesseract=false"],
    "serve": ["--reader-set", "tesseract=false", "--port", "0"],
    "corpus build table": ["--set", "val=0.3", "--set", "test=0"],
    "train configs/train/own.yaml": ["--set", "stages.0.epochs=1", "--set", "val_captions=2", "--set", "samples=1"],
    "evaluate": ["--resamples", "100"],
    "label": ["--reader-set", "tesseract=false"],
}  # fmt: skip
N_MEMES = 12


def written() -> dict[str, str]:
    """command → the first document that says it; the road, which has a test of its own, aside."""
    heading = (ROOT / "README.md").read_text(encoding="utf-8").split("## The whole road", 1)[1]
    block = re.search(r"```sh\n(.*?)```", heading, flags=re.DOTALL)
    assert block is not None
    road = set(shlex_lines(block[1]))
    found: dict[str, str] = {}
    for document in DOCUMENTS:
        for command in commands(ROOT / document):
            if " ".join(shlex.split(command)) not in road:
                found.setdefault(command, document)
    return found


def shlex_lines(block: str) -> list[str]:
    lines = block.replace("\\\n", " ").splitlines()
    return [" ".join(words) for line in lines if (words := shlex.split(line, comments=True))]


WRITTEN = written()
RUN = [command for command in WRITTEN if command not in LEFT_OUT]


def test_what_is_left_out_is_still_written() -> None:
    assert set(LEFT_OUT) <= set(WRITTEN)


def test_both_readmes_say_the_same_commands() -> None:
    english, russian = (commands(ROOT / document) for document in READMES)
    assert english == russian


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder in which the commands find what they name."""
    import huggingface_hub.constants

    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        put_into_the_hub_s_cache(folder / "hub")
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder / "hub"))
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        patch.setenv("MEMECAP_CACHE", str(folder / "cache"))
        for name in ("configs", "docs"):
            (folder / name).symlink_to(ROOT / name)
        paint_own(folder)
        yield folder


@pytest.fixture(scope="module")
def trained(world: Path) -> Path:
    """The world after the six commands, their corpus and run also by the names that other commands have for them."""
    for command in OWN[1:5]:
        run(command)
    shutil.copytree("data/corpora/mine", "data/corpora/memes")
    shutil.copytree("output/own", "output/memes_read")
    run("memecap memory build data/corpora/memes --split train --out data/memory")
    return world


def paint_own(folder: Path) -> None:
    """Somebody's pictures and CSV, pictures without words about them, a correction, a first file of captions."""
    drawn = painted_world.memes(N_MEMES + 2, seed=5)
    for place in ("pictures", "memes"):
        (folder / place).mkdir()
    with (folder / "memes.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "caption"])
        for number, meme in enumerate(drawn[:N_MEMES]):
            paint(meme, random.Random(number), width=320).save(folder / "pictures" / f"{number:04}.jpg", quality=90)
            table.writerow([f"{number:04}.jpg", meme.description])
    for number, meme in enumerate(drawn[N_MEMES:]):
        paint(meme, random.Random(number), width=320).save(folder / "memes" / f"{number}.jpg", quality=90)
    shutil.copy(folder / "memes" / "0.jpg", folder / "meme.jpg")
    content = (folder / "meme.jpg").read_bytes()
    corrections.add(folder / "corrections", content, ".jpg", caption="Кот.", before="кот", model="template")
    (folder / "first.txt").write_text("1\tкот спит\tкот спит дома\n2\tпёс\tпёс ест\n", encoding="utf-8")


def run(command: str) -> None:
    """Type a command. What it would write to a file goes there. Raises `AssertionError` where it fails."""
    line, _, target = command.partition(" > ")
    meant = MEANT.get(command, {})
    words = [meant.get(word, word) for word in shlex.split(line)[1:]]
    done = CliRunner().invoke(app, [*words, *shorter(words)])
    if target:
        Path(target).write_text(done.stdout, encoding="utf-8")
    code = getattr(done.exception, "exit_code", done.exit_code)
    if code not in CODES.get(command, {0}):
        raise AssertionError(f"{command}: exit code {code}\n{done.output}") from done.exception


def shorter(words: Sequence[str]) -> list[str]:
    if {"--reader", "--dry-run"} & set(words):
        return []
    return [extra for verb, more in SHORTER.items() if " ".join(words).startswith(f"{verb} ") for extra in more]


def served(monkeypatch: pytest.MonkeyPatch, command: str, picture: Path, path: str) -> Any:
    """What the server that a command starts answers to a picture; it stops then."""
    import uvicorn
    from starlette.testclient import TestClient

    answers: list[Any] = []

    def ask(self: uvicorn.Server, sockets: Any = None) -> None:
        with TestClient(self.config.app, base_url="http://127.0.0.1:8000") as client:  # type: ignore[arg-type]
            ends = time.monotonic() + 100
            while client.get("/readyz").status_code != 200 and time.monotonic() < ends:
                time.sleep(0.05)
            with picture.open("rb") as file:
                answers.append(client.post(path, files={"picture": file}))
        for one in sockets or ():
            one.close()

    monkeypatch.setattr(uvicorn.Server, "run", ask)
    run(command)
    assert answers[0].status_code == 200
    return answers[0].json()


def wants_training(command: str) -> bool:
    """Does it name a corpus, a memory or a run, or what is taught on one?"""
    meant = " ".join(MEANT.get(command, {}).get(word, word) for word in command.split())
    return command.startswith("curl") or bool(re.search(r"\b(data|output)/|train \S+/own\.yaml", meant))


QUICK = [command for command in RUN if not wants_training(command)]


@pytest.mark.parametrize("command", QUICK)
def test_it_runs_as_written(command: str, world: Path) -> None:
    assert command.startswith("memecap "), "say here how it runs, or in LEFT_OUT why it does not"
    run(command)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", [command for command in RUN if command not in QUICK])
def test_it_runs_as_written_after_a_training(command: str, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)
    if words[0] == "curl":
        form, address = words[words.index("-F") + 1], words[-1]
        picture, path = Path(form.removeprefix("picture=@")), address.removeprefix("http://127.0.0.1:8000")
        served(monkeypatch, "memecap serve --model output/memes_read", picture, path)
    elif words[1] == "serve":
        said = served(monkeypatch, command, Path("meme.jpg"), "/v1/caption")["captions"]
        assert len(said) == 2 and all(one["caption"] for one in said)
    else:
        run(command)


def test_the_python_runs(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = {
        code
        for document in [*READMES, "docs/first_caption.md"]
        for code in re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    }
    bare = {re.sub(r" *#.*", "", code) for code in blocks}
    assert len(bare) == 1  # the same in both languages, comments aside
    exec(compile(bare.pop(), "README.md", "exec"), {})
    assert '"' in capsys.readouterr().out.splitlines()[0]


def test_the_caption_shown_is_the_one_given() -> None:
    documents = [(ROOT / document).read_text(encoding="utf-8") for document in [*READMES, "docs/index.md"]]
    shown = {line for text in documents for line in re.findall(r"^> (.*)$", text, flags=re.MULTILINE)}
    done = CliRunner().invoke(app, ["caption", str(ROOT / "docs" / "pictures" / "meme.png"), *SHORTER["caption"]])
    assert {done.stdout.strip()} == shown


def test_a_stranger_needs_three_commands_for_a_caption_and_six_for_a_captioner() -> None:
    """From an empty machine, in a clone."""
    assert 1 <= len(shell_block(ROOT / "README.md")) <= 3
    assert shell_block(ROOT / "README.md") == shell_block(ROOT / "docs" / "first_caption.md")
    assert len(OWN) <= 6
    assert [line.split()[1] for line in OWN] == ["setup", "corpus", "read", "train", "evaluate", "serve"]
