"""Two, four and eight processes run one command on one folder: each ends well or is told to wait; nothing is torn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.reliability.test_failing_writes import seen
from tests.reliability.worlds import VERBS, Verb, again, import_as, make, run, start

DONE, TRY_LATER = 0, 75


def crowd(verb: Verb, tmp_path: Path, sizes: list[int], n_rounds: int) -> None:
    pristine, world = tmp_path / "pristine", tmp_path / "world"
    make(verb, pristine)
    again(pristine, world)
    code, said = run(verb.arguments, world)
    assert code == DONE, said
    import_as(world)
    expected = seen(world / verb.results)
    for size in sizes:
        for number in range(n_rounds):
            again(pristine, world)
            children = [start(verb.arguments, world, said=tmp_path / f"said{i}") for i in range(size)]
            codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
            spoken = [(tmp_path / f"said{i}").read_text(encoding="utf-8", errors="replace") for i in range(size)]
            strange = [words for code, words in zip(codes, spoken, strict=True) if code not in (DONE, TRY_LATER)]
            assert not strange, f"{verb.name}, {size} processes, round {number}: {codes} {strange[0][-900:]}"
            assert DONE in codes
            assert seen(world / verb.results) == expected, f"{verb.name}, {size} processes, round {number}: {codes}"
    print(f"{verb.name}: {n_rounds} rounds of {sizes} processes")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.name == "caption"], ids=lambda verb: verb.name)
def test_two_processes(verb: Verb, tmp_path: Path) -> None:
    crowd(verb, tmp_path, [2], 1)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # a guard, not a measure
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_crowds(verb: Verb, tmp_path: Path) -> None:
    crowd(verb, tmp_path, [2, 4, 8], int(os.environ.get("MEMECAP_ROUNDS", "5")))
