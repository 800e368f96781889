from pathlib import Path

import pytest
import torch
from tiny_models import TEXTS

from memecap import config
from memecap.batching import Images, collate
from memecap.captioners.base import Captioner, create
from memecap.captioners.clipcap import ClipCap
from memecap.decoding import Beam, Greedy
from memecap.errors import ConfigError
from memecap.reading.base import Line, Reading

LINES = ["первая строка", "вторая", "ещё одна строка подлиннее"]
READINGS = [Reading(tuple(Line(t, (0, 0, 1, 1), 0.9) for t in LINES[:n]), 9, 9, "test") for n in (3, 1)]
GPT = {"n_layers": 2, "width": 32, "n_heads": 2, "vocab_size": 300, "dropout": 0.0, "max_positions": 320}


def made(models: Path, **changes) -> ClipCap:
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(models / "ruclip")}
    settings = {"name": "clipcap", "encoder": encoder, "prefix_length": 3, "reading": True, "decoder": GPT, **changes}
    captioner: Captioner = create(config.configure("captioners", settings), TEXTS)
    assert isinstance(captioner, ClipCap)
    return captioner.eval()


@torch.no_grad()
@pytest.mark.parametrize("decoding", [Greedy(max_new_tokens=20), Beam(width=3, max_new_tokens=20)])
def test_captions_are_those_of_transformers_generate(tiny_models: Path, decoding: Greedy | Beam) -> None:
    """One picture at a time, without padding, through `generate` itself: token for token."""
    captioner = made(tiny_models)
    images = torch.randn(2, 1, 24)
    ours = captioner.generate(Images(features=images), READINGS, decoding)
    for image, reading, (caption, *_) in zip(images, READINGS, ours, strict=True):
        lines = "\n".join(line.text for line in reading.lines)
        prompt = [i for part in ("Текст:\n", lines, "\nОписание:\n") for i in captioner.tokenizer.encode(part)]
        embeds = torch.cat([captioner.mapper(image[None]), captioner.embed(torch.tensor([prompt]))], dim=1)
        ids = captioner.decoder.generate(
            inputs_embeds=embeds,
            attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long),
            max_new_tokens=20,
            num_beams=getattr(decoding, "width", 1),
            do_sample=False,
            pad_token_id=captioner.tokenizer.end_id,
        )
        assert caption.text == captioner.tokenizer.decode(ids[0].tolist())


@torch.no_grad()
def test_loss_is_the_sum_over_caption_and_end(tiny_models: Path) -> None:
    captioner = made(tiny_models)
    image = torch.randn(1, 24)
    example = captioner.example("Кот спит", image=image, reading=READINGS[0])
    ids = [*captioner.tokenizer.encode("Кот спит"), captioner.tokenizer.end_id]
    assert list(example.token_ids) == ids
    words = captioner.embed(torch.tensor([[*example.reading_ids, *ids]]))
    logits = captioner.decoder(inputs_embeds=torch.cat([captioner.mapper(image[None]), words], dim=1)).logits[0]
    steps = logits[-len(ids) - 1 : -1].log_softmax(dim=-1)
    expected = -sum(float(step[i]) for step, i in zip(steps, ids, strict=True))
    loss = captioner(collate([example]))
    assert (float(loss.total), loss.n_tokens) == (pytest.approx(expected, rel=1e-5), len(ids))


def test_text_alone_teaches_the_decoder_and_not_the_mapper(tiny_models: Path) -> None:
    captioner = made(tiny_models).train()
    captioner(collate([captioner.example(text) for text in TEXTS])).mean.backward()
    assert all(p.grad is not None for p in captioner.decoder.parameters())
    assert all(p.grad is None for p in captioner.mapper.parameters())


def test_too_long_for_the_decoder(tiny_models: Path) -> None:
    with pytest.raises(ConfigError, match="may take"):
        made(tiny_models, max_reading_tokens=600)


def test_without_pictures_it_only_reads(tiny_models: Path) -> None:
    captioner = made(tiny_models, encoder=None)
    assert captioner.encoder is None
    assert len(captioner.generate(None, READINGS, Greedy(max_new_tokens=3))) == 2
