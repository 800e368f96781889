"""A tiny BERT with random weights, and a picture of one colour for each row."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

WORDS = ["кот", "пёс", "сидит", "лежит", "на", "столе", "и"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), "utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=12, max_position_embeddings=16, **shape)).save_pretrained(folder)
    return folder


@pytest.fixture
def pictures(tmp_path):
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (90, 90, 90)]
    paths = [tmp_path / f"{i}.png" for i in range(len(colours))]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", (50, 40), colour).save(path)
    return tuple(paths)
