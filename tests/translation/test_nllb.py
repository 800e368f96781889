"""NLLB on CTranslate2, against transformers' own generation, on a tiny model with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from memecap.core import config

SENTENCES = ["a cat and a dog", "the fish says hello", "hello"]


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sentencepiece
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    folder = tmp_path_factory.mktemp("nllb")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 5),
        model_prefix=str(folder / "sentencepiece.bpe"),
        vocab_size=40,
        model_type="bpe",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.vocab").unlink()
    tokenizer = NllbTokenizer.from_pretrained(folder, additional_special_tokens=["eng_Latn", "rus_Cyrl"])
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    settings = M2M100Config(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64, init_std=0.5,
    )  # fmt: skip
    M2M100ForConditionalGeneration(settings).save_pretrained(folder)
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
