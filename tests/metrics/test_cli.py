"""`memecap score` with metrics that need models."""

from __future__ import annotations

import json

from memecap.core import storage
from memecap.errors import UsageError
from memecap.scoring.predictions import Prediction


def test_the_command_scores_with_models(bert, tiny_models, pictures, tmp_path):
    from typer.testing import CliRunner

    import memecap.cli.verbs  # noqa: F401
    from memecap.cli import app

    rows = [Prediction(str(i), "кот", ("кот сидит",), {"file_name": path.name}) for i, path in enumerate(pictures)]
    storage.write_jsonl(tmp_path / "mine.jsonl", (row.to_json() for row in rows))
    command = ["score", str(tmp_path / "mine.jsonl"), "--images", str(tmp_path), "--resamples", "100", "--json"]
    command += ["--metric", "bertscore", "--set", f"bertscore.model={bert}", "--set", "bertscore.layer=2"]
    command += ["--metric", "clipscore", "--set", f"clipscore.model={tiny_models / 'ruclip'}"]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 0, found.output
    record = json.loads(found.stdout)[0]
    assert {"bertscore", "clipscore", "refclipscore"} <= record["scores"].keys() == record["intervals"].keys()
    assert "clipscore|model:" in record["signature"]
    lost = CliRunner().invoke(app, [*command, "--set", "bleu.order=2"])
    assert isinstance(lost.exception, UsageError)
