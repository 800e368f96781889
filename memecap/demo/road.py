"""The whole road on the embedded world, as the commands a person would type, each printed before it runs.

In: an output folder. Out: in it report.html, scores.json, and all that the commands made on the way. The commands run
in this process, through the same command line; stopped half-way, the same demo goes on.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer

from memecap.core import storage
from memecap.core.manifest import open_corpus
from memecap.demo.vk_server import VkServer
from memecap.demo.world import ASSETS, paint_again, paint_photographs, paint_wall
from memecap.errors import MemecapError, UsageError

N_MEMES, N_PHOTOGRAPHS, N_AGAIN = 800, 700, 6
_CONFIG = "demo.yaml"
_HOME = "output/demo"  # as written in demo.yaml


class Road:
    """The steps, in order. `out` is a folder of its own."""

    def __init__(self, out: Path, *, n_memes: int = N_MEMES, n_photographs: int = N_PHOTOGRAPHS) -> None:
        self.out = out
        self.n_memes = n_memes
        self.n_photographs = n_photographs
        self.memes, self.photographs = out / "corpora" / "memes", out / "corpora" / "photographs"

    def walk(self) -> None:
        """All of it. Raises the error of the command that failed."""
        self._refuse_foreign()
        started = time.monotonic()
        with _environment({"MEMECAP_CACHE": str(self.out / "cache"), "HF_HUB_OFFLINE": "1"}):
            self.prepare()
            self.gather()
            self.translate()
            self.learn()
            self.measure()
            self.remember()
        minutes = (time.monotonic() - started) / 60
        typer.echo(f"Done in {minutes:.1f} minutes. Open {self.out / 'report.html'} in a browser.")

    def _refuse_foreign(self) -> None:
        """The road removes its own `raw/`, so it walks only where it has walked before, or where nothing stands."""
        if self.out.is_dir() and any(self.out.iterdir()) and not (self.out / _CONFIG).exists():
            fix = "Name another folder with --out."
            raise UsageError("the folder is not empty and holds no demo", where=self.out, fix=fix)

    def prepare(self) -> None:
        """Tiny checkpoints and the training configuration, where real ones would be downloaded."""
        typer.echo("Tiny checkpoints in the formats of ruCLIP, ruGPT-3 and OPUS-MT stand in for a download.")
        shutil.copytree(ASSETS, self.out / "models", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.yaml"))
        config = (ASSETS / _CONFIG).read_text(encoding="utf-8")
        storage.write_text(self.out / _CONFIG, config.replace(_HOME, str(self.out)))

    def gather(self) -> None:
        """Memes from a wall, and a corpus of English captions."""
        typer.echo(f"Painting {self.n_memes} memes for a local server that answers like api.vk.ru.")
        posts = paint_wall(self.out / "painted" / "memes", self.n_memes)
        shutil.rmtree(self.out / "raw", ignore_errors=True)  # of a server that is gone, its addresses too
        with VkServer({"textmeme": posts}) as server:
            access = {"VK_TOKEN": server.token, "MEMECAP_VK_API": server.address}
            typer.echo("$ export " + " ".join(f"{name}={value}" for name, value in access.items()))
            with _environment(access):
                self._run("scrape", "textmeme", "--out", self.out / "raw" / "memes")
        self._run(
            "corpus", "build", "memes", self.out / "raw" / "memes", "--out", self.memes,
            "--set", "val=0.06", "--set", "test=0.3",
        )  # fmt: skip
        self._run("corpus", "check", self.memes)
        typer.echo(f"Painting {self.n_photographs} pictures without text, with five English captions each.")
        table = paint_photographs(self.out / "painted" / "photographs", self.n_photographs)
        self._run(
            "corpus", "build", "flickr30k", table, "--out", self.photographs,
            "--set", f"images={table.parent / 'images'}", "--set", "val=0.06", "--set", "test=0",
        )  # fmt: skip

    def translate(self) -> None:
        """The English captions into Russian."""
        self._run("translate", self.photographs, "--set", f"model={self.out / 'models' / 'marian'}", "--set", "beam=1")

    def learn(self) -> None:
        """Read, look, train in two stages."""
        self._run("read", self.memes, "--set", "tesseract=false")
        self._run("features", self.memes, f"{self.photographs}_ru", "--config", self.out / _CONFIG)
        self._run("train", self.out / _CONFIG, "--out", self.out / "run")

    def measure(self) -> None:
        """Score the test split beside the floors, and caption one of its pictures."""
        self._run(
            "evaluate", self.out / "run", self.memes, "--split", "test", "--out", self.out,
            "--decoding", "greedy", "--set", "max_new_tokens=100", "--batch-size", "32",
        )  # fmt: skip
        picture = min((self.memes / "test" / "images").iterdir())
        self._run("caption", "--json", picture, "--model", self.out / "run")

    def remember(self) -> None:
        """A memory of some memes, and which of them come back under other text."""
        memory = self.out / "memory"
        self._run("memory", "build", self.memes, "--out", memory, "--split", "val")
        typer.echo(f"Painting {N_AGAIN} of them again, with the text of others.")
        again = paint_again(self.out / "painted" / "again", self._remembered()[:N_AGAIN], self.n_memes)
        reader = ("--reader-set", "tesseract=false")
        self._run("memory", "find", memory, *again, *reader)
        page = self.out / "recollections.html"
        self._run("memory", "look", memory, *again, "--corpus", self.memes, "--out", page, *reader)

    def _remembered(self) -> list[int]:
        """Places on the wall of the val memes; the newest post stands first and has the largest number."""
        posts = {row.group_id.rpartition("_")[2] for row in open_corpus(self.memes).rows("val")}
        return sorted(self.n_memes - int(post) for post in posts)

    def _run(self, *words: str | Path) -> None:
        """Print a command and run it, as if it had been typed."""
        from memecap.cli import app

        arguments = [str(word) for word in words]
        typer.echo(f"\n$ memecap {shlex.join(arguments)}")
        code = app(args=arguments, standalone_mode=False)
        if code:
            what = f"`memecap {arguments[0]}` ended with exit code {code}"
            raise MemecapError(what, where=self.out, fix="Read what it said above.")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ[name] for name in values if name in os.environ}
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]
        os.environ.update(before)
