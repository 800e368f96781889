"""Ctrl-C and SIGTERM at any step of a verb: the exit code of shells, the hint, and the same command goes on from there.

A signal comes at a counted call of a function of the package, never by a clock.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.reliability.test_failing_writes import seen
from tests.reliability.worlds import VERBS, Verb, again, import_as, make, run

HINT = "interrupted; the same command goes on from here"
STOPS = {signal.SIGINT: 130, signal.SIGTERM: 143}
SIGNALS = int(os.environ.get("MEMECAP_SIGNALS", "50"))
STOPPED_WITHIN_S = 5  # of this process's own time: what others do on the machine is not its business


class SignalAt:
    """Sends this process a signal at the k-th call that the package makes of a function; 0 sends none.

    `calls`: how many there were, and the seconds of its own time that it lived on after the signal.
    """

    def __init__(self, step: int = 0, number: int = 0) -> None:
        self._step, self._number = step, number
        self._n_steps, self._sent_at = 0, 0.0

    @property
    def calls(self) -> list[float]:
        return [self._n_steps, time.process_time() - self._sent_at if self._sent_at else 0.0]

    def __enter__(self) -> SignalAt:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the shell of the tests may ignore it
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _count(self, frame: FrameType, event: str, _: Any) -> None:
        if event in ("call", "c_call") and f"{os.sep}memecap{os.sep}" in frame.f_code.co_filename:
            self._n_steps += 1
            if self._n_steps == self._step:
                self._sent_at = time.process_time()
                os.kill(os.getpid(), self._number)


def told(world: Path) -> list[float]:
    found: list[float] = json.loads(world.with_name(f"{world.name}.calls").read_text(encoding="utf-8"))
    return found


def torment(verb: Verb, tmp_path: Path, n_signals: int) -> None:
    pristine, world = tmp_path / "pristine", tmp_path / "world"
    make(verb, pristine)
    again(pristine, world)
    code, said = run(verb.arguments, world, SignalAt())
    assert code == 0, said
    import_as(world)
    again(pristine, world)
    assert run(verb.arguments, world, SignalAt())[0] == 0  # counted again: what is imported is not a step
    expected, n_steps = seen(world / verb.results), int(told(world)[0])
    chance, slowest, wrong, goes_on = random.Random(verb.name), 0.0, [], False
    for turn in range(n_signals):
        number = (signal.SIGINT, signal.SIGTERM)[turn % 2]
        step = chance.randint(1, n_steps)
        if not goes_on:
            again(pristine, world)
        code, said = run(verb.arguments, world, SignalAt(step, number))
        n_done, seconds = told(world)
        slowest = max(slowest, seconds)
        if n_done >= step and (code != STOPS[number] or HINT not in said or "Traceback" in said):
            wrong.append(f"{verb.name}, step {step} of {n_steps}, {number.name}: exit code {code}: {said[-900:]}")
        if seconds > STOPPED_WITHIN_S:
            wrong.append(f"{verb.name}, step {step}: lived on for {seconds:.1f} s")
        goes_on = n_done >= step and turn % 3 < 2  # every third ends the work, the others are stopped again
        if not goes_on:
            code, said = run(verb.arguments, world)
            if code or seen(world / verb.results) != expected:
                wrong.append(f"{verb.name}, after step {step}: the same command again: exit code {code}: {said[-900:]}")
    print(f"{verb.name}: {n_signals} signals in {n_steps} steps, {len(wrong)} wrong, slowest {slowest:.2f} s")
    assert not wrong, "\n".join(wrong)


def named(*names: str) -> list[Verb]:
    return [verb for verb in VERBS if verb.name in names]


@pytest.mark.parametrize("verb", named("export tsv"), ids=lambda verb: verb.name)
def test_two_signals(verb: Verb, tmp_path: Path) -> None:
    torment(verb, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # a guard, not a measure
@pytest.mark.parametrize("verb", named("build", "read", "evaluate", "train", "label"), ids=lambda verb: verb.name)
def test_many_signals(verb: Verb, tmp_path: Path) -> None:
    torment(verb, tmp_path, SIGNALS)
