"""Blind questions, and the count of their answers."""

from __future__ import annotations

import json

import pytest

from memecap import judging
from memecap.errors import DataError
from memecap.predictions import Prediction, write_predictions

A = [Prediction(str(i), f"кот {i}", ("эталон",), {"file_name": f"images/{i}.png"}) for i in range(40)]
B = [Prediction(str(i), f"пёс {i}" if i else "кот 0", ("эталон",)) for i in range(40)]


def test_questions_are_blind_and_skip_equal_captions():
    questions = judging.pairs(A, B)
    assert len(questions) == 39
    assert {question.order for question in questions} == {"ab", "ba"}
    for question in questions:
        assert question.first.startswith("кот" if question.order == "ab" else "пёс")
        assert question.winner("1") == ("a" if question.first.startswith("кот") else "b")
        assert question.winner("=") == "tie"
    assert judging.pairs(A, B, n=5) == questions[:5]
    with pytest.raises(DataError):
        judging.pairs(A, A)


def test_the_tally_counts_wins_and_agreement():
    def said(judge, winners):
        return [{"judge": judge, "image_id": str(i), "winner": w} for i, w in enumerate(winners)]

    found = judging.tally([*said("анна", "aaab"), *said("борис", ["a", "a", "b", "b"])])
    assert (found.n, found.a, found.b, found.tie, found.judges) == (8, 5, 3, 0, 2)
    assert found.win_rate == pytest.approx(5 / 8)
    assert (found.low, found.high) == pytest.approx((0.3057, 0.8632), abs=1e-4)  # Wilson's interval of 5 in 8
    assert found.agreement == 0.75
    assert found.kappa == pytest.approx(0.5)  # by hand: chance .75 * .5 + .25 * .5
    assert judging.tally(said("анна", ["tie", "tie"])).win_rate == 0.5
    with pytest.raises(DataError, match="not an answer"):
        judging.tally([{"judge": "анна", "image_id": "1", "winner": "c"}])


def test_the_terminal_asks_goes_on_and_counts(tmp_path):
    from typer.testing import CliRunner

    import memecap.cli._verbs  # noqa: F401
    from memecap.cli import app

    paths = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    for path, rows in zip(paths, (A[:5], [Prediction("9", "\x1b[31m", ("э",)), *B[1:5]]), strict=True):
        write_predictions(tmp_path / path, rows)
    out = str(tmp_path / "answers.jsonl")
    first = CliRunner().invoke(app, ["judge", *paths, "--out", out], input="1\nнет\n=\nq\n")
    assert first.exit_code == 0, first.output
    assert "a.jsonl" not in first.stdout
    second = CliRunner().invoke(app, ["judge", *paths, "--out", out], input="2\n2\n")
    assert "[1/2]" in second.stdout
    counted = CliRunner().invoke(app, ["judge", out, "--tally", "--json"])
    assert json.loads(counted.stdout)["n"] == 4
    page = tmp_path / "page.html"
    assert CliRunner().invoke(app, ["judge", *paths, "--page", str(page)]).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert text.count('"image_id"') == 4
