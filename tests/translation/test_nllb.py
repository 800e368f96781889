"""NLLB on CTranslate2, against transformers' own generation, on a tiny model with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import write_nllb

from memecap.core import config

SENTENCES = ["a cat and a dog", "the fish says hello", "hello"]


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nllb")
    write_nllb(folder, SENTENCES)
    return folder


def test_float32_equals_generation_by_transformers(nllb: Path) -> None:
    from transformers import M2M100ForConditionalGeneration, NllbTokenizer

    tokenizer = NllbTokenizer.from_pretrained(nllb, src_lang="eng_Latn")
    model = M2M100ForConditionalGeneration.from_pretrained(nllb)
    generated = model.generate(
        **tokenizer(SENTENCES, return_tensors="pt", padding=True),
        forced_bos_token_id=tokenizer.convert_tokens_to_ids("rus_Cyrl"),
        suppress_tokens=[tokenizer.unk_token_id],
        num_beams=1,
        max_length=None,
        max_new_tokens=24,
    )
    settings = {"compute_type": "float32", "beam": 1, "max_tokens": 12}
    ours = config.build("translation", {"name": "nllb", "model": str(nllb), **settings}).translate(SENTENCES)
    assert ours == tokenizer.batch_decode(generated, skip_special_tokens=True)
