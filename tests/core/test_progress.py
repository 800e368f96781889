"""Progress goes to stderr, and nowhere when nobody looks."""

from __future__ import annotations

import pytest

from memecap.core.progress import say, track


def test_items_pass_through_silently(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([1, 2, 3], "numbers")) == [1, 2, 3]
    assert list(track(iter("ab"), "letters")) == ["a", "b"]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_messages_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("мем")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "мем\n")
