"""`kill -9` at any call that the package makes, of every verb that writes: the same command ends in the same bytes."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.reliability.test_failing_writes import seen
from tests.reliability.test_signals import SignalAt, named, told
from tests.reliability.worlds import VERBS, Verb, again, import_as, make, run

KILLS = int(os.environ.get("MEMECAP_KILLS", "100"))


def torment(verb: Verb, tmp_path: Path, n_kills: int) -> None:
    """Rounds of up to three kills, each followed by the same command, undisturbed."""
    pristine, world = tmp_path / "pristine", tmp_path / "world"
    make(verb, pristine)
    for _ in range(2):  # the second time everything is imported, and imports are no steps
        again(pristine, world)
        code, said = run(verb.arguments, world, SignalAt())
        assert code == 0, said
        import_as(world)
    expected, n_steps = seen(world / verb.results), int(told(world)[0])
    chance, done, rounds = random.Random(verb.name), 0, 0
    while done < n_kills:
        again(pristine, world)
        rounds += 1
        for _ in range(min(chance.randint(1, 3), n_kills - done)):
            code, said = run(verb.arguments, world, SignalAt(chance.randint(1, n_steps), signal.SIGKILL))
            assert code in (-signal.SIGKILL, 0), said[-900:]  # one that goes on may be done before
            done += code != 0
        code, said = run(verb.arguments, world)
        assert code == 0, said[-900:]
        assert seen(world / verb.results) == expected, f"{verb.name}, round {rounds}"
    print(f"{verb.name}: {done} kills in {rounds} rounds of {n_steps} steps, the same bytes")


@pytest.mark.parametrize("verb", named("caption"), ids=lambda verb: verb.name)
def test_two_kills(verb: Verb, tmp_path: Path) -> None:
    torment(verb, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.timeout(7200)  # a guard, not a measure
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_hundred_kills(verb: Verb, tmp_path: Path) -> None:
    torment(verb, tmp_path, KILLS)
