"""BERTScore on a tiny network with random weights: the formula, against another statement of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from memecap.errors import UsageError
from memecap.metrics.bertscore import Bertscore, BertscoreConfig
from tests.metrics.networks import HYPOTHESES, REFERENCES, bertscore


def restated(folder, hypothesis: str, reference: str) -> tuple[float, float, float]:
    """BERTScore of one pair in plain loops."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def vectors(text):
        with torch.no_grad():
            found = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states[2][0]
        return [vector / vector.norm() for vector in found]

    ours, theirs = vectors(hypothesis), vectors(reference)
    if len(ours) == 2 or len(theirs) == 2:
        return 0.0, 0.0, 0.0
    precision = np.mean([max(float(a @ b) for b in theirs) for a in ours[1:-1]])
    recall = np.mean([max(float(a @ b) for a in ours) for b in theirs[1:-1]])
    return precision, recall, 2 * precision * recall / (precision + recall)


def test_bertscore_is_what_the_paper_says(bert):
    expected = [
        np.max([restated(bert, h, r) for r in row], axis=0) for h, row in zip(HYPOTHESES, REFERENCES, strict=True)
    ]
    for batch_size in (1, 3, 32):
        found = bertscore(bert, batch_size=batch_size).statistics(HYPOTHESES, REFERENCES)
        np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    assert (found[:, 3] == 1).all()
    assert found[1, 2] == pytest.approx(1)


def test_bertscore_is_the_packages(bert):
    bert_score = pytest.importorskip("bert_score", reason="the package bert-score is the oracle here")
    spoken = [0, 1, 3]  # the package breaks on empty texts with transformers 5
    theirs = bert_score.score(
        [HYPOTHESES[i] for i in spoken], [REFERENCES[i] for i in spoken], model_type=str(bert), num_layers=2
    )
    ours = bertscore(bert).statistics([HYPOTHESES[i] for i in spoken], [REFERENCES[i] for i in spoken])
    np.testing.assert_allclose(ours[:, :3], torch.stack(theirs, dim=1).numpy(), atol=1e-5)


def test_bertscore_names_its_weights_and_cuts_long_texts(bert):
    assert "|weights:" in bertscore(bert).signature
    assert "|layer:2" in bertscore(bert).signature
    long = bertscore(bert).statistics(["кот " * 50], [["кот " * 60]])
    assert np.isfinite(long).all()
    with pytest.raises(UsageError, match="3 layers"):
        Bertscore(BertscoreConfig(model=str(bert), layer=4)).statistics(["кот"], [["кот"]])
