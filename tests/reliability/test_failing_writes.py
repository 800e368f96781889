"""Every write of every verb fails once: the exit code says so, old results stay whole, the same command goes on."""

from __future__ import annotations

import errno
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from failing_disk import FailingDisk
from killing import files

from tests.reliability.worlds import VERBS, Verb, again, import_as, make, run

STORAGE, SOME_FAILED = 74, 1  # `caption --sidecar` goes on with the other pictures
# What holds times, an order of work, or the database's own pages: its content is compared by what comes of it.
ORDERS = (".pictures.sqlite", "cache.sqlite", "memory.sqlite", "state.pt", "curves.png", "log.csv", "report.html")
GROWING = (".part", "labels.jsonl", ".memecap-sidecars.jsonl", "samples.jsonl", "-journal", "-wal", "-shm")

# They say that the rest is whole, and are away while it is not.
UNSAID = ("corpus.json", "SHA256SUMS")


def seen(folder: Path) -> dict[str, bytes]:
    """The results that must be the same bytes, by path."""
    return {
        name: content
        for name, content in files(folder).items()
        if not Path(name).name.startswith(ORDERS) and not name.endswith(GROWING) and "/index/" not in f"/{name}"
    }


@dataclass
class Trial:
    """One verb in its world: undisturbed first, then with a failure."""

    verb: Verb
    pristine: Path
    world: Path

    def begin(self) -> int:
        """Run it undisturbed; returns how many changes it asks the disk for."""
        make(self.verb, self.pristine)
        again(self.pristine, self.world)
        code, said = run(self.verb.arguments, self.world, FailingDisk(self.world))
        assert code == 0, said
        import_as(self.world)
        self.old, self.expected = seen(self.pristine / self.verb.results), seen(self.world / self.verb.results)
        assert self.expected != self.old
        return len(json.loads(self.world.with_name(f"{self.world.name}.calls").read_text(encoding="utf-8")))

    def fails(self, turn: int, number: int, *, lasting: bool) -> str:
        """What is wrong after the failure of that change; empty where nothing is."""
        again(self.pristine, self.world)
        code, said = run(self.verb.arguments, self.world, FailingDisk(self.world, turn, number=number, lasting=lasting))
        calls = json.loads(self.world.with_name(f"{self.world.name}.calls").read_text(encoding="utf-8"))
        what = f"{self.verb.name}, change {turn} ({calls[turn - 1] if turn <= len(calls) else 'never asked'}): "
        found = seen(self.world / self.verb.results)
        if code == 0 and found == self.expected:
            return ""  # it can be done without: a lock's permissions, what is tidied away
        allowed = {STORAGE, SOME_FAILED} if self.verb.name == "caption" else {STORAGE}
        if code not in allowed or "Traceback" in said:
            return f"{what}exit code {code}: {said[-700:]}"
        for name, content in found.items():
            if content not in (self.old.get(name), self.expected.get(name)) and not Path(name).name.startswith("."):
                return f"{what}{name} is neither the old one nor the new one"
        if gone := [
            name for name in self.old.keys() & self.expected.keys() - found.keys() if not name.endswith(UNSAID)
        ]:
            return f"{what}{gone} are gone"
        code, said = run(self.verb.arguments, self.world)
        if code or (after := seen(self.world / self.verb.results)) != self.expected:
            differing = (
                []
                if code
                else [name for name in {**after, **self.expected} if after.get(name) != self.expected.get(name)]
            )
            return f"{what}the same command again: exit code {code}, other {differing}: {said[-700:]}"
        return ""


def torment(verb: Verb, tmp_path: Path, numbers: list[int], *, at_most: int | None, lasting: bool = False) -> int:
    trial = Trial(verb, tmp_path / "pristine", tmp_path / "world")
    turns = range(1, trial.begin() + 1)
    chosen = [*turns] if at_most is None else sorted(random.Random(0).sample(turns, min(at_most, len(turns))))
    wrong = [told for turn in chosen for number in numbers if (told := trial.fails(turn, number, lasting=lasting))]
    print("\n".join(wrong))
    print(f"{verb.name}: {len(chosen)} of {len(turns)} changes × {len(numbers)}, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    return len(chosen) * len(numbers)


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if verb.name in ("export tsv", "caption")], ids=lambda v: v.name
)
def test_some_writes_fail_once(verb: Verb, tmp_path: Path) -> None:
    torment(verb, tmp_path, [errno.EIO], at_most=4)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # a guard, not a measure
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_write_fails_once(verb: Verb, tmp_path: Path) -> None:
    torment(verb, tmp_path, [errno.EIO], at_most=None)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT], ids=["full", "read-only", "quota"])
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_disk_that_stays_bad(verb: Verb, number: int, tmp_path: Path) -> None:
    torment(verb, tmp_path, [number], at_most=12, lasting=True)
